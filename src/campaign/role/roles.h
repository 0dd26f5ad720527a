/* The roles of a streaming campaign; each is a file of this folder. */
#ifndef DDMD_CAMPAIGN_ROLE_ROLES_H
#define DDMD_CAMPAIGN_ROLE_ROLES_H

#include "campaign/frame_files.h"
#include "campaign/role/process.h"

/* Train and infer have a channel for each aggregator, beside the one to the coordinator. */
_Static_assert((int)DDMD_FRAME_FILES_MAX < (int)DDMD_PROCESS_MAX_CHANNELS, "too many channels");

extern const ddmd_role_ops ddmd_role_simulate;
extern const ddmd_role_ops ddmd_role_aggregate;
extern const ddmd_role_ops ddmd_role_train;
extern const ddmd_role_ops ddmd_role_infer;

#endif
