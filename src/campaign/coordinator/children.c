#include "campaign/coordinator/children.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/try.h"
#include "launch/local.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Whoever has lived so long starts with a clean record. */
static const double sound_s = 60, first_pause_s = 0.1, longest_pause_s = 10;
/* Turns come more often than this, unless this process was stopped. */
static const double stopped_s = 1;

typedef struct child {
    ddmd_peer peer;
    pid_t pid; /* 0: does not run */
    uint32_t epoch;
    int in_a_row;    /* ends that nobody asked for */
    double start_s;  /* when it was started, or is to be */
    double heard_s;  /* of it, last */
    bool ending;     /* asked to end */
    double killed_s; /* when it is killed if it has not ended by then */
} child;

struct ddmd_children {
    ddmd_children_options options;
    child *list;
    size_t n;
    double turned_s; /* last turn */
};

enum ddmd_status ddmd_children_create(const ddmd_peer *peers, size_t n,
                                      const ddmd_children_options *options,
                                      ddmd_children **children, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_children *c = NULL;
    DDMD_TRY(ddmd_array_alloc(&c, 1, sizeof *c, err));
    DDMD_TRY(ddmd_array_alloc(&c->list, n, sizeof *c->list, err));
    c->options = *options;
    c->n = n;
    c->turned_s = ddmd_clock_monotonic();
    for (size_t i = 0; i < n; i++)
        c->list[i].peer = peers[i];
    *children = c;
    c = NULL;
out:
    ddmd_children_destroy(&c);
    return status;
}

void ddmd_children_destroy(ddmd_children **children)
{
    ddmd_children *c = *children;
    if (!c)
        return;
    for (size_t i = 0; c->list && i < c->n; i++)
        if (c->list[i].pid)
            ddmd_launch_kill(c->list[i].pid);
    free(c->list);
    free(c);
    *children = NULL;
}

static enum ddmd_status start(ddmd_children *c, child *child, ddmd_error *err)
{
    char name[DDMD_PEER_NAME_SIZE], campaign[32], epoch[16], known[32];
    ddmd_peer_name(child->peer, name);
    snprintf(campaign, sizeof campaign, "%016" PRIx64, c->options.campaign);
    snprintf(epoch, sizeof epoch, "%" PRIu32, child->epoch + 1);
    snprintf(known, sizeof known, "%" PRIu64, c->options.known(c->options.user, child->peer));
    const char *const argv[] = {"ddmd",
                                "role",
                                name,
                                "--run-dir",
                                c->options.run_dir,
                                "--sockets",
                                c->options.sockets,
                                "--campaign",
                                campaign,
                                "--epoch",
                                epoch,
                                "--known",
                                known,
                                NULL};
    enum ddmd_status status = ddmd_launch_start(argv, &child->pid, err);
    if (status != DDMD_OK)
        return status;
    child->epoch++;
    child->start_s = child->heard_s = ddmd_clock_monotonic();
    return DDMD_OK;
}

/* It has ended and was not asked to: once more, later each time. */
static enum ddmd_status plan_restart(ddmd_children *c, child *child, const char *how,
                                     ddmd_error *err)
{
    char name[DDMD_PEER_NAME_SIZE], text[256];
    double now = ddmd_clock_monotonic();
    ddmd_peer_name(child->peer, name);
    child->in_a_row = now - child->start_s > sound_s ? 1 : child->in_a_row + 1;
    if (child->in_a_row > c->options.retries)
        return ddmd_error_set(err, DDMD_EXTERNAL,
                              "process %s ended %d times in a row, at last with %s (see "
                              "%s/log/%s.log)",
                              name, child->in_a_row, how, c->options.run_dir, name);
    double pause = fmin(first_pause_s * pow(2, child->in_a_row - 1), longest_pause_s);
    child->start_s = now + pause;
    snprintf(text, sizeof text, "process %s ended: %s; it is started again", name, how);
    c->options.event(c->options.user, text);
    return DDMD_OK;
}

static enum ddmd_status look_after(ddmd_children *c, child *child, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char how[128];
    double now = ddmd_clock_monotonic();
    if (child->pid && ddmd_launch_ended(child->pid, how, sizeof how)) {
        child->pid = 0;
        if (!child->ending)
            DDMD_TRY(plan_restart(c, child, how, err));
    }
    if (child->pid && child->ending && now > child->killed_s) {
        ddmd_launch_kill(child->pid);
        child->pid = 0;
    }
    if (child->pid && !child->ending && now - child->heard_s > c->options.timeout_s) {
        ddmd_launch_kill(child->pid);
        child->pid = 0;
        snprintf(how, sizeof how, "not heard of for %.3g s, killed", c->options.timeout_s);
        DDMD_TRY(plan_restart(c, child, how, err));
    }
    if (!child->pid && !child->ending && now >= child->start_s)
        DDMD_TRY(start(c, child, err));
out:
    return status;
}

/* Nobody was silent while this process itself was stopped, or waited for its disk. */
static void forgive_pause(ddmd_children *c)
{
    double now = ddmd_clock_monotonic(), pause = now - c->turned_s;
    c->turned_s = now;
    for (size_t i = 0; pause > stopped_s && i < c->n; i++)
        c->list[i].heard_s = fmin(c->list[i].heard_s + pause, now);
}

enum ddmd_status ddmd_children_turn(ddmd_children *c, ddmd_error *err)
{
    forgive_pause(c);
    for (size_t i = 0; i < c->n; i++) {
        enum ddmd_status status = look_after(c, &c->list[i], err);
        if (status != DDMD_OK)
            return status;
    }
    return DDMD_OK;
}

bool ddmd_children_heard(ddmd_children *c, const ddmd_identity *sender)
{
    for (size_t i = 0; i < c->n; i++) {
        child *child = &c->list[i];
        if (!ddmd_peer_equal(child->peer, sender->peer) || child->epoch != sender->epoch)
            continue;
        child->heard_s = ddmd_clock_monotonic();
        return true;
    }
    return false;
}

void ddmd_children_let_end(ddmd_children *c, enum ddmd_role role, double grace_s)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->list[i].peer.role == role) {
            c->list[i].ending = true;
            c->list[i].killed_s = ddmd_clock_monotonic() + grace_s;
        }
}

bool ddmd_children_ended(const ddmd_children *c, enum ddmd_role role)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->list[i].peer.role == role && c->list[i].pid)
            return false;
    return true;
}

size_t ddmd_children_count(const ddmd_children *c)
{
    return c->n;
}

bool ddmd_children_runs(const ddmd_children *c, size_t i, ddmd_peer *peer)
{
    *peer = c->list[i].peer;
    return c->list[i].pid != 0;
}

uint32_t ddmd_children_epoch(const ddmd_children *c, ddmd_peer peer)
{
    for (size_t i = 0; i < c->n; i++)
        if (ddmd_peer_equal(c->list[i].peer, peer))
            return c->list[i].pid ? c->list[i].epoch : 0;
    return 0;
}
