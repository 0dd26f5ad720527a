/* The roles of a streaming campaign; each is a file of this folder. */
#ifndef DDMD_CAMPAIGN_ROLE_ROLES_H
#define DDMD_CAMPAIGN_ROLE_ROLES_H

#include "campaign/role/process.h"

/* Processes of role aggregate, each with a frame file of its own. */
enum { DDMD_AGGREGATORS = 1 };

extern const ddmd_role_ops ddmd_role_simulate;
extern const ddmd_role_ops ddmd_role_aggregate;
extern const ddmd_role_ops ddmd_role_train;
extern const ddmd_role_ops ddmd_role_infer;

#endif
