/* Defaults, values, overrides, places and the examples. */
#include "core/file.h"
#include "ddmd/config.h"
#include "support.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void defaults_are_those_of_the_papers(void **state)
{
    (void)state;
    ddmd_config *c = good_config("system: {sequence: AAAA}", NULL);
    assert_string_equal(c->file, "");
    assert_string_equal(c->campaign, "run");
    assert_int_equal(c->mode, DDMD_MODE_sequential);
    assert_int_equal(c->seed, 1);
    assert_string_equal(c->system.sequence, "AAAA");
    assert_string_equal(c->system.pdb, "");
    assert_int_equal(c->system.bead_chain, 0);
    assert_string_equal(c->system.openmm_system, "");
    assert_int_equal(c->system.start.n, 1);
    assert_string_equal(c->system.start.items[0], "extended");
    assert_string_equal(c->system.reference, "");
    assert_int_equal(c->system.force_field.n, 2);
    assert_string_equal(c->system.force_field.items[0], "amber99sbildn.xml");
    assert_string_equal(c->system.force_field.items[1], "amber99_obc.xml");
    assert_int_equal(c->system.constraints, DDMD_CONSTRAINTS_hbonds);
    assert_float_equal(c->system.hydrogen_mass_amu, 0, 0);
    assert_float_equal(c->system.cutoff_nm, 0, 0);
    assert_int_equal(c->system.minimize_iterations, 500);

    assert_string_equal(c->simulation.engine, "openmm");
    assert_string_equal(c->simulation.platform, "");
    assert_string_equal(c->simulation.precision, "");
    assert_int_equal(c->simulation.replicas, 8);
    assert_int_equal(c->simulation.workers, 0);
    assert_int_equal(c->simulation.temperature_kelvin.n, 1);
    assert_true(c->simulation.temperature_kelvin.items[0] == 300);
    assert_float_equal(c->simulation.friction_per_ps, 1, 0);
    assert_float_equal(c->simulation.timestep_fs, 2, 0);
    assert_int_equal(c->simulation.gb_interval_steps, 1);
    assert_float_equal(c->simulation.report_interval_ps, 10, 0);
    assert_float_equal(c->simulation.segment_ns, 0.5, 0);
    assert_int_equal(c->simulation.velocities, DDMD_VELOCITIES_mixed);

    assert_string_equal(c->features.contact_map.atoms, "name CA");
    assert_float_equal(c->features.contact_map.cutoff_angstrom, 8, 0);
    assert_string_equal(c->features.rmsd.atoms, "name CA");

    static const int strides[] = {1, 2, 1, 1};
    assert_string_equal(c->model.kind, "cvae");
    assert_int_equal(c->model.latent_dim.n, 1);
    assert_int_equal(c->model.latent_dim.items[0], 10);
    assert_int_equal(c->model.filters.n, 4);
    assert_int_equal(c->model.kernels.n, 4);
    assert_int_equal(c->model.strides.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(c->model.filters.items[i], 64);
        assert_int_equal(c->model.kernels.items[i], 3);
        assert_int_equal(c->model.strides.items[i], strides[i]);
    }
    assert_int_equal(c->model.dense_width, 128);
    assert_float_equal(c->model.dropout, 0.4, 0);
    assert_int_equal(c->model.batch_size, 64);
    assert_int_equal(c->model.epochs, 50);
    assert_int_equal(c->model.patience, 0);
    assert_string_equal(c->model.precision, "f32");
    assert_true(c->model.learning_rate == 0.001);
    assert_true(c->model.rho == 0.9);
    assert_true(c->model.epsilon == 1e-8);
    assert_true(c->model.validation_fraction == 0.2);
    assert_int_equal(c->model.max_samples, 20000);
    assert_int_equal(c->model.train_every, 1);
    assert_string_equal(c->model.train_when, "always");
    assert_true(c->model.retrain_margin == 0.1);
    assert_true(c->model.warm_start);
    assert_int_equal(c->model.threads, 0);

    assert_string_equal(c->selection.strategy, "ml+lof");
    assert_int_equal(c->selection.max_samples, 20000);
    assert_int_equal(c->selection.min_samples, 10);
    assert_int_equal(c->selection.min_outliers, 1000);
    assert_int_equal(c->selection.max_outliers, 5000);
    assert_int_equal(c->selection.max_restarts, 150);
    assert_int_equal(c->selection.max_per_cluster, 10);
    assert_int_equal(c->selection.max_per_simulation, 0);
    assert_int_equal(c->selection.lof_neighbors, 20);
    assert_int_equal(c->selection.states, 0);
    assert_true(c->selection.exploration == 1);
    assert_true(c->selection.cull_after_ns == 0);
    assert_true(c->selection.cull_idle_ns == 250);

    assert_float_equal(c->stop.rmsd_angstrom, 0, 0);
    assert_float_equal(c->stop.wall_minutes, 0, 0);
    assert_float_equal(c->stop.simulated_ns, 0, 0);
    assert_int_equal(c->stop.rounds, 0);
    ddmd_config_destroy(&c);
    assert_null(c);
    ddmd_config_destroy(&c);
    ddmd_config_destroy(NULL);
}

static void values_of_every_kind_are_read(void **state)
{
    (void)state;
    ddmd_config *c = good_config("campaign: 'v1.2-b_3'\n"
                                 "seed: 9223372036854775807\n"
                                 "system:\n"
                                 "  pdb: in/x.pdb\n"
                                 "  openmm_system: /abs/system.xml\n"
                                 "  start: [./a.pdb, ../b.pdb]\n"
                                 "  reference: ref.pdb\n"
                                 "simulation:\n"
                                 "  temperature_kelvin: 3.1e2\n"
                                 "  precision: mixed\n"
                                 "  platform: CPU\n"
                                 "  velocities: draw\n"
                                 "features:\n"
                                 "  contact_map: {atoms: \"name CB or name \\\"C A\\\"\"}\n"
                                 "model:\n"
                                 "  latent_dim: [3, 6]\n"
                                 "  warm_start: No\n"
                                 "stop:\n"
                                 "  # rounds: 3\n",
                                 NULL);
    assert_string_equal(c->campaign, "v1.2-b_3");
    assert_true(c->seed == 9223372036854775807u);
    assert_string_equal(c->system.pdb, "/in/x.pdb");
    assert_string_equal(c->system.openmm_system, "/abs/system.xml");
    assert_int_equal(c->system.start.n, 2);
    assert_string_equal(c->system.start.items[0], "/a.pdb");
    assert_string_equal(c->system.start.items[1], "/../b.pdb");
    assert_string_equal(c->system.reference, "/ref.pdb");
    assert_int_equal(c->simulation.temperature_kelvin.n, 1);
    assert_true(c->simulation.temperature_kelvin.items[0] == 310);
    assert_string_equal(c->simulation.precision, "mixed");
    assert_string_equal(c->simulation.platform, "CPU");
    assert_int_equal(c->simulation.velocities, DDMD_VELOCITIES_draw);
    assert_string_equal(c->features.contact_map.atoms, "name CB or name \"C A\"");
    assert_int_equal(c->model.latent_dim.n, 2);
    assert_int_equal(c->model.latent_dim.items[1], 6);
    assert_false(c->model.warm_start);
    assert_int_equal(c->stop.rounds, 0);
    ddmd_config_destroy(&c);
}

static void several_temperatures_are_read(void **state)
{
    (void)state;
    ddmd_config *c = good_config("system: {sequence: A}\n"
                                 "simulation:\n"
                                 "  replicas: 3\n"
                                 "  temperature_kelvin: [300, 3.335e2, 2000]\n",
                                 NULL);
    assert_int_equal(c->simulation.temperature_kelvin.n, 3);
    assert_true(c->simulation.temperature_kelvin.items[0] == 300);
    assert_true(c->simulation.temperature_kelvin.items[1] == 333.5);
    assert_true(c->simulation.temperature_kelvin.items[2] == 2000);
    ddmd_config_destroy(&c);
    c = good_config("system: {sequence: A}\nsimulation: {temperature_kelvin: [300, 320]}",
                    "simulation.temperature_kelvin=350");
    assert_int_equal(c->simulation.temperature_kelvin.n, 1);
    assert_true(c->simulation.temperature_kelvin.items[0] == 350);
    ddmd_config_destroy(&c);
}

static void a_pdb_is_its_own_start(void **state)
{
    (void)state;
    ddmd_config *c = good_config("system: {pdb: x.pdb}", NULL);
    assert_int_equal(c->system.start.n, 0);
    ddmd_config_destroy(&c);
}

static void bounds_themselves_are_allowed(void **state)
{
    (void)state;
    ddmd_config *c = good_config("seed: 0\n"
                                 "system: {bead_chain: 10000, start: [helix, extended]}\n"
                                 "simulation: {replicas: 100000, timestep_fs: 50, workers: 4096,\n"
                                 "  friction_per_ps: 0, temperature_kelvin: 2000}\n"
                                 "model: {dropout: 0, validation_fraction: 0.9, filters: 512}\n",
                                 NULL);
    assert_int_equal(c->seed, 0);
    assert_int_equal(c->system.bead_chain, 10000);
    assert_int_equal(c->system.start.n, 2);
    assert_int_equal(c->model.filters.items[3], 512);
    ddmd_config_destroy(&c);
}

static void overrides_win_and_say_where_they_are_from(void **state)
{
    (void)state;
    static const char yaml[] = "system:\n  sequence: AAAA\nsimulation:\n  replicas: 4\n"
                               "  segment_ns: 1\n";
    static const char *const overrides[] = {
        "simulation.replicas=2",  "simulation.replicas=3",
        "model.filters=[8, 16]",  "features={rmsd: {atoms: name CB}}",
        "system.reference=helix", "campaign=other"};
    ddmd_config *c = NULL;
    ddmd_error err = {0};
    ASSERT_OK(
        ddmd_config_parse(yaml, strlen(yaml), "dir/run.yaml", "/", overrides, 6, &c, NULL, &err),
        &err);
    assert_int_equal(c->simulation.replicas, 3);
    assert_int_equal(c->model.filters.n, 2);
    assert_int_equal(c->model.strides.items[1], 2);
    assert_string_equal(c->features.rmsd.atoms, "name CB");
    assert_string_equal(c->features.contact_map.atoms, "name CA");
    assert_string_equal(c->campaign, "other");
    assert_string_equal(c->selection.strategy, "ml+rmsd");

    assert_int_equal(ddmd_config_line(c, "system.sequence"), 2);
    assert_int_equal(ddmd_config_line(c, "simulation.segment_ns"), 5);
    assert_int_equal(ddmd_config_line(c, "simulation.replicas"), 0);
    assert_int_equal(ddmd_config_line(c, "simulation.workers"), 0);
    assert_int_equal(ddmd_config_line(c, "no.such.key"), 0);
    assert_string_equal(ddmd_config_place(c, "system.sequence"), "dir/run.yaml:2");
    assert_string_equal(ddmd_config_place(c, "simulation.replicas"), "--set simulation.replicas=3");
    assert_string_equal(ddmd_config_place(c, "simulation.workers"), "dir/run.yaml");
    ddmd_config_destroy(&c);
}

static void an_empty_override_is_an_empty_text(void **state)
{
    (void)state;
    ddmd_config *c = good_config("system: {sequence: AAAA, reference: helix}", "system.reference=");
    assert_string_equal(c->system.reference, "");
    assert_string_equal(c->selection.strategy, "ml+lof");
    ddmd_config_destroy(&c);
}

static void a_list_replaces_a_longer_list(void **state)
{
    (void)state;
    ddmd_config *c = good_config("system: {sequence: AAAA, force_field: [a.xml, b.xml, c.xml]}",
                                 "system.force_field=d.xml");
    assert_int_equal(c->system.force_field.n, 1);
    assert_string_equal(c->system.force_field.items[0], "d.xml");
    ddmd_config_destroy(&c);
}

static void paths_are_relative_to_the_file(void **state)
{
    (void)state;
    static const char yaml[] =
        "system: {pdb: a b.pdb, force_field: [mine.xml, ./far.xml, other.xml], reference: ''}\n";
    ddmd_error err = {0};
    ASSERT_OK(ddmd_directory_create(test_scratch("dir"), &err), &err);
    const char *path = test_scratch("dir/my run.yaml");
    ASSERT_OK(ddmd_file_replace(path, yaml, strlen(yaml), &err), &err);
    ASSERT_OK(ddmd_file_replace(test_scratch("dir/mine.xml"), "", 0, &err), &err);

    ddmd_config *c = NULL;
    ASSERT_OK(ddmd_config_load(path, NULL, 0, &c, NULL, &err), &err);
    char *real = realpath(path, NULL), *folder = realpath(test_scratch("dir"), NULL);
    assert_string_equal(c->file, real);
    assert_string_equal(c->campaign, "my-run");
    assert_memory_equal(c->system.pdb, folder, strlen(folder));
    assert_string_equal(c->system.pdb + strlen(folder), "/a b.pdb");
    assert_string_equal(c->system.force_field.items[0] + strlen(folder), "/mine.xml");
    assert_string_equal(c->system.force_field.items[1] + strlen(folder), "/far.xml");
    assert_string_equal(c->system.force_field.items[2], "other.xml");
    assert_string_equal(ddmd_config_place(c, "system.pdb") + strlen(path), ":1");
    free(real);
    free(folder);
    ddmd_config_destroy(&c);
}

static void a_missing_file_is_one_mistake(void **state)
{
    (void)state;
    ddmd_config *c = NULL;
    ddmd_mistakes mistakes = {0};
    ddmd_error err = {0};
    assert_int_equal(ddmd_config_load("/nowhere/x.yaml", NULL, 0, &c, &mistakes, &err), DDMD_IO);
    assert_null(c);
    assert_int_equal(mistakes.n, 1);
    assert_string_equal(mistakes.lines[0], "/nowhere/x.yaml: No such file or directory");
    assert_string_equal(err.message, mistakes.lines[0]);
    ddmd_mistakes_clear(&mistakes);
    assert_int_equal(ddmd_config_load("/", NULL, 0, &c, NULL, &err), DDMD_IO);
}

static void the_error_sums_mistakes_up(void **state)
{
    (void)state;
    ddmd_config *c = NULL;
    ddmd_error err = {0};
    static const char one[] = "system: {sequence: A}\nsede: 1";
    assert_int_equal(ddmd_config_parse(one, strlen(one), "x", "/", NULL, 0, &c, NULL, &err),
                     DDMD_CONFIG);
    assert_string_equal(err.message, "x:2: unknown key 'sede' (did you mean 'seed'?)");
    static const char three[] = "sede: 1\nmood: 2";
    assert_int_equal(ddmd_config_parse(three, strlen(three), "x", "/", NULL, 0, &c, NULL, &err),
                     DDMD_CONFIG);
    assert_string_equal(err.message,
                        "x:1: unknown key 'sede' (did you mean 'seed'?) (and 2 more mistakes)");
    assert_null(c);
}

static void examples_load_and_are_the_files(void **state)
{
    (void)state;
    assert_true(ddmd_example_count() >= 3);
    for (size_t i = 0; i < ddmd_example_count(); i++) {
        char file[128];
        snprintf(file, sizeof file, "examples/%s.yaml", ddmd_example_name(i));
        char *bytes = NULL;
        size_t length;
        ddmd_error err = {0};
        ASSERT_OK(ddmd_file_read(test_source(file), 1 << 20, &bytes, &length, &err), &err);
        assert_string_equal(ddmd_example_text(i), bytes);
        assert_memory_equal(bytes + 2, ddmd_example_summary(i), strlen(ddmd_example_summary(i)));
        assert_true(strlen(ddmd_example_summary(i)) > 20);
        free(bytes);

        ddmd_config *c = good_config(ddmd_example_text(i), NULL);
        assert_string_equal(c->campaign, ddmd_example_name(i));
        ddmd_config_destroy(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_papers),
        cmocka_unit_test(values_of_every_kind_are_read),
        cmocka_unit_test(several_temperatures_are_read),
        cmocka_unit_test(a_pdb_is_its_own_start),
        cmocka_unit_test(bounds_themselves_are_allowed),
        cmocka_unit_test(overrides_win_and_say_where_they_are_from),
        cmocka_unit_test(an_empty_override_is_an_empty_text),
        cmocka_unit_test(a_list_replaces_a_longer_list),
        cmocka_unit_test(paths_are_relative_to_the_file),
        cmocka_unit_test(a_missing_file_is_one_mistake),
        cmocka_unit_test(the_error_sums_mistakes_up),
        cmocka_unit_test(examples_load_and_are_the_files),
    };
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
