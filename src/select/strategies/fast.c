#include "select/ranking.h"
#include "select/state_ranking.h"

#include "core/try.h"

static enum ddmd_status rank(const ddmd_strategy_view *view, ddmd_ranking *ranking, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_ranking_by_rmsd(view, ranking, err));
    DDMD_TRY(ddmd_ranking_by_fast(view, ranking, err));

out:
    return status;
}

const ddmd_strategy_ops ddmd_strategy_fast = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "fast",
    .summary = "states of the embedding, near to the reference and little visited first",
    .needs = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RMSD | DDMD_STRATEGY_RESTARTS,
    .from_states = true,
    .rank = rank,
};
