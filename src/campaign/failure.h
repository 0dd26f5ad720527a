/* A simulation that blew up: what both modes make of it. */
#ifndef DDMD_CAMPAIGN_FAILURE_H
#define DDMD_CAMPAIGN_FAILURE_H

#include "campaign/state.h"

/* The simulation in the slot of a replica has failed: noted in the slot and in the log. */
void ddmd_failure_note(ddmd_campaign *campaign, int replica, const char *reason);

/*
 * Put what was noted into the catalogue, inside a transaction: the simulation's row, an event, and,
 * where the simulation has given no frame, a failure of its start. One that got under way says
 * nothing against its start.
 */
enum ddmd_status ddmd_failure_store(ddmd_campaign *campaign, int replica, ddmd_error *err);

#endif
