/* Defaults that depend on other keys: the strategy, the engine, the layers, the name. */
#include "support.h"
#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

static void strategies_are_resolved(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *selection, *strategy, *candidates, *rank_by;
    } cases[] = {
        {"", "", "ml+lof", "dbscan", "lof"},
        {"helix", "", "ml+rmsd", "dbscan", "rmsd"},
        {"helix", "strategy: ml+lof", "ml+lof", "dbscan", "lof"},
        {"helix", "strategy: ml", "ml", "dbscan", "none"},
        {"helix", "strategy: rmsd", "rmsd", "all", "rmsd"},
        {"", "strategy: random", "random", "random", "none"},
        {"", "strategy: plain", "plain", "none", "none"},
        {"helix", "candidates: dbscan", "ml+rmsd", "dbscan", "rmsd"},
        {"", "candidates: dbscan", "ml+lof", "dbscan", "lof"},
        {"helix", "candidates: all", "rmsd", "all", "rmsd"},
        {"helix", "candidates: random", "random", "random", "none"},
        {"helix", "candidates: none", "plain", "none", "none"},
        {"helix", "rank_by: lof", "ml+lof", "dbscan", "lof"},
        {"helix", "rank_by: none", "ml", "dbscan", "none"},
        {"helix", "rank_by: rmsd", "ml+rmsd", "dbscan", "rmsd"},
        {"helix", "candidates: all, rank_by: rmsd", "rmsd", "all", "rmsd"},
        {"", "strategy: least-counts", "least-counts", "states", "counts"},
        {"helix", "strategy: ucb", "ucb", "states", "ucb"},
        {"", "strategy: ucb+energy", "ucb+energy", "states", "ucb+energy"},
        {"helix", "strategy: fast", "fast", "states", "fast"},
        {"", "strategy: fast+lof", "fast+lof", "states", "fast+lof"},
        {"helix", "candidates: states", "fast", "states", "fast"},
        {"", "candidates: states", "least-counts", "states", "counts"},
        {"helix", "rank_by: counts", "least-counts", "states", "counts"},
        {"helix", "rank_by: ucb", "ucb", "states", "ucb"},
        {"", "rank_by: fast+lof", "fast+lof", "states", "fast+lof"},
        {"", "candidates: states, rank_by: ucb+energy", "ucb+energy", "states", "ucb+energy"},
        {"helix", "strategy: ml, candidates: dbscan, rank_by: none", "ml", "dbscan", "none"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "system: {sequence: A, reference: \"%s\"}\nselection: {%s}",
                 cases[i].reference, cases[i].selection);
        ddmd_config *c = good_config(yaml, NULL);
        assert_string_equal(c->selection.strategy, cases[i].strategy);
        assert_string_equal(c->selection.candidates, cases[i].candidates);
        assert_string_equal(c->selection.rank_by, cases[i].rank_by);
        ddmd_config_destroy(&c);
    }
}

static void contradictions_of_the_strategy_are_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *selection, *mistake;
    } cases[] = {
        {"helix", "strategy: ml+rmsd, rank_by: lof",
         "selection.rank_by: lof contradicts selection.strategy: ml+rmsd, which is candidates: "
         "dbscan with rank_by: rmsd (leave one of them out)"},
        {"helix", "strategy: plain, candidates: all",
         "selection.candidates: all contradicts selection.strategy: plain, which is candidates: "
         "none with rank_by: none (leave one of them out)"},
        {"helix", "candidates: all, rank_by: lof",
         "selection.candidates: all with rank_by: lof is no strategy (dbscan goes with rmsd, lof "
         "or none; all with rmsd; states with counts, ucb, ucb+energy, fast or fast+lof; random "
         "and none with none)"},
        {"helix", "candidates: none, rank_by: rmsd",
         "selection.candidates: none with rank_by: rmsd is no strategy (dbscan goes with rmsd, lof "
         "or none; all with rmsd; states with counts, ucb, ucb+energy, fast or fast+lof; random "
         "and none with none)"},
        {"", "strategy: fast",
         "strategy fast (candidates: states, rank_by: fast) needs system.reference"},
        {"", "rank_by: ucb",
         "strategy ucb (candidates: states, rank_by: ucb) needs system.reference"},
        {"helix", "strategy: ucb, rank_by: ucb+energy",
         "selection.rank_by: ucb+energy contradicts selection.strategy: ucb, which is candidates: "
         "states with rank_by: ucb (leave one of them out)"},
        {"", "strategy: ml+rmsd",
         "strategy ml+rmsd (candidates: dbscan, rank_by: rmsd) needs system.reference"},
        {"", "candidates: all",
         "strategy rmsd (candidates: all, rank_by: rmsd) needs system.reference"},
        {"", "rank_by: rmsd",
         "strategy ml+rmsd (candidates: dbscan, rank_by: rmsd) needs system.reference"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[256], expected[512];
        snprintf(yaml, sizeof yaml, "system: {sequence: A, reference: \"%s\"}\nselection: {%s}",
                 cases[i].reference, cases[i].selection);
        snprintf(expected, sizeof expected, "run.yaml:2: %s", cases[i].mistake);
        assert_mistakes(yaml, NULL, expected);
    }
}

static void a_bead_chain_runs_on_the_toy_engine(void **state)
{
    (void)state;
    ddmd_config *c = good_config("system: {bead_chain: 4}", NULL);
    assert_string_equal(c->simulation.engine, "toy");
    assert_string_equal(c->system.start.items[0], "extended");
    ddmd_config_destroy(&c);
    c = good_config("system: {bead_chain: 4}", "simulation.engine=openmm");
    assert_string_equal(c->simulation.engine, "openmm");
    ddmd_config_destroy(&c);
}

static void assert_layers(const char *model, const char *expected)
{
    char yaml[256], found[256] = "";
    snprintf(yaml, sizeof yaml, "system: {sequence: A}\nmodel: {%s}", model);
    ddmd_config *c = good_config(yaml, NULL);
    const ddmd_int_list *lists[] = {&c->model.filters, &c->model.kernels, &c->model.strides};
    for (int i = 0; i < 3; i++) {
        for (size_t j = 0; j < lists[i]->n; j++)
            snprintf(found + strlen(found), sizeof found - strlen(found), "%d ",
                     lists[i]->items[j]);
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s", i < 2 ? "| " : "");
    }
    assert_string_equal(found, expected);
    ddmd_config_destroy(&c);
}

static void layers_are_made_equally_long(void **state)
{
    (void)state;
    assert_layers("", "64 64 64 64 | 3 3 3 3 | 1 2 1 1 ");
    assert_layers("filters: 16", "16 16 16 16 | 3 3 3 3 | 1 2 1 1 ");
    assert_layers("filters: [16, 8]", "16 8 | 3 3 | 1 2 ");
    assert_layers("filters: [16]", "16 | 3 | 1 ");
    assert_layers("filters: 32, kernels: [5, 3, 3, 3, 3]",
                  "32 32 32 32 32 | 5 3 3 3 3 | 1 2 1 1 1 ");
    assert_layers("filters: 32, strides: 2", "32 32 32 32 | 3 3 3 3 | 2 2 2 2 ");
    assert_layers("strides: [2, 2], kernels: 5", "64 64 | 5 5 | 2 2 ");
}

static void a_campaign_is_called_as_its_file(void **state)
{
    (void)state;
    static const struct {
        const char *source, *name;
    } cases[] = {
        {"fs.yaml", "fs"},       {"a/b/my run.v2.yml", "my-run.v2"},
        {"noext", "noext"},      {".hidden", "hidden"},
        {"...", "campaign"},     {"", "campaign"},
        {"\xc3\xa4.yaml", "--"},
    };
    static const char yaml[] = "system: {sequence: A}";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ddmd_config *c = NULL;
        ddmd_error err = {0};
        ASSERT_OK(
            ddmd_config_parse(yaml, strlen(yaml), cases[i].source, "/", NULL, 0, &c, NULL, &err),
            &err);
        assert_string_equal(c->campaign, cases[i].name);
        ddmd_config_destroy(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strategies_are_resolved),
        cmocka_unit_test(contradictions_of_the_strategy_are_mistakes),
        cmocka_unit_test(a_bead_chain_runs_on_the_toy_engine),
        cmocka_unit_test(layers_are_made_equally_long),
        cmocka_unit_test(a_campaign_is_called_as_its_file),
    };
    return cmocka_run_group_tests_name("derived", tests, NULL, NULL);
}
