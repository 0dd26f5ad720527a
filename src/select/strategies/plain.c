#include "select/strategy_ops.h"

const ddmd_strategy_ops ddmd_strategy_plain = {
    .api_version = DDMD_STRATEGY_API_VERSION,
    .name = "plain",
    .summary = "nothing is ever restarted",
};
