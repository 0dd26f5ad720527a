#include "stream/stream.h"

#include "core/array.h"
#include "core/try.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

enum { DEFAULT_QUEUE = 64, DEFAULT_LINGER_MS = 2000, MAX_IO_THREADS = 64, MAX_QUEUE = 1 << 20 };

enum ddmd_status(ddmd_zmq_error)(ddmd_error *err, const char *what)
{
    int number = zmq_errno();
    switch (number) {
    case EADDRINUSE:
    case EADDRNOTAVAIL:
    case ENODEV:
    case EACCES:
    case ENOENT:
    case ENOTDIR:
    case EROFS:
    case EPERM:
    case EHOSTUNREACH:
    case EMFILE:
    case ENFILE:
        return ddmd_error_set(err, DDMD_IO, "%s: %s", what, zmq_strerror(number));
    case ENOMEM:
        return ddmd_error_set(err, DDMD_NOMEM, "%s: %s", what, zmq_strerror(number));
    case EINVAL:
    case EPROTONOSUPPORT:
    case ENOCOMPATPROTO:
        return ddmd_error_set(err, DDMD_INVALID, "%s: %s", what, zmq_strerror(number));
    default:
        return ddmd_error_set(err, DDMD_EXTERNAL, "%s: ZeroMQ: %s", what, zmq_strerror(number));
    }
}

static enum ddmd_status check(const ddmd_identity *identity, const ddmd_stream_options *o,
                              ddmd_error *err)
{
    if (identity->epoch == 0)
        return ddmd_error_set(err, DDMD_INVALID, "a process begins with epoch 1");
    if (o->io_threads < 0 || o->io_threads > MAX_IO_THREADS || o->queue_messages < 0 ||
        o->queue_messages > MAX_QUEUE || !(o->linger_s <= 86400))
        return ddmd_error_set(
            err, DDMD_INVALID,
            "%d threads, queues of %d messages or %g s to linger are out of range", o->io_threads,
            o->queue_messages, o->linger_s);
    return DDMD_OK;
}

enum ddmd_status ddmd_stream_create(const ddmd_identity *identity,
                                    const ddmd_stream_options *options, ddmd_stream **stream,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_stream *made = NULL;
    ddmd_stream_options o = options ? *options : (ddmd_stream_options){0};
    DDMD_TRY(check(identity, &o, err));
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->identity = *identity;
    made->queue_messages = o.queue_messages ? o.queue_messages : DEFAULT_QUEUE;
    made->linger_ms = o.linger_s == 0 ? DEFAULT_LINGER_MS : 0;
    if (o.linger_s > 0)
        made->linger_ms = (int)(o.linger_s * 1e3);
    made->have_keys = o.keys != NULL;
    if (o.keys)
        made->keys = *o.keys;
    made->context = zmq_ctx_new();
    if (!made->context ||
        zmq_ctx_set(made->context, ZMQ_IO_THREADS, o.io_threads ? o.io_threads : 1) != 0) {
        status = ddmd_zmq_error(err, "a context for sockets");
        goto out;
    }
    *stream = made;
    made = NULL;
out:
    ddmd_stream_destroy(&made);
    return status;
}

void ddmd_stream_destroy(ddmd_stream **stream)
{
    ddmd_stream *s = *stream;
    if (!s)
        return;
    if (s->context) {
        if (s->admission) {
            zmq_ctx_shutdown(s->context);
            ddmd_admission_join(&s->admission);
        }
        while (zmq_ctx_term(s->context) != 0 && errno == EINTR)
            ;
    }
    ddmd_keys_clear(&s->keys);
    free(s);
    *stream = NULL;
}

const ddmd_identity *ddmd_stream_identity(const ddmd_stream *stream)
{
    return &stream->identity;
}

enum ddmd_status ddmd_stream_admit(ddmd_stream *stream, ddmd_error *err)
{
    if (stream->admission)
        return DDMD_OK;
    return ddmd_admission_start(stream->context, stream->keys.client.public_key, &stream->admission,
                                err);
}
