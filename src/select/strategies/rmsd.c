#include "select/ranking.h"

const ddmd_strategy_ops ddmd_strategy_rmsd = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "rmsd",
    .summary = "all frames, smallest RMSD to the reference first",
    .needs = DDMD_STRATEGY_RMSD | DDMD_STRATEGY_RESTARTS,
    .rank = ddmd_ranking_by_rmsd,
};
