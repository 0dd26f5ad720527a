#include "select/ranking.h"

const ddmd_strategy_ops ddmd_strategy_ml_rmsd = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "ml+rmsd",
    .summary = "outliers of the embedding, smallest RMSD to the reference first",
    .needs = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RMSD | DDMD_STRATEGY_RESTARTS,
    .from_outliers = true,
    .rank = ddmd_ranking_by_rmsd,
};
