/*
 * A bounded queue of reports from one thread to another. A full queue blocks the producer; nothing
 * is ever dropped.
 */
#ifndef DDMD_CAMPAIGN_REPORT_QUEUE_H
#define DDMD_CAMPAIGN_REPORT_QUEUE_H

#include "campaign/simulate.h"

typedef struct ddmd_report_queue ddmd_report_queue;

enum ddmd_status ddmd_report_queue_create(const ddmd_subject *subject, size_t capacity,
                                          ddmd_report_queue **queue, ddmd_error *err);
void ddmd_report_queue_destroy(ddmd_report_queue **queue);

/*
 * Copy a report in, waiting for room. CANCELLED once the consumer has closed the queue. *waited_s
 * grows by the time spent waiting.
 */
enum ddmd_status ddmd_report_queue_put(ddmd_report_queue *queue, const ddmd_report *report,
                                       double *waited_s, ddmd_error *err);

/* The producer is done, for this reason (DDMD_OK: all reports were put). */
void ddmd_report_queue_end(ddmd_report_queue *queue, enum ddmd_status status,
                           const ddmd_error *why);

/*
 * Wait for the next report, up to timeout_s (TIMEOUT), and copy it into *report, whose arrays the
 * caller provides. When the producer has ended and the queue is empty: its status and message, or
 * CANCELLED where that was OK.
 */
enum ddmd_status ddmd_report_queue_take(ddmd_report_queue *queue, double timeout_s,
                                        ddmd_report *report, ddmd_error *err);

/* Refuse further reports and wake the producer. */
void ddmd_report_queue_close(ddmd_report_queue *queue);

/* Empty and open again, for the next segment; no producer may be at work. */
void ddmd_report_queue_reset(ddmd_report_queue *queue);

#endif
