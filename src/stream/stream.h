/* A process's ZeroMQ context and what its sockets share; for the files of this folder. */
#ifndef DDMD_STREAM_STREAM_H
#define DDMD_STREAM_STREAM_H

#include "stream/admission.h"
#include "stream/endpoint.h"

struct ddmd_stream {
    void *context;
    ddmd_identity identity;
    int queue_messages, linger_ms;
    bool have_keys;
    ddmd_keys keys;
    ddmd_admission *admission; /* of a server over TCP */
};

/* Who may connect to servers over TCP is asked from now on. */
enum ddmd_status ddmd_stream_admit(ddmd_stream *stream, ddmd_error *err);

/* EXTERNAL, or what errno stands for, with ZeroMQ's reason. */
enum ddmd_status ddmd_zmq_error(ddmd_error *err, const char *what);
#ifdef __clang_analyzer__
/* The static analyzer does not look into stream.c: this tells it that it is never DDMD_OK. */
#define ddmd_zmq_error(err, what) (ddmd_zmq_error((err), (what)), DDMD_EXTERNAL)
#endif

#endif
