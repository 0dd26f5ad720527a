#include "select/ranking.h"

const ddmd_strategy_ops ddmd_strategy_ml_lof = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "ml+lof",
    .summary = "outliers of the embedding, largest local outlier factor first",
    .needs = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RESTARTS,
    .from_outliers = true,
    .rank = ddmd_ranking_by_lof,
};
