/*
 * What a process was doing, for its heartbeat and the catalogue's timeline. Time is kept by kind;
 * what alternates within seconds is put together, each kind's share exact, so that a timeline stays
 * small however often a part changes what it does.
 */
#ifndef DDMD_CAMPAIGN_ROLE_TIMELINE_H
#define DDMD_CAMPAIGN_ROLE_TIMELINE_H

#include "stream/control.h"

typedef struct ddmd_timeline ddmd_timeline;

/* Resolution of the timeline, seconds. */
#define DDMD_TIMELINE_WINDOW 5.0

enum ddmd_status ddmd_timeline_create(ddmd_timeline **timeline, ddmd_error *err);
void ddmd_timeline_destroy(ddmd_timeline **timeline);

/* All of these from any thread. */

/* Doing something else from now on; detail may be "". */
void ddmd_timeline_now(ddmd_timeline *timeline, enum ddmd_activity_kind kind, const char *detail);

/*
 * So many seconds, >= 0, of what has passed went into this kind, whatever the process was said to
 * be at: of a computation that does several things in turns, or of the main thread beside one. They
 * are taken from what it was at, so that a timeline has no time twice; where that was shorter, the
 * rest is taken from what comes.
 */
void ddmd_timeline_part(ddmd_timeline *timeline, enum ddmd_activity_kind kind, double seconds);
void ddmd_timeline_done(ddmd_timeline *timeline, uint64_t done);

/* The next heartbeat. */
void ddmd_timeline_beat(ddmd_timeline *timeline, ddmd_heartbeat *heartbeat);

/*
 * The spans since the last call, oldest first, as a message; *message is NULL where there are none.
 * Called every window or so.
 */
enum ddmd_status ddmd_timeline_message(ddmd_timeline *timeline, ddmd_message **message,
                                       ddmd_error *err);

#endif
