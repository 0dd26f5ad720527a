#include "stream/inbox.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct sender {
    ddmd_peer peer;
    uint32_t epoch;    /* of its HELLO; 0: none was heard */
    uint64_t taken;    /* number of the last message taken */
    uint64_t safe;     /* up to which messages were acknowledged; 0: none */
    double ask_from_s; /* not to be asked before (CLOCK_MONOTONIC) */
} sender;

struct ddmd_inbox {
    double ask_every_s;
    sender *senders; /* [n], sorted */
    size_t n, capacity;
};

enum ddmd_status ddmd_inbox_create(double ask_every_s, ddmd_inbox **inbox, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_inbox *made = NULL;
    DDMD_TRY(ddmd_array_alloc(&made, 1, sizeof *made, err));
    made->ask_every_s = ask_every_s;
    *inbox = made;
out:
    return status;
}

void ddmd_inbox_destroy(ddmd_inbox **inbox)
{
    if (*inbox)
        free((*inbox)->senders);
    free(*inbox);
    *inbox = NULL;
}

static bool precedes(ddmd_peer a, ddmd_peer b)
{
    return a.role < b.role || (a.role == b.role && a.index < b.index);
}

/* Where a peer stands, or would have to. */
static size_t place(const ddmd_inbox *inbox, ddmd_peer peer)
{
    size_t low = 0, high = inbox->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (precedes(inbox->senders[middle].peer, peer))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const sender *find(const ddmd_inbox *inbox, ddmd_peer peer)
{
    size_t at = place(inbox, peer);
    bool there = at < inbox->n && ddmd_peer_equal(inbox->senders[at].peer, peer);
    return there ? &inbox->senders[at] : NULL;
}

static enum ddmd_status find_or_add(ddmd_inbox *inbox, ddmd_peer peer, sender **found,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t at = place(inbox, peer);
    if (at == inbox->n || !ddmd_peer_equal(inbox->senders[at].peer, peer)) {
        if (inbox->n == DDMD_INBOX_MAX_SENDERS)
            DDMD_FAIL(err, DDMD_INVALID, "more than %d processes send messages",
                      DDMD_INBOX_MAX_SENDERS);
        DDMD_TRY(ddmd_array_reserve(&inbox->senders, &inbox->capacity, inbox->n + 1, sizeof(sender),
                                    err));
        memmove(&inbox->senders[at + 1], &inbox->senders[at],
                (inbox->n - at) * sizeof *inbox->senders);
        inbox->senders[at] = (sender){.peer = peer, .ask_from_s = -INFINITY};
        inbox->n++;
    }
    *found = &inbox->senders[at];
out:
    return status;
}

enum ddmd_status ddmd_inbox_hello(ddmd_inbox *inbox, const ddmd_message_header *header,
                                  const ddmd_hello *hello, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    sender *s;
    DDMD_TRY(find_or_add(inbox, header->sender.peer, &s, err));
    if (header->sender.epoch < s->epoch)
        return DDMD_OK;
    if (header->sender.epoch > s->epoch || s->taken < hello->next - 1)
        s->taken = hello->next - 1;
    if (header->sender.epoch > s->epoch)
        s->safe = 0;
    s->epoch = header->sender.epoch;
    s->ask_from_s = -INFINITY;
out:
    return status;
}

static enum ddmd_inbox_verdict ask(const ddmd_inbox *inbox, sender *s)
{
    double now = ddmd_clock_monotonic();
    if (now < s->ask_from_s)
        return DDMD_INBOX_DROP;
    s->ask_from_s = now + inbox->ask_every_s;
    return DDMD_INBOX_ASK;
}

enum ddmd_inbox_verdict ddmd_inbox_check(ddmd_inbox *inbox, const ddmd_message_header *header)
{
    sender *s;
    if (header->sequence == 0)
        return DDMD_INBOX_TAKE;
    if (find_or_add(inbox, header->sender.peer, &s, NULL) != DDMD_OK ||
        header->sender.epoch < s->epoch)
        return DDMD_INBOX_DROP;
    if (header->sender.epoch > s->epoch)
        return ask(inbox, s);
    if (header->sequence <= s->taken)
        return DDMD_INBOX_AGAIN;
    if (header->sequence > s->taken + 1)
        return ask(inbox, s);
    s->taken++;
    return DDMD_INBOX_TAKE;
}

bool ddmd_inbox_knows(const ddmd_inbox *inbox, const ddmd_identity *sender)
{
    const struct sender *s = find(inbox, sender->peer);
    return s && s->epoch == sender->epoch;
}

uint64_t ddmd_inbox_taken(const ddmd_inbox *inbox, const ddmd_identity *sender)
{
    const struct sender *s = find(inbox, sender->peer);
    return s && s->epoch == sender->epoch ? s->taken : 0;
}

enum ddmd_status ddmd_inbox_acknowledge(ddmd_inbox *inbox, ddmd_endpoint *endpoint,
                                        const ddmd_identity *sender, uint64_t sequence,
                                        double timeout_s, ddmd_error *err)
{
    size_t at = place(inbox, sender->peer);
    char name[DDMD_PEER_NAME_SIZE];
    if (sequence == 0 || sequence > ddmd_inbox_taken(inbox, sender))
        return ddmd_error_set(err, DDMD_INVALID,
                              "message %" PRIu64 " of %s was not taken and is not safe", sequence,
                              ddmd_peer_name(sender->peer, name));
    if (sequence > inbox->senders[at].safe)
        inbox->senders[at].safe = sequence;
    return ddmd_inbox_repeat(inbox, endpoint, sender, timeout_s, err);
}

enum ddmd_status ddmd_inbox_repeat(ddmd_inbox *inbox, ddmd_endpoint *endpoint,
                                   const ddmd_identity *sender, double timeout_s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_error why = {0};
    ddmd_message *message = NULL;
    const struct sender *s = find(inbox, sender->peer);
    if (!s || s->epoch != sender->epoch || s->safe == 0)
        return DDMD_OK;
    const ddmd_ack ack = {.epoch = s->epoch, .sequence = s->safe};
    DDMD_TRY(ddmd_ack_encode(&ack, &message, err));
    status = ddmd_endpoint_send(endpoint, sender->peer, message, timeout_s, &why);
    if (status == DDMD_IO)
        status = DDMD_OK;
    else if (status != DDMD_OK)
        DDMD_FAIL(err, status, "%s", why.message);
out:
    ddmd_message_destroy(&message);
    return status;
}
