/* A slot gets a new simulation, from a restart point or a start structure. */
#ifndef DDMD_CAMPAIGN_RESTART_H
#define DDMD_CAMPAIGN_RESTART_H

#include "campaign/state.h"

/* Where a new simulation starts. */
typedef struct ddmd_origin {
    int64_t simulation, frame; /* simulation -1: start structure `frame` */
    int64_t rank;              /* of the restart point; -1: none */
    bool goes_on;              /* with the frame's velocities, whatever the configuration says */
} ddmd_origin;

/* The best of points[n] from *next on from which no three simulations blew up. */
enum ddmd_status ddmd_restart_next(ddmd_campaign *campaign, const ddmd_point_row *points, size_t n,
                                   size_t *next, bool *found, ddmd_origin *from, ddmd_error *err);

/* A start structure for a slot that has nothing else; NUMERIC where all are banned. */
enum ddmd_status ddmd_restart_structure(ddmd_campaign *campaign, int replica, ddmd_origin *from,
                                        ddmd_error *err);

/*
 * Put a new simulation into a slot, here and in the catalogue; inside a transaction. What still ran
 * there ended for the reason `end`. ranking: the round whose points `from` is one of.
 */
enum ddmd_status ddmd_restart_slot(ddmd_campaign *campaign, int replica, const ddmd_origin *from,
                                   uint32_t ranking, enum ddmd_end end, ddmd_error *err);

/* The first simulations of a campaign, one a slot, start structures in turn; durable at the end. */
enum ddmd_status ddmd_restart_first(ddmd_campaign *campaign, ddmd_error *err);

#endif
