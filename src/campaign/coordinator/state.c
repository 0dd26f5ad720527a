#include "campaign/coordinator/state.h"

#include "core/try.h"

enum ddmd_status ddmd_coordinator_begin(ddmd_coordinator *o, ddmd_error *err)
{
    if (o->in_transaction)
        return DDMD_OK;
    enum ddmd_status status = ddmd_catalogue_begin(o->c->catalogue, err);
    o->in_transaction = status == DDMD_OK;
    return status;
}

enum ddmd_status ddmd_coordinator_commit(ddmd_coordinator *o, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (!o->in_transaction)
        return DDMD_OK;
    DDMD_TRY(ddmd_campaign_put_row(o->c, err));
    DDMD_TRY(ddmd_catalogue_commit(o->c->catalogue, err));
    o->in_transaction = false;
out:
    return status;
}

void ddmd_coordinator_warn(void *user, const char *text)
{
    ddmd_coordinator *o = user;
    ddmd_log_line(&o->c->log, DDMD_LOG_WARNING, "%s", text);
    if (ddmd_coordinator_begin(o, NULL) == DDMD_OK)
        (void)ddmd_catalogue_add_event(o->c->catalogue, "warning", -1, text, NULL);
}

ddmd_simulation_row *ddmd_coordinator_slot(const ddmd_coordinator *o, uint32_t simulation)
{
    for (int r = 0; r < o->c->n_replicas; r++)
        if (o->c->slots[r].id == simulation)
            return &o->c->slots[r];
    return NULL;
}
