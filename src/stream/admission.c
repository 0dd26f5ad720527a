#include "stream/admission.h"

#include "core/array.h"
#include "core/try.h"
#include "stream/stream.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { PUBLIC_KEY_BYTES = 32, ID_SIZE = 256 };

/* The frames of a request, in their order; the credentials of CURVE are one, the key. */
enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS, N_FRAMES };

struct ddmd_admission {
    void *socket;
    uint8_t key[PUBLIC_KEY_BYTES];
    pthread_t thread;
};

typedef struct request {
    char id[ID_SIZE];
    size_t id_length;
    bool admitted;
} request;

static bool holds(zmq_msg_t *frame, const void *bytes, size_t n)
{
    return zmq_msg_size(frame) == n && memcmp(zmq_msg_data(frame), bytes, n) == 0;
}

static void look_at(zmq_msg_t *frame, int number, const ddmd_admission *admission, request *r)
{
    switch (number) {
    case VERSION:
        r->admitted = holds(frame, "1.0", 3);
        break;
    case REQUEST_ID:
        r->id_length = zmq_msg_size(frame) < sizeof r->id ? zmq_msg_size(frame) : 0;
        memcpy(r->id, zmq_msg_data(frame), r->id_length);
        break;
    case DOMAIN:
        r->admitted &= holds(frame, DDMD_ADMISSION_DOMAIN, sizeof DDMD_ADMISSION_DOMAIN - 1);
        break;
    case MECHANISM:
        r->admitted &= holds(frame, "CURVE", 5);
        break;
    case CREDENTIALS:
        r->admitted &= holds(frame, admission->key, sizeof admission->key);
        break;
    default:
        break;
    }
}

/* False where the context was shut down. */
static bool receive(const ddmd_admission *admission, request *r)
{
    int number = 0, more = 1;
    *r = (request){0};
    while (more) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        int got;
        do
            got = zmq_msg_recv(&frame, admission->socket, 0);
        while (got < 0 && errno == EINTR);
        if (got >= 0)
            look_at(&frame, number++, admission, r);
        more = got >= 0 && zmq_msg_more(&frame);
        zmq_msg_close(&frame);
        if (got < 0)
            return false;
    }
    r->admitted &= number == N_FRAMES;
    return true;
}

static void answer(const ddmd_admission *admission, const request *r)
{
    const char *code = r->admitted ? "200" : "400", *text = r->admitted ? "OK" : "not on the list";
    void *to = admission->socket;
    /* a request that is not read on, because the context goes, needs no answer either */
    (void)(zmq_send(to, "1.0", 3, ZMQ_SNDMORE) < 0 ||
           zmq_send(to, r->id, r->id_length, ZMQ_SNDMORE) < 0 ||
           zmq_send(to, code, 3, ZMQ_SNDMORE) < 0 ||
           zmq_send(to, text, strlen(text), ZMQ_SNDMORE) < 0 ||
           zmq_send(to, "", 0, ZMQ_SNDMORE) < 0 || zmq_send(to, "", 0, 0) < 0);
}

static void *serve(void *user)
{
    ddmd_admission *admission = user;
    request r;
    while (receive(admission, &r))
        answer(admission, &r);
    zmq_close(admission->socket);
    return NULL;
}

enum ddmd_status ddmd_admission_start(void *context, const char public_key[DDMD_KEY_SIZE],
                                      ddmd_admission **admission, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_admission *made = NULL;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    if (!zmq_z85_decode(made->key, public_key))
        DDMD_FAIL(err, DDMD_INVALID, "the clients' public key is no key");
    made->socket = zmq_socket(context, ZMQ_REP);
    int linger = 0;
    if (!made->socket || zmq_setsockopt(made->socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
        zmq_bind(made->socket, "inproc://zeromq.zap.01") != 0) {
        status = ddmd_zmq_error(err, "the list of clients");
        goto out;
    }
    if (pthread_create(&made->thread, NULL, serve, made) != 0)
        DDMD_FAIL(err, DDMD_NOMEM, "no thread can be started for the list of clients");
    *admission = made;
    made = NULL;
out:
    if (made && made->socket)
        zmq_close(made->socket);
    free(made);
    return status;
}

void ddmd_admission_join(ddmd_admission **admission)
{
    if (*admission)
        pthread_join((*admission)->thread, NULL);
    free(*admission);
    *admission = NULL;
}
