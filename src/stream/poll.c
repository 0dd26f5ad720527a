#include "core/try.h"
#include "stream/endpoint_socket.h"
#include "stream/stream.h"

#include <errno.h>
#include <zmq.h>

static int ask(zmq_pollitem_t *asked, int n, double deadline)
{
    for (;;) {
        int ready = zmq_poll(asked, n, ddmd_deadline_ms(deadline));
        if (ready >= 0 || errno != EINTR)
            return ready;
    }
}

enum ddmd_status ddmd_poll(ddmd_poll_item *items, size_t n, double timeout_s, size_t *n_ready,
                           ddmd_error *err)
{
    zmq_pollitem_t asked[2 * DDMD_POLL_MAX];
    int m = 0;
    if (n > DDMD_POLL_MAX)
        return ddmd_error_set(err, DDMD_INVALID, "%zu things to wait for; the limit is %d", n,
                              DDMD_POLL_MAX);
    for (size_t i = 0; i < n; i++) {
        items[i].ready = false;
        if (items[i].endpoint)
            asked[m++] =
                (zmq_pollitem_t){.socket = items[i].endpoint->socket, .events = ZMQ_POLLIN};
        if (items[i].endpoint && items[i].endpoint->monitor)
            asked[m++] =
                (zmq_pollitem_t){.socket = items[i].endpoint->monitor, .events = ZMQ_POLLIN};
        if (!items[i].endpoint && items[i].fd >= 0)
            asked[m++] = (zmq_pollitem_t){.fd = items[i].fd, .events = ZMQ_POLLIN};
    }
    if (ask(asked, m, ddmd_deadline(timeout_s)) < 0)
        return ddmd_zmq_error(err, "waiting for messages");
    *n_ready = 0;
    m = 0;
    for (size_t i = 0; i < n; i++) {
        ddmd_endpoint *endpoint = items[i].endpoint;
        if (endpoint || items[i].fd >= 0)
            items[i].ready = asked[m++].revents != 0;
        if (endpoint && endpoint->monitor && asked[m++].revents != 0) {
            ddmd_endpoint_hear(endpoint);
            items[i].ready |= endpoint->reconnected;
        }
        *n_ready += items[i].ready;
    }
    return DDMD_OK;
}
