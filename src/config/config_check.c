#include "config/config_check.h"

#include "config/value.h"
#include "core/array.h"
#include "core/text.h"
#include "core/try.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WRONG(member) (reader->wrong[DDMD_KEY_OF(member)])
#define GIVEN(member) (reader->origin[DDMD_KEY_OF(member)].given)
#define MISTAKE(member, ...) ddmd_reader_mistake_at(reader, DDMD_KEY_OF(member), __VA_ARGS__)

/* A campaign without a name is called as its file. */
static enum ddmd_status name_campaign(ddmd_reader *reader, ddmd_error *err)
{
    ddmd_config *config = reader->config;
    if (*config->campaign || WRONG(campaign))
        return DDMD_OK;
    const char *slash = strrchr(reader->source, '/');
    char name[64];
    size_t n = 0;
    for (const char *c = slash ? slash + 1 : reader->source; *c && n < sizeof name - 1; c++)
        name[n++] = isalnum((unsigned char)*c) || strchr("-_.", *c) ? *c : '-';
    name[n] = '\0';
    char *dot = strrchr(name, '.');
    if (dot && dot > name)
        *dot = '\0';
    const char *start = name + strspn(name, ".");
    return ddmd_value_set_text(&config->campaign, *start ? start : "campaign", err);
}

static enum ddmd_status complete_start(ddmd_config *config, ddmd_error *err)
{
    ddmd_string_list *start = &config->system.start;
    if (start->n > 0 || *config->system.pdb)
        return DDMD_OK;
    char **items = NULL;
    enum ddmd_status status = ddmd_array_alloc(&items, 1, sizeof *items, err);
    if (status == DDMD_OK)
        status = ddmd_text_format(&items[0], err, "extended");
    if (status != DDMD_OK) {
        free(items);
        return status;
    }
    free(start->items);
    *start = (ddmd_string_list){.n = 1, .items = items};
    return DDMD_OK;
}

/* The layers of the model: how many, and lists that are equally long. */
static enum ddmd_status complete_layers(ddmd_reader *reader, ddmd_error *err)
{
    ddmd_config *config = reader->config;
    struct {
        size_t key;
        ddmd_int_list *list;
    } lists[] = {
        {DDMD_KEY_OF(model.filters), &config->model.filters},
        {DDMD_KEY_OF(model.kernels), &config->model.kernels},
        {DDMD_KEY_OF(model.strides), &config->model.strides},
    };
    enum { N = sizeof lists / sizeof *lists, USUAL = 4 };
    size_t first = N;
    for (size_t i = 0; i < N; i++) {
        size_t key = lists[i].key;
        if (reader->wrong[key])
            return DDMD_OK;
        if (!reader->origin[key].given || reader->scalar[key])
            continue;
        if (first == N)
            first = i;
        else if (lists[i].list->n != lists[first].list->n) {
            ddmd_reader_mistake_at(
                reader, key,
                "%s has %zu items, but %s has %zu (one for each layer, or a single number for all)",
                ddmd_keys[key].path, lists[i].list->n, ddmd_keys[lists[first].key].path,
                lists[first].list->n);
            return DDMD_OK;
        }
    }
    size_t n_layers = first < N ? lists[first].list->n : USUAL;
    for (size_t i = 0; i < N; i++) {
        ddmd_int_list *list = lists[i].list;
        bool given = reader->origin[lists[i].key].given;
        if (given && !reader->scalar[lists[i].key])
            continue;
        bool strides = list == &config->model.strides && !given;
        int *items;
        enum ddmd_status status = ddmd_array_alloc(&items, n_layers, sizeof *items, err);
        if (status != DDMD_OK)
            return status;
        for (size_t j = 0; j < n_layers; j++)
            items[j] = strides ? 1 + (j == 1) : list->items[0];
        free(list->items);
        *list = (ddmd_int_list){.n = n_layers, .items = items};
    }
    for (size_t i = 0; i < config->model.kernels.n; i++)
        if (config->model.kernels.items[i] % 2 == 0) {
            MISTAKE(model.kernels,
                    "model.kernels must be odd, not %d (so that a kernel has a middle)",
                    config->model.kernels.items[i]);
            break;
        }
    return DDMD_OK;
}

static void check_source(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    const struct {
        size_t key;
        bool there;
    } sources[] = {
        {DDMD_KEY_OF(system.sequence), *config->system.sequence},
        {DDMD_KEY_OF(system.pdb), *config->system.pdb},
        {DDMD_KEY_OF(system.bead_chain), config->system.bead_chain > 0},
    };
    enum { N = sizeof sources / sizeof *sources };
    size_t first = N;
    for (size_t i = 0; i < N; i++) {
        if (reader->wrong[sources[i].key])
            return;
        if (!sources[i].there)
            continue;
        if (first == N)
            first = i;
        else
            ddmd_reader_mistake_at(reader, sources[i].key,
                                   "%s and %s are both given (give one of system.sequence, "
                                   "system.pdb and system.bead_chain)",
                                   ddmd_keys[sources[first].key].path,
                                   ddmd_keys[sources[i].key].path);
    }
    if (first == N)
        ddmd_reader_mistake_at(reader, sources[0].key,
                               "nothing to simulate (give one of system.sequence, system.pdb and "
                               "system.bead_chain)");
    if (*config->system.openmm_system && !*config->system.pdb && !WRONG(system.openmm_system))
        MISTAKE(system.openmm_system,
                "system.openmm_system needs system.pdb, the structure with the same atoms");
}

static bool is_fold(const char *text)
{
    return strcmp(text, "helix") == 0 || strcmp(text, "extended") == 0;
}

/* helix and extended are built, which needs to be known from what. */
static void check_folds(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    if (!*config->system.pdb || *config->system.sequence || config->system.bead_chain)
        return;
    static const char reason[] = "is built from system.sequence or system.bead_chain (with "
                                 "system.pdb, give a PDB file)";
    if (is_fold(config->system.reference))
        MISTAKE(system.reference, "system.reference: %s %s", config->system.reference, reason);
    for (size_t i = 0; i < config->system.start.n; i++)
        if (is_fold(config->system.start.items[i])) {
            MISTAKE(system.start, "system.start: %s %s", config->system.start.items[i], reason);
            break;
        }
}

/* Whether a member has the value that it has where nobody gave one. */
static bool is_usual(const ddmd_config *config, size_t key)
{
    ddmd_text text = {0};
    ddmd_value_add(&text, config, &ddmd_keys[key], NULL);
    bool same = !text.failed && strcmp(text.bytes, ddmd_keys[key].fallback) == 0;
    ddmd_text_clear(&text);
    return same;
}

/* Keys that only matter where forces come from a force field. */
static void check_without_effect(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    const char *instead = *config->system.openmm_system ? "system.openmm_system"
                          : config->system.bead_chain   ? "system.bead_chain"
                                                        : NULL;
    if (!instead)
        return;
    const size_t keys[] = {DDMD_KEY_OF(system.force_field), DDMD_KEY_OF(system.hydrogen_mass_amu),
                           DDMD_KEY_OF(system.cutoff_nm), DDMD_KEY_OF(system.constraints)};
    size_t n = *config->system.openmm_system ? 4 : 3;
    for (size_t i = 0; i < n; i++)
        if (!reader->wrong[keys[i]] && !is_usual(config, keys[i]))
            ddmd_reader_mistake_at(reader, keys[i], "%s has no effect with %s (leave it out)",
                                   ddmd_keys[keys[i]].path, instead);
}

static void check_timestep(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    double timestep = config->simulation.timestep_fs;
    if (WRONG(simulation.timestep_fs) || WRONG(system.constraints) ||
        WRONG(system.hydrogen_mass_amu) || *config->system.openmm_system ||
        config->system.bead_chain)
        return;
    if (config->system.constraints == DDMD_CONSTRAINTS_none) {
        if (timestep > 2)
            MISTAKE(simulation.timestep_fs,
                    "simulation.timestep_fs of %g is too long without constraints (at most 2, or "
                    "system.constraints: hbonds)",
                    timestep);
    } else if (timestep > 5)
        MISTAKE(simulation.timestep_fs,
                "simulation.timestep_fs of %g is too long for an all-atom system (at most 5)",
                timestep);
    else if (timestep > 2.5 && config->system.hydrogen_mass_amu < 2)
        MISTAKE(simulation.timestep_fs,
                "simulation.timestep_fs of %g needs heavier hydrogens (system.hydrogen_mass_amu of "
                "at least 2, say 3; or at most 2.5 fs)",
                timestep);
}

/* Impulses that come as slowly as half a period of the fastest vibrations drive them. */
static void check_gb_interval(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    int steps = config->simulation.gb_interval_steps;
    double most = config->system.hydrogen_mass_amu < 2 ? 4 : 8;
    double interval = config->simulation.timestep_fs * steps;
    if (steps > 1 && interval > most * (1 + 1e-9) && !WRONG(simulation.gb_interval_steps) &&
        !WRONG(simulation.timestep_fs) && !WRONG(system.hydrogen_mass_amu))
        MISTAKE(
            simulation.gb_interval_steps,
            "simulation.gb_interval_steps of %d with steps of %g fs is too long (%g fs; at most "
            "4, or 8 with system.hydrogen_mass_amu of at least 2)",
            steps, config->simulation.timestep_fs, interval);
}

/* Each temperature needs a replica. */
static void check_temperatures(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    size_t n = config->simulation.temperature_kelvin.n;
    if (n > (size_t)config->simulation.replicas && !WRONG(simulation.temperature_kelvin) &&
        !WRONG(simulation.replicas))
        MISTAKE(simulation.temperature_kelvin,
                "simulation.temperature_kelvin has %zu values, but simulation.replicas is %d (each "
                "temperature needs a replica)",
                n, config->simulation.replicas);
}

/* Report a time that is not a whole number of smaller times; `scale` turns it into their unit. */
static void check_whole(ddmd_reader *reader, size_t key, double time, const char *unit,
                        double scale, double part, const char *part_unit, const char *part_name)
{
    enum { MOST = 1000000000 };
    double count = time * scale / part, whole = round(count);
    const char *path = ddmd_keys[key].path;
    if (!(count <= MOST)) {
        ddmd_reader_mistake_at(reader, key, "%s: %g %s is more than %d %s of %g %s", path, time,
                               unit, MOST, part_name, part, part_unit);
        return;
    }
    /* decimal fractions are not exact in binary: a millionth of a part is still whole */
    if (whole >= 1 && fabs(count - whole) <= 1e-6)
        return;
    double below = floor(count) * part / scale, above = ceil(count) * part / scale;
    ddmd_text hint = {0};
    if (below > 0)
        ddmd_text_add(&hint, "%.10g or ", below);
    ddmd_text_add(&hint, "%.10g", above);
    ddmd_reader_mistake_at(
        reader, key, "%s must be a whole number of %s: %g %s is %.7g of %g %s (%s would do)", path,
        part_name, time, unit, count, part, part_unit, hint.failed ? "another" : hint.bytes);
    ddmd_text_clear(&hint);
}

static void check_times(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    bool report_wrong = WRONG(simulation.report_interval_ps);
    /* Whole intervals, so that replicas that restart at a report share their steps with others. */
    int interval = WRONG(simulation.gb_interval_steps) ? 1 : config->simulation.gb_interval_steps;
    if (!report_wrong && !WRONG(simulation.timestep_fs))
        check_whole(reader, DDMD_KEY_OF(simulation.report_interval_ps),
                    config->simulation.report_interval_ps, "ps", 1000,
                    config->simulation.timestep_fs * interval, "fs",
                    interval > 1 ? "gb_interval_steps" : "time steps");
    if (!report_wrong && !WRONG(simulation.segment_ns))
        check_whole(reader, DDMD_KEY_OF(simulation.segment_ns), config->simulation.segment_ns, "ns",
                    1000, config->simulation.report_interval_ps, "ps", "report intervals");
}

static const struct {
    const char *strategy, *candidates, *rank_by;
} strategies[] = {
    {"ml+rmsd", "dbscan", "rmsd"}, {"ml+lof", "dbscan", "lof"},
    {"ml", "dbscan", "none"},      {"rmsd", "all", "rmsd"},
    {"random", "random", "none"},  {"least-counts", "states", "counts"},
    {"ucb", "states", "ucb"},      {"ucb+energy", "states", "ucb+energy"},
    {"fast", "states", "fast"},    {"fast+lof", "states", "fast+lof"},
    {"plain", "none", "none"},
};
enum { N_STRATEGIES = sizeof strategies / sizeof *strategies };

static size_t strategy_named(const char *name)
{
    size_t i = 0;
    while (i < N_STRATEGIES && strcmp(strategies[i].strategy, name) != 0)
        i++;
    return i;
}

static size_t strategy_of(const char *candidates, const char *rank_by)
{
    size_t i = 0;
    while (i < N_STRATEGIES && (strcmp(strategies[i].candidates, candidates) != 0 ||
                                strcmp(strategies[i].rank_by, rank_by) != 0))
        i++;
    return i;
}

/* What frames are ranked by where only the candidates are given. */
static const char *usual_rank(const char *candidates, bool reference)
{
    if (strcmp(candidates, "states") == 0)
        return reference ? "fast" : "counts";
    if (strcmp(candidates, "dbscan") == 0)
        return reference ? "rmsd" : "lof";
    return strcmp(candidates, "all") == 0 ? "rmsd" : "none";
}

/* What the candidates are where only the rank is given: those of the first strategy that has it. */
static const char *usual_candidates(const char *rank_by)
{
    size_t i = 0;
    while (i + 1 < N_STRATEGIES && strcmp(strategies[i].rank_by, rank_by) != 0)
        i++;
    return strategies[i].candidates;
}

/* Whether frames are ranked by their RMSD, alone or with other things. */
static bool looks_at_reference(const char *rank_by)
{
    return strcmp(rank_by, "rmsd") == 0 || strcmp(rank_by, "ucb") == 0 ||
           strcmp(rank_by, "fast") == 0;
}

/* Which of strategy, candidates, rank_by the user wrote, in this order of preference. */
static size_t strategy_key(const ddmd_config *config)
{
    return *config->selection.strategy     ? DDMD_KEY_OF(selection.strategy)
           : *config->selection.candidates ? DDMD_KEY_OF(selection.candidates)
                                           : DDMD_KEY_OF(selection.rank_by);
}

/* The strategy that the three keys mean; N_STRATEGIES where that was reported as a mistake. */
static size_t resolve_strategy(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    const char *name = config->selection.strategy, *candidates = config->selection.candidates,
               *rank_by = config->selection.rank_by;
    bool reference = *config->system.reference;
    if (*name) {
        size_t i = strategy_named(name);
        bool other = *candidates && strcmp(candidates, strategies[i].candidates) != 0;
        bool other_rank = *rank_by && strcmp(rank_by, strategies[i].rank_by) != 0;
        if (!other && !other_rank)
            return i;
        ddmd_reader_mistake_at(
            reader, other ? DDMD_KEY_OF(selection.candidates) : DDMD_KEY_OF(selection.rank_by),
            "selection.%s: %s contradicts selection.strategy: %s, which is candidates: %s with "
            "rank_by: %s (leave one of them out)",
            other ? "candidates" : "rank_by", other ? candidates : rank_by, name,
            strategies[i].candidates, strategies[i].rank_by);
        return N_STRATEGIES;
    }
    if (!*candidates && !*rank_by)
        return strategy_named(reference ? "ml+rmsd" : "ml+lof");
    if (!*candidates)
        candidates = usual_candidates(rank_by);
    if (!*rank_by)
        rank_by = usual_rank(candidates, reference);
    size_t i = strategy_of(candidates, rank_by);
    if (i == N_STRATEGIES)
        ddmd_reader_mistake_at(
            reader, strategy_key(config),
            "selection.candidates: %s with rank_by: %s is no strategy (dbscan goes with rmsd, lof "
            "or none; all with rmsd; states with counts, ucb, ucb+energy, fast or fast+lof; random "
            "and none with none)",
            candidates, rank_by);
    return i;
}

static enum ddmd_status complete_strategy(ddmd_reader *reader, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_config *config = reader->config;
    if (WRONG(selection.strategy) || WRONG(selection.candidates) || WRONG(selection.rank_by))
        return DDMD_OK;
    size_t i = resolve_strategy(reader);
    if (i == N_STRATEGIES)
        return DDMD_OK;
    if (looks_at_reference(strategies[i].rank_by) && !*config->system.reference &&
        !WRONG(system.reference))
        ddmd_reader_mistake_at(reader, strategy_key(config),
                               "strategy %s (candidates: %s, rank_by: %s) needs system.reference",
                               strategies[i].strategy, strategies[i].candidates,
                               strategies[i].rank_by);
    DDMD_TRY(ddmd_value_set_text(&config->selection.strategy, strategies[i].strategy, err));
    DDMD_TRY(ddmd_value_set_text(&config->selection.candidates, strategies[i].candidates, err));
    DDMD_TRY(ddmd_value_set_text(&config->selection.rank_by, strategies[i].rank_by, err));
out:
    return status;
}

static void check_rest(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    if (config->selection.min_outliers > config->selection.max_outliers &&
        !WRONG(selection.min_outliers) && !WRONG(selection.max_outliers))
        ddmd_reader_mistake_at(reader,
                               GIVEN(selection.min_outliers) ? DDMD_KEY_OF(selection.min_outliers)
                                                             : DDMD_KEY_OF(selection.max_outliers),
                               "selection.min_outliers (%d) is more than selection.max_outliers "
                               "(%d)",
                               config->selection.min_outliers, config->selection.max_outliers);
    if (config->stop.rmsd_angstrom > 0 && !*config->system.reference && !WRONG(system.reference))
        MISTAKE(stop.rmsd_angstrom, "stop.rmsd_angstrom needs system.reference");
}

/* Culling looks at the outliers of rankings that are made while simulations run. */
static void check_culling(ddmd_reader *reader)
{
    const ddmd_config *config = reader->config;
    if (!(config->selection.cull_after_ns > 0) || WRONG(selection.cull_after_ns))
        return;
    if (config->mode != DDMD_MODE_streaming && !WRONG(mode))
        MISTAKE(selection.cull_after_ns, "selection.cull_after_ns needs mode: streaming");
    else if (strcmp(config->selection.candidates, "dbscan") != 0 && *config->selection.candidates)
        MISTAKE(selection.cull_after_ns,
                "selection.cull_after_ns needs outliers (selection.candidates: dbscan, not %s)",
                config->selection.candidates);
}

enum ddmd_status ddmd_config_check(ddmd_reader *reader, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_config *config = reader->config;
    check_source(reader);
    check_folds(reader);
    check_without_effect(reader);
    check_timestep(reader);
    check_gb_interval(reader);
    check_temperatures(reader);
    check_times(reader);
    DDMD_TRY(name_campaign(reader, err));
    DDMD_TRY(complete_start(config, err));
    if (!*config->simulation.engine)
        DDMD_TRY(ddmd_value_set_text(&config->simulation.engine,
                                     config->system.bead_chain > 0 ? "toy" : "openmm", err));
    DDMD_TRY(complete_layers(reader, err));
    DDMD_TRY(complete_strategy(reader, err));
    check_rest(reader);
    check_culling(reader);
out:
    return status;
}
