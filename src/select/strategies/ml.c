#include "select/ranking.h"

const ddmd_strategy_ops ddmd_strategy_ml = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "ml",
    .summary = "outliers of the embedding, in a random order",
    .needs = DDMD_STRATEGY_EMBEDDING | DDMD_STRATEGY_RESTARTS,
    .from_outliers = true,
    .rank = ddmd_ranking_shuffle,
};
