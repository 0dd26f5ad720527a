/* The strategies by name, and what is common to all: arguments, outliers, states, caps. */
#include "ddmd/select.h"

#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "select/clustering.h"
#include "select/strategy_ops.h"

#include <stdlib.h>
#include <string.h>

#define STRATEGY(id) extern const ddmd_strategy_ops ddmd_strategy_##id;
#include "select/strategies.def"
#undef STRATEGY

static const ddmd_strategy_ops *const strategies[] = {
#define STRATEGY(id) &ddmd_strategy_##id,
#include "select/strategies.def"
#undef STRATEGY
};

enum {
#define STRATEGY(id) +1
    N_STRATEGIES = 0
#include "select/strategies.def"
#undef STRATEGY
};

size_t ddmd_strategy_count(void)
{
    return N_STRATEGIES;
}

void ddmd_strategy_describe(size_t index, ddmd_strategy_info *info)
{
    const ddmd_strategy_ops *ops = strategies[index];
    *info = (ddmd_strategy_info){.name = ops->name, .summary = ops->summary, .needs = ops->needs};
}

static enum ddmd_status unknown_strategy(const char *name, ddmd_error *err)
{
    const char *names[N_STRATEGIES];
    ddmd_text list = {0};
    for (size_t i = 0; i < N_STRATEGIES; i++) {
        names[i] = strategies[i]->name;
        ddmd_text_add(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *nearest = ddmd_text_nearest(name, names, N_STRATEGIES);
    ddmd_error_set(err, DDMD_CONFIG, "no strategy is called '%s'%s%s%s; there are %s", name,
                   nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "",
                   list.bytes ? list.bytes : "others");
    ddmd_text_clear(&list);
    return DDMD_CONFIG;
}

static enum ddmd_status find_strategy(const char *name, size_t *index, ddmd_error *err)
{
    if (!name)
        return ddmd_error_set(err, DDMD_INVALID, "no strategy is given");
    for (size_t i = 0; i < N_STRATEGIES; i++) {
        if (strcmp(name, strategies[i]->name) == 0) {
            *index = i;
            return DDMD_OK;
        }
    }
    return unknown_strategy(name, err);
}

enum ddmd_status ddmd_strategy_find(const char *name, ddmd_strategy_info *info, ddmd_error *err)
{
    size_t index = 0;
    enum ddmd_status status = find_strategy(name, &index, err);
    if (status == DDMD_OK && info)
        ddmd_strategy_describe(index, info);
    return status;
}

/* Everything a selection works with. */
struct work {
    ddmd_strategy_view view;
    const ddmd_strategy_ops *ops;
    ddmd_frame_points points;
    ddmd_neighbor_index *index; /* of the points */
    int32_t *labels;            /* [points.n] of DBSCAN; NULL unless outliers are looked for */
    ddmd_outlier_result outliers;
    ddmd_states states; /* none unless they are looked for */
    ddmd_ranking ranking;
};

static enum ddmd_status check(const ddmd_strategy_ops *ops, const ddmd_candidates *candidates,
                              const ddmd_select_options *options, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_outlier_search *search = &options->outliers;
    if (candidates->n > INT32_MAX)
        DDMD_FAIL(err, DDMD_INVALID, "%zu candidates are too many (at most %d)", candidates->n,
                  INT32_MAX);
    if (ops->from_outliers && search->min_samples < 1)
        DDMD_FAIL(err, DDMD_INVALID, "min_samples must be at least 1");
    if (ops->from_outliers && search->min_outliers > search->max_outliers)
        DDMD_FAIL(err, DDMD_INVALID, "min_outliers %zu is above max_outliers %zu",
                  search->min_outliers, search->max_outliers);
    if (ops->from_states && !(isfinite(options->exploration) && options->exploration >= 0))
        DDMD_FAIL(err, DDMD_INVALID, "exploration must be a number of at least 0, not %g",
                  options->exploration);
    if (candidates->n == 0)
        goto out;
    if (ops->needs & DDMD_STRATEGY_EMBEDDING && !candidates->latent)
        DDMD_FAIL(err, DDMD_INVALID, "the candidates have no embedding: a model must be trained");
    if (ops->needs & DDMD_STRATEGY_RMSD && !candidates->rmsd_nm)
        DDMD_FAIL(err, DDMD_INVALID, "the candidates have no RMSD: a reference must be given");
    if (options->max_per_simulation > 0 && !candidates->simulation)
        DDMD_FAIL(err, DDMD_INVALID,
                  "the candidates have no simulation ids, which max_per_simulation asks for");

out:
    return status;
}

static enum ddmd_status find_points(struct work *work, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_candidates *candidates = work->view.candidates;
    DDMD_TRY(ddmd_frame_points_find(candidates, &work->points, err));
    DDMD_TRY(ddmd_neighbor_index_create(work->points.latent, work->points.n, candidates->dim,
                                        work->points.counts, work->view.options->threads,
                                        &work->index, err));
    work->view.points = &work->points;
    work->view.index = work->index;

out:
    return status;
}

static enum ddmd_status find_outliers(struct work *work, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(find_points(work, err));
    DDMD_TRY(ddmd_array_alloc(&work->labels, work->points.n, sizeof *work->labels, err));
    DDMD_TRY(ddmd_outliers_label(work->index, &work->view.options->outliers, work->labels,
                                 &work->outliers, err));

out:
    return status;
}

static enum ddmd_status find_states(struct work *work, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(find_points(work, err));
    DDMD_TRY(ddmd_states_find(work->view.candidates, &work->points, work->view.options,
                              &work->states, err));
    work->view.states = &work->states;

out:
    return status;
}

static enum ddmd_status fill_ranking(struct work *work, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = work->view.candidates->n;
    ddmd_ranking *ranking = &work->ranking;
    DDMD_TRY(ddmd_array_alloc(&ranking->items, n, sizeof *ranking->items, err));
    for (uint32_t i = 0; i < n; i++) {
        if (!work->ops->from_outliers || work->labels[ddmd_frame_point(&work->points, i)] < 0)
            ranking->items[ranking->n++] = (ddmd_ranked){.index = i, .lof = NAN};
    }

out:
    return status;
}

/* How many were taken of each cluster and simulation. */
struct caps {
    const ddmd_select_options *options;
    size_t *of_cluster;    /* [n_clusters], or of states */
    uint32_t *simulations; /* [n_simulations] ids, ascending; NULL where there is no cap */
    size_t n_simulations;
    size_t *of_simulation; /* [n_simulations] */
};

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void clear_caps(struct caps *caps)
{
    free(caps->of_cluster);
    free(caps->simulations);
    free(caps->of_simulation);
}

static enum ddmd_status make_caps(const struct work *work, struct caps *caps, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_candidates *candidates = work->view.candidates;
    caps->options = work->view.options;
    DDMD_TRY(ddmd_array_alloc(&caps->of_cluster, work->outliers.n_clusters + work->states.n,
                              sizeof *caps->of_cluster, err));
    if (caps->options->max_per_simulation == 0)
        goto out;
    DDMD_TRY(ddmd_array_copy(&caps->simulations, candidates->simulation, candidates->n,
                             sizeof *caps->simulations, err));
    qsort(caps->simulations, candidates->n, sizeof *caps->simulations, ascending);
    for (size_t i = 0; i < candidates->n; i++) {
        if (i == 0 || caps->simulations[i] != caps->simulations[i - 1])
            caps->simulations[caps->n_simulations++] = caps->simulations[i];
    }
    DDMD_TRY(ddmd_array_alloc(&caps->of_simulation, caps->n_simulations,
                              sizeof *caps->of_simulation, err));

out:
    return status;
}

/* Count a point in, unless a cap forbids it. */
static bool admit(struct caps *caps, int32_t cluster, uint32_t simulation)
{
    size_t none = 0, *of_cluster = &none, *of_simulation = &none;
    if (cluster >= 0 && caps->options->max_per_cluster > 0) {
        of_cluster = &caps->of_cluster[cluster];
        if (*of_cluster >= caps->options->max_per_cluster)
            return false;
    }
    if (caps->simulations) {
        const uint32_t *id = bsearch(&simulation, caps->simulations, caps->n_simulations,
                                     sizeof simulation, ascending);
        of_simulation = &caps->of_simulation[id - caps->simulations];
        if (*of_simulation >= caps->options->max_per_simulation)
            return false;
    }
    ++*of_cluster;
    ++*of_simulation;
    return true;
}

/*
 * What max_per_cluster is about: the state, or the nearest cluster; -1 where there is neither.
 * clustered: [points.n], whether in a cluster; query: [dim], scratch.
 */
static int32_t cluster_of(const struct work *work, uint32_t frame, const bool *clustered,
                          float *query)
{
    uint32_t nearest, point = ddmd_frame_point(&work->points, frame);
    if (work->states.n > 0)
        return work->states.of_point[point];
    if (work->labels && work->outliers.n_clusters > 0 &&
        ddmd_neighbor_nearest(work->index, point, clustered, query, &nearest))
        return work->labels[nearest];
    return -1;
}

/* Walk down the ranking. */
static enum ddmd_status choose(const struct work *work, ddmd_selection *selection, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_candidates *candidates = work->view.candidates;
    const ddmd_ranking *ranking = &work->ranking;
    struct caps caps = {0};
    bool *clustered = NULL;
    float *query = NULL;
    ddmd_selection chosen = {.outliers = work->outliers, .n_states = work->states.n};
    size_t most = work->view.options->max_restarts;
    most = most < ranking->n ? most : ranking->n;

    DDMD_TRY(make_caps(work, &caps, err));
    DDMD_TRY(ddmd_array_alloc(&chosen.points, most, sizeof *chosen.points, err));
    DDMD_TRY(ddmd_array_alloc(&clustered, work->points.n, sizeof *clustered, err));
    DDMD_TRY(ddmd_array_alloc(&query, candidates->dim, sizeof *query, err));
    for (size_t i = 0; work->labels && i < work->points.n; i++)
        clustered[i] = work->labels[i] >= 0;

    for (size_t i = 0; i < ranking->n && chosen.n_points < most; i++) {
        const ddmd_ranked *item = &ranking->items[i];
        int32_t cluster = cluster_of(work, item->index, clustered, query);
        if (!admit(&caps, cluster, caps.simulations ? candidates->simulation[item->index] : 0))
            continue;
        chosen.points[chosen.n_points++] = (ddmd_restart_point){
            .index = item->index, .score = item->score, .cluster = cluster, .lof = item->lof};
    }
    *selection = chosen;
    chosen.points = NULL;

out:
    clear_caps(&caps);
    free(clustered);
    free(query);
    free(chosen.points);
    return status;
}

static enum ddmd_status mark_outliers(const struct work *work, bool **is_outlier, ddmd_error *err)
{
    size_t n = work->view.candidates->n;
    if (!work->labels || !work->view.options->mark_outliers)
        return DDMD_OK;
    enum ddmd_status status = ddmd_array_alloc(is_outlier, n, sizeof **is_outlier, err);
    for (uint32_t i = 0; status == DDMD_OK && i < n; i++)
        (*is_outlier)[i] = work->labels[ddmd_frame_point(&work->points, i)] < 0;
    return status;
}

static enum ddmd_status run(struct work *work, ddmd_selection *selection, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    bool *is_outlier = NULL;
    DDMD_TRY(check(work->ops, work->view.candidates, work->view.options, err));
    if (work->view.candidates->n > 0 && work->ops->needs & DDMD_STRATEGY_RESTARTS) {
        if (work->ops->from_outliers)
            DDMD_TRY(find_outliers(work, err));
        if (work->ops->from_states)
            DDMD_TRY(find_states(work, err));
        DDMD_TRY(fill_ranking(work, err));
        if (work->ranking.n > 0)
            DDMD_TRY(work->ops->rank(&work->view, &work->ranking, err));
    }
    DDMD_TRY(mark_outliers(work, &is_outlier, err));
    DDMD_TRY(choose(work, selection, err));
    selection->is_outlier = is_outlier;
    is_outlier = NULL;

out:
    free(is_outlier);
    ddmd_neighbor_index_destroy(&work->index);
    ddmd_frame_points_clear(&work->points);
    ddmd_states_clear(&work->states);
    free(work->labels);
    free(work->ranking.items);
    return status;
}

enum ddmd_status ddmd_select(const char *strategy, const ddmd_candidates *candidates,
                             const ddmd_select_options *options, ddmd_selection *selection,
                             ddmd_error *err)
{
    size_t index = 0;
    enum ddmd_status status = find_strategy(strategy, &index, err);
    if (status != DDMD_OK)
        return status;
    if (!candidates || !options || !selection)
        return ddmd_error_set(err, DDMD_INVALID, "select: an argument is missing");
    struct work work = {.view = {.candidates = candidates, .options = options},
                        .ops = strategies[index]};
    status = run(&work, selection, err);
    if (status != DDMD_OK)
        ddmd_error_prefix(err, "strategy %s: ", strategies[index]->name);
    return status;
}

void ddmd_selection_clear(ddmd_selection *selection)
{
    free(selection->points);
    free(selection->is_outlier);
    *selection = (ddmd_selection){0};
}
