#include "campaign/failure.h"

#include "core/try.h"

#include <stdio.h>

void ddmd_failure_note(ddmd_campaign *c, int replica, const char *reason)
{
    ddmd_simulation_row *slot = &c->slots[replica];
    slot->end = DDMD_END_failed;
    snprintf(slot->reason, sizeof slot->reason, "%s", reason);
    ddmd_log_line(&c->log, DDMD_LOG_WARNING, "simulation %u (replica %d) failed: %s", slot->id,
                  replica, slot->reason);
}

enum ddmd_status ddmd_failure_store(ddmd_campaign *c, int replica, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_simulation_row *slot = &c->slots[replica];
    int failures;
    DDMD_TRY(ddmd_catalogue_update_simulation(c->catalogue, slot, err));
    DDMD_TRY(ddmd_catalogue_add_event(c->catalogue, "warning", slot->id, slot->reason, err));
    if (slot->n_frames == 0)
        DDMD_TRY(ddmd_catalogue_count_failure(c->catalogue, slot->parent_simulation,
                                              slot->parent_frame, &failures, err));
out:
    return status;
}
