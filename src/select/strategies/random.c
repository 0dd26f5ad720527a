#include "select/ranking.h"

const ddmd_strategy_ops ddmd_strategy_random = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "random",
    .summary = "all frames, in a random order",
    .needs = DDMD_STRATEGY_RESTARTS,
    .rank = ddmd_ranking_shuffle,
};
