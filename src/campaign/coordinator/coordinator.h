/* Mode streaming: all parts run at once, as processes that the coordinator looks after. */
#ifndef DDMD_CAMPAIGN_COORDINATOR_COORDINATOR_H
#define DDMD_CAMPAIGN_COORDINATOR_COORDINATOR_H

#include "campaign/state.h"

/*
 * Run an open campaign until a stop rule holds (OK; which one is in `reason`), it is interrupted
 * (CANCELLED), or fails. All processes have ended when this returns.
 */
enum ddmd_status ddmd_coordinate(ddmd_campaign *campaign, char *reason, size_t reason_size,
                                 ddmd_error *err);

#endif
