#include "campaign/role/process_state.h"

#include "campaign/run_directory.h"
#include "core/array.h"
#include "core/try.h"
#include "stream/address.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const double ask_again_s = 2.0;

/* ---- what a role asks for -------------------------------------------------------------------- */

const ddmd_identity *ddmd_process_identity(const ddmd_process *p)
{
    return &p->start->identity;
}

const ddmd_config *ddmd_process_config(const ddmd_process *p)
{
    return p->config;
}

const ddmd_subject *ddmd_process_subject(const ddmd_process *p)
{
    return p->subject;
}

const char *ddmd_process_run_dir(const ddmd_process *p)
{
    return p->start->run_dir;
}

uint64_t ddmd_process_known(const ddmd_process *p)
{
    return p->start->known;
}

void *ddmd_process_user(const ddmd_process *p)
{
    return p->start->user;
}

void ddmd_process_stop(ddmd_process *p)
{
    p->stopping = true;
}

const ddmd_log *ddmd_process_log(const ddmd_process *p)
{
    return &p->log;
}

void ddmd_process_wake(ddmd_process *p)
{
    ddmd_wakeup_signal(&p->wakeup);
}

void ddmd_process_fail(ddmd_process *p, const ddmd_error *why)
{
    pthread_mutex_lock(&p->lock);
    if (!p->failed)
        p->failure = *why;
    p->failed = true;
    pthread_mutex_unlock(&p->lock);
    ddmd_process_wake(p);
}

void ddmd_process_now(ddmd_process *p, enum ddmd_activity_kind activity, const char *detail, ...)
{
    char text[DDMD_HEARTBEAT_DETAIL_SIZE];
    va_list args;
    va_start(args, detail);
    vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    ddmd_timeline_now(p->timeline, activity, text);
}

void ddmd_process_part(ddmd_process *p, enum ddmd_activity_kind activity, double seconds)
{
    ddmd_timeline_part(p->timeline, activity, seconds);
}

void ddmd_process_done(ddmd_process *p, uint64_t done)
{
    ddmd_timeline_done(p->timeline, done);
}

static enum ddmd_status open_channel(ddmd_process *p, bool listens, ddmd_peer server, int *number,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char address[DDMD_ADDRESS_SIZE];
    ddmd_process_channel c = {.listens = listens, .server = server};
    if (p->n_channels == DDMD_PROCESS_MAX_CHANNELS)
        DDMD_FAIL(err, DDMD_INVALID, "a process has at most %d channels",
                  (int)DDMD_PROCESS_MAX_CHANNELS);
    DDMD_TRY(ddmd_address_ipc(address, p->start->sockets, server, err));
    if (listens)
        DDMD_TRY(ddmd_endpoint_listen(p->stream, address, &c.endpoint, err));
    else
        DDMD_TRY(ddmd_endpoint_connect(p->stream, address, server, &c.endpoint, err));
    *number = p->n_channels;
    p->channels[p->n_channels++] = c;
out:
    return status;
}

enum ddmd_status ddmd_process_connect(ddmd_process *p, ddmd_peer server, int *number,
                                      ddmd_error *err)
{
    return open_channel(p, false, server, number, err);
}

enum ddmd_status ddmd_process_listen(ddmd_process *p, int *number, ddmd_error *err)
{
    return open_channel(p, true, p->start->identity.peer, number, err);
}

enum ddmd_status ddmd_process_outbox(ddmd_process *p, int number, const ddmd_peer *peers,
                                     size_t n_peers, size_t max_messages, uint64_t max_bytes,
                                     ddmd_outbox **box, ddmd_error *err)
{
    if (p->n_outboxes == DDMD_PROCESS_MAX_OUTBOXES)
        return ddmd_error_set(err, DDMD_INVALID, "a process has at most %d outboxes",
                              (int)DDMD_PROCESS_MAX_OUTBOXES);
    ddmd_process_outgoing *o = &p->outboxes[p->n_outboxes];
    enum ddmd_status status = ddmd_outbox_create(&p->start->identity, peers, n_peers, max_messages,
                                                 max_bytes, &o->box, err);
    if (status != DDMD_OK)
        return status;
    o->channel = number;
    o->n_peers = n_peers;
    for (size_t i = 0; i < n_peers; i++)
        o->peers[i] = peers[i];
    p->n_outboxes++;
    *box = o->box;
    return DDMD_OK;
}

enum ddmd_status ddmd_process_try_send(ddmd_process *p, int number, ddmd_peer to,
                                       ddmd_message *message, ddmd_error *err)
{
    return ddmd_endpoint_send(p->channels[number].endpoint, to, message, 0, err);
}

enum ddmd_status ddmd_process_send(ddmd_process *p, int number, ddmd_peer to,
                                   ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status =
        ddmd_endpoint_send(p->channels[number].endpoint, to, *message, 0, err);
    ddmd_message_destroy(message);
    return status == DDMD_TIMEOUT || status == DDMD_IO ? DDMD_OK : status;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* What is simulated: lent, or made from the run directory. */
static enum ddmd_status find_subject(ddmd_process *p, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_mistakes mistakes = {0};
    p->config = p->start->config;
    p->subject = p->start->subject;
    if (p->config && p->subject)
        return DDMD_OK;
    DDMD_TRY(ddmd_run_path(&path, p->start->run_dir, "config.yaml", err));
    DDMD_TRY(ddmd_config_load(path, NULL, 0, &p->own_config, &mistakes, err));
    DDMD_TRY(ddmd_subject_create(p->own_config, &p->own_subject, &mistakes, err));
    p->config = p->own_config;
    p->subject = p->own_subject;
out:
    ddmd_mistakes_clear(&mistakes);
    free(path);
    return status;
}

static enum ddmd_status open_process(ddmd_process *p, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_process_start *start = p->start;
    const ddmd_peer coordinator = {DDMD_ROLE_coordinator, 0};
    char file[DDMD_PEER_NAME_SIZE + 8];
    int number;
    pthread_mutex_init(&p->lock, NULL);
    ddmd_peer_name(start->identity.peer, p->name);
    snprintf(file, sizeof file, "%s.log", p->name);
    DDMD_TRY(ddmd_log_file_open(&p->log_file, start->run_dir, file, NULL, &p->log, err));
    DDMD_TRY(ddmd_timeline_create(&p->timeline, err));
    DDMD_TRY(find_subject(p, err));
    DDMD_TRY(ddmd_wakeup_open(&p->wakeup, err));
    DDMD_TRY(ddmd_stream_create(&start->identity, NULL, &p->stream, err));
    DDMD_TRY(ddmd_inbox_create(ask_again_s, &p->inbox, err));
    if (ddmd_process_coordinates(p))
        DDMD_TRY(ddmd_process_listen(p, &number, err));
    else
        DDMD_TRY(ddmd_process_connect(p, coordinator, &number, err));
    DDMD_TRY(p->ops->create(p, &p->self, err));
    ddmd_log_line(&p->log, DDMD_LOG_INFO, "%s, process %ld, start number %u", p->name,
                  (long)getpid(), start->identity.epoch);
out:
    return status;
}

static void close_process(ddmd_process *p)
{
    if (p->self && p->ops->destroy)
        p->ops->destroy(p->self);
    for (size_t i = 0; i < p->n_outboxes; i++)
        ddmd_outbox_destroy(&p->outboxes[i].box);
    for (int i = 0; i < p->n_channels; i++)
        ddmd_endpoint_destroy(&p->channels[i].endpoint);
    ddmd_inbox_destroy(&p->inbox);
    ddmd_stream_destroy(&p->stream);
    ddmd_wakeup_close(&p->wakeup);
    ddmd_subject_destroy(&p->own_subject);
    ddmd_config_destroy(&p->own_config);
    ddmd_timeline_destroy(&p->timeline);
    ddmd_log_file_close(&p->log_file);
    pthread_mutex_destroy(&p->lock);
    free(p->dues);
}

/* The coordinator hears why, if it can be told. */
static void tell_failure(ddmd_process *p, const ddmd_error *why)
{
    const ddmd_failed failed = {*why};
    ddmd_message *message = NULL;
    ddmd_log_line(&p->log, DDMD_LOG_ERROR, "%s", why->message);
    if (ddmd_process_coordinates(p) || p->n_channels == 0 ||
        ddmd_failed_encode(&failed, &message, NULL) != DDMD_OK)
        return;
    (void)ddmd_process_send(p, DDMD_CHANNEL_COORDINATOR,
                            p->channels[DDMD_CHANNEL_COORDINATOR].server, &message, NULL);
}

enum ddmd_status ddmd_process_run(const ddmd_role_ops *ops, const ddmd_process_start *start,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_error why = {0};
    ddmd_process *p = NULL;
    DDMD_TRY(ddmd_array_alloc(&p, 1, sizeof *p, err));
    p->ops = ops;
    p->start = start;
    p->wakeup.fd = -1;
    status = open_process(p, &why);
    if (status == DDMD_OK)
        status = ddmd_process_loop(p, &why);
    if (status != DDMD_OK) {
        tell_failure(p, &why);
        ddmd_error_set(err, status, "%s", why.message);
    } else {
        ddmd_log_line(&p->log, DDMD_LOG_INFO, "ended");
    }
    close_process(p);
out:
    free(p);
    return status;
}
