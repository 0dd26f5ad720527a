#include "select/ranking.h"
#include "select/state_ranking.h"

#include "core/try.h"

static enum ddmd_status rank(const ddmd_strategy_view *view, ddmd_ranking *ranking, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_ranking_by_lof(view, ranking, err));
    DDMD_TRY(ddmd_ranking_by_fast(view, ranking, err));

out:
    return status;
}

const ddmd_strategy_ops ddmd_strategy_fast_lof = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "fast+lof",
    .summary = "states of the embedding, strange and little visited first",
    .needs = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RESTARTS,
    .from_states = true,
    .rank = rank,
};
