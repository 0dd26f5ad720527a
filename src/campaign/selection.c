#include "campaign/selection.h"

#include "core/parallel.h"

#include <math.h>

/*
 * The configured numbers of outliers are for a full window; fewer frames want fewer outliers, in
 * proportion, at least one.
 */
static size_t in_proportion(int number, size_t n, int full)
{
    size_t scaled = (size_t)ceil((double)number * (double)n / full);
    return scaled > 0 ? scaled : 1;
}

ddmd_select_options ddmd_campaign_select_options(const ddmd_config *config, uint32_t round,
                                                 size_t n)
{
    return (ddmd_select_options){
        .outliers =
            {
                .min_samples = (size_t)config->selection.min_samples,
                .min_outliers =
                    in_proportion(config->selection.min_outliers, n, config->selection.max_samples),
                .max_outliers =
                    in_proportion(config->selection.max_outliers, n, config->selection.max_samples),
            },
        .lof_neighbors = (size_t)config->selection.lof_neighbors,
        .n_states = (size_t)config->selection.states,
        .exploration = config->selection.exploration,
        .max_restarts = (size_t)config->selection.max_restarts,
        .max_per_cluster = (size_t)config->selection.max_per_cluster,
        .max_per_simulation = (size_t)config->selection.max_per_simulation,
        .seed = config->seed,
        .round = round,
        .threads = ddmd_parallel_threads(config->model.threads),
    };
}
