#include "support/cmocka.h"
#include "support/data.h"

#include "core/file.h"
#include "ddmd/store.h"
#include "store/schema.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static ddmd_catalogue *create(const char *path)
{
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = NULL;
    ASSERT_OK(ddmd_catalogue_create(path, "fs-peptide", "sequential", UINT64_MAX, &catalogue, &err),
              &err);
    return catalogue;
}

static ddmd_simulation_row simulation(uint32_t id, uint32_t replica, int64_t parent)
{
    return (ddmd_simulation_row){.id = id,
                                 .replica = replica,
                                 .file = replica % 2,
                                 .round = 1,
                                 .parent_simulation = parent,
                                 .parent_frame = 7,
                                 .velocities_kept = id % 2 == 1,
                                 .temperature_kelvin = 300.25,
                                 .engine = "toy",
                                 .n_frames = 10 + id,
                                 .n_steps = 1000,
                                 .end = DDMD_END_running};
}

static void add(ddmd_catalogue *catalogue, const ddmd_simulation_row *row)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_catalogue_add_simulation(catalogue, row, &err), &err);
}

static void identity_comes_back(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("identity.sqlite");
    ddmd_catalogue *catalogue = create(path);
    ddmd_catalogue_close(&catalogue);
    assert_null(catalogue);
    for (int read_only = 0; read_only < 2; read_only++) {
        char campaign[32] = "", mode[32] = "";
        uint64_t seed = 0;
        ASSERT_OK(ddmd_catalogue_open(path, read_only, &catalogue, &err), &err);
        ASSERT_OK(ddmd_catalogue_identity(catalogue, campaign, mode, 32, &seed, &err), &err);
        assert_string_equal(campaign, "fs-peptide");
        assert_string_equal(mode, "sequential");
        assert_true(seed == UINT64_MAX);
        ASSERT_OK(ddmd_catalogue_identity(catalogue, campaign, mode, 4, &seed, &err), &err);
        assert_string_equal(campaign, "fs-");
        ddmd_catalogue_close(&catalogue);
    }
    assert_int_equal(ddmd_catalogue_create(path, "x", "y", 1, &catalogue, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "exists already"));
    assert_int_equal(ddmd_catalogue_open("/nonexistent/c.sqlite", true, &catalogue, &err), DDMD_IO);
    assert_non_null(strstr(err.message, "No such file"));
    assert_null(catalogue);
}

static void assert_simulation_equal(const ddmd_simulation_row *a, const ddmd_simulation_row *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->replica, b->replica);
    assert_int_equal(a->file, b->file);
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->parent_simulation, b->parent_simulation);
    assert_int_equal(a->parent_frame, b->parent_frame);
    assert_int_equal(a->velocities_kept, b->velocities_kept);
    assert_true(a->temperature_kelvin == b->temperature_kelvin);
    assert_string_equal(a->engine, b->engine);
    assert_int_equal(a->n_frames, b->n_frames);
    assert_int_equal(a->n_steps, b->n_steps);
    assert_int_equal(a->end, b->end);
    assert_string_equal(a->reason, b->reason);
}

static void simulations_are_added_and_updated(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = create(test_scratch("simulation.sqlite"));
    ddmd_simulation_row row = simulation(0, 0, -1), child = simulation(3, 0, 0), read;
    add(catalogue, &row);
    add(catalogue, &child);
    ASSERT_OK(ddmd_catalogue_simulation(catalogue, 3, &read, &err), &err);
    assert_simulation_equal(&read, &child);

    row.n_frames = 50;
    row.n_steps = 1ULL << 40;
    row.end = DDMD_END_failed;
    strcpy(row.reason, "energy is NaN'); DROP TABLE simulation; --");
    ASSERT_OK(ddmd_catalogue_update_simulation(catalogue, &row, &err), &err);
    ASSERT_OK(ddmd_catalogue_simulation(catalogue, 0, &read, &err), &err);
    assert_simulation_equal(&read, &row);

    ddmd_simulation_row before = read;
    assert_int_equal(ddmd_catalogue_simulation(catalogue, 4, &read, &err), DDMD_INVALID);
    assert_simulation_equal(&read, &before);
    row.id = 9;
    assert_int_equal(ddmd_catalogue_update_simulation(catalogue, &row, &err), DDMD_INVALID);
    row.id = 3;
    assert_int_equal(ddmd_catalogue_add_simulation(catalogue, &row, &err), DDMD_INVALID);
    assert_non_null(strstr(err.message, "simulation 3"));
    row = simulation(4, 0, 77); /* no such parent */
    assert_int_equal(ddmd_catalogue_add_simulation(catalogue, &row, &err), DDMD_INVALID);
    row = simulation(4, 0, 0);
    row.n_steps = UINT64_MAX; /* beyond what SQLite holds */
    assert_int_equal(ddmd_catalogue_add_simulation(catalogue, &row, &err), DDMD_INVALID);
    ddmd_catalogue_close(&catalogue);
}

static void frames_are_counted_by_file(void **state)
{
    (void)state;
    ddmd_error err = {0};
    uint64_t n = 99;
    ddmd_catalogue *catalogue = create(test_scratch("files.sqlite"));
    ASSERT_OK(ddmd_catalogue_file_frames(catalogue, 0, &n, &err), &err);
    assert_int_equal(n, 0);
    for (uint32_t id = 0; id < 5; id++) {
        ddmd_simulation_row row = simulation(id, id, -1);
        add(catalogue, &row);
    }
    static const uint64_t expected[] = {10 + 12 + 14, 11 + 13, 0};
    for (uint32_t file = 0; file < 3; file++) {
        ASSERT_OK(ddmd_catalogue_file_frames(catalogue, file, &n, &err), &err);
        assert_int_equal(n, expected[file]);
    }
    ddmd_catalogue_close(&catalogue);
}

static void each_slot_has_a_newest_simulation(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = create(test_scratch("running.sqlite"));
    ddmd_simulation_row rows[4];
    ASSERT_OK(ddmd_catalogue_running(catalogue, rows, 4, &err), &err);
    for (int i = 0; i < 4; i++)
        assert_true(rows[i].id == UINT32_MAX);
    static const uint32_t replicas[] = {0, 1, 0, 3, 1, 9};
    for (uint32_t id = 0; id < 6; id++) {
        ddmd_simulation_row row = simulation(id, replicas[id], -1);
        row.end = id == 4 ? DDMD_END_failed : DDMD_END_running;
        add(catalogue, &row);
    }
    ASSERT_OK(ddmd_catalogue_running(catalogue, rows, 4, &err), &err);
    assert_int_equal(rows[0].id, 2);
    assert_int_equal(rows[1].id, 4);
    assert_int_equal(rows[1].end, DDMD_END_failed);
    assert_true(rows[2].id == UINT32_MAX);
    assert_int_equal(rows[3].id, 3);

    ddmd_totals totals;
    ASSERT_OK(ddmd_catalogue_totals(catalogue, &totals, &err), &err);
    assert_int_equal(totals.simulations, 6);
    assert_int_equal(totals.simulations_running, 5);
    assert_int_equal(totals.simulations_failed, 1);
    assert_int_equal(totals.simulations_culled, 0);
    assert_int_equal(totals.frames, 6 * 10 + 15);
    assert_int_equal(totals.steps, 6000);
    ddmd_catalogue_close(&catalogue);
}

static void progress_comes_back(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = create(test_scratch("progress.sqlite"));
    ddmd_progress_row row;
    ASSERT_OK(ddmd_catalogue_progress(catalogue, &row, &err), &err);
    assert_int_equal(row.state, DDMD_STATE_running);
    assert_int_equal(row.round, 1);
    assert_int_equal(row.phase, DDMD_PHASE_simulate);
    assert_int_equal(row.n_frames, 0);
    assert_true(isnan(row.best_rmsd_nm));
    assert_int_equal(row.best_simulation, -1);
    assert_int_equal(row.best_frame, -1);
    for (int state_now = DDMD_STATE_running; state_now <= DDMD_STATE_failed; state_now++)
        for (int phase = DDMD_PHASE_simulate; phase <= DDMD_PHASE_decide; phase++) {
            ddmd_progress_row set = {.state = state_now,
                                     .reason = "rmsd 1.52 angstrom <= 1.6",
                                     .round = 12,
                                     .phase = phase,
                                     .next_simulation = 99,
                                     .model_version = 11,
                                     .n_frames = 123456789012,
                                     .round_frame = 123456780000,
                                     .elapsed_s = 0.1,
                                     .best_rmsd_nm = 0.152,
                                     .best_simulation = 42,
                                     .best_frame = 0};
            ASSERT_OK(ddmd_catalogue_set_progress(catalogue, &set, &err), &err);
            ASSERT_OK(ddmd_catalogue_progress(catalogue, &row, &err), &err);
            assert_int_equal(row.state, set.state);
            assert_int_equal(row.phase, set.phase);
            assert_string_equal(row.reason, set.reason);
            assert_int_equal(row.next_simulation, 99);
            assert_int_equal(row.model_version, 11);
            assert_int_equal(row.n_frames, 123456789012);
            assert_int_equal(row.round_frame, 123456780000);
            assert_true(row.elapsed_s == 0.1 && row.best_rmsd_nm == 0.152);
            assert_int_equal(row.best_simulation, 42);
            assert_int_equal(row.best_frame, 0);
        }
    ddmd_catalogue_close(&catalogue);
}

static void models_and_rounds_come_back(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = create(test_scratch("model.sqlite"));
    ddmd_model_row model;
    ASSERT_OK(ddmd_catalogue_newest_model(catalogue, &model, &err), &err);
    assert_int_equal(model.version, 0);
    for (uint32_t version = 1; version <= 3; version++)
        for (int kept = 0; kept < 2; kept++) {
            ddmd_model_row add_row = {.version = version,
                                      .round = version,
                                      .latent_dim = kept ? 3 : 6,
                                      .n_samples = 1000,
                                      .n_maps = 900 + version,
                                      .epochs = 20,
                                      .train_loss = 50.5,
                                      .validation_loss = NAN,
                                      .train_reconstruction = 40.25,
                                      .validation_reconstruction = INFINITY,
                                      .kept = kept,
                                      .seconds = 1.5};
            snprintf(add_row.file, sizeof add_row.file, "models/model-%u.ddmd", version);
            if (version == 3 && kept)
                continue;
            ASSERT_OK(ddmd_catalogue_add_model(catalogue, &add_row, &err), &err);
        }
    ASSERT_OK(ddmd_catalogue_newest_model(catalogue, &model, &err), &err);
    assert_int_equal(model.version, 2);
    assert_int_equal(model.latent_dim, 3);
    assert_int_equal(model.n_samples, 1000);
    assert_int_equal(model.n_maps, 902);
    assert_int_equal(model.epochs, 20);
    assert_true(model.train_loss == 50.5 && isnan(model.validation_loss));
    assert_true(model.train_reconstruction == 40.25 && isinf(model.validation_reconstruction));
    assert_true(model.kept && model.seconds == 1.5);
    assert_string_equal(model.file, "models/model-2.ddmd");
    assert_int_equal(ddmd_catalogue_add_model(catalogue, &model, &err), DDMD_INVALID);

    ddmd_round_row round;
    ASSERT_OK(ddmd_catalogue_newest_round(catalogue, &round, &err), &err);
    assert_int_equal(round.round, 0);
    ddmd_round_row given = {.round = 4,
                            .strategy = "dbscan",
                            .n_candidates = 5,
                            .n_outliers = 3,
                            .n_clusters = 2,
                            .n_points = 3,
                            .best_rmsd_nm = 0.5,
                            .mean_rmsd_nm = NAN,
                            .seconds = 0.25,
                            .decision_median_s = NAN,
                            .decision_p95_s = 0.5};
    ASSERT_OK(ddmd_catalogue_add_round(catalogue, &given, &err), &err);
    given.round = 5;
    given.eps = 0.75;
    given.model_version = 2;
    ASSERT_OK(ddmd_catalogue_add_round(catalogue, &given, &err), &err);
    ASSERT_OK(ddmd_catalogue_set_restarts(catalogue, 5, 2, &err), &err);
    assert_int_equal(ddmd_catalogue_set_restarts(catalogue, 6, 2, &err), DDMD_INVALID);
    ASSERT_OK(ddmd_catalogue_newest_round(catalogue, &round, &err), &err);
    assert_int_equal(round.round, 5);
    assert_string_equal(round.strategy, "dbscan");
    assert_int_equal(round.model_version, 2);
    assert_int_equal(round.n_candidates, 5);
    assert_int_equal(round.n_outliers, 3);
    assert_int_equal(round.n_clusters, 2);
    assert_int_equal(round.n_points, 3);
    assert_int_equal(round.n_restarts, 2);
    assert_true(round.eps == 0.75 && round.best_rmsd_nm == 0.5 && isnan(round.mean_rmsd_nm));
    assert_true(round.seconds == 0.25 && isnan(round.decision_median_s));
    assert_true(round.decision_p95_s == 0.5);
    ddmd_catalogue_close(&catalogue);
}

static void restart_points_come_back_in_order(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = create(test_scratch("points.sqlite"));
    for (uint32_t id = 0; id < 3; id++) {
        ddmd_simulation_row row = simulation(id, id, -1);
        add(catalogue, &row);
    }
    enum { N = 20 };
    ddmd_point_row given[N], *read = NULL;
    for (uint32_t i = 0; i < N; i++)
        given[i] = (ddmd_point_row){.round = 2,
                                    .rank = N - 1 - i,
                                    .simulation = i % 3,
                                    .frame = i,
                                    .score = i * 0.5,
                                    .lof = i % 2 ? NAN : 1.5,
                                    .rmsd_nm = NAN,
                                    .cluster = -1,
                                    .used_by = -1};
    ASSERT_OK(ddmd_catalogue_add_points(catalogue, given, N, &err), &err);
    ASSERT_OK(ddmd_catalogue_use_point(catalogue, 2, 5, 1, &err), &err);
    assert_int_equal(ddmd_catalogue_use_point(catalogue, 2, N, 1, &err), DDMD_INVALID);
    assert_int_equal(ddmd_catalogue_use_point(catalogue, 2, 5, 77, &err), DDMD_INVALID);
    size_t n = 0;
    ASSERT_OK(ddmd_catalogue_points(catalogue, 2, &read, &n, &err), &err);
    assert_int_equal(n, N);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(read[i].rank, i);
        assert_int_equal(read[i].frame, N - 1 - i);
        assert_true(read[i].score == (N - 1 - i) * 0.5);
        assert_int_equal(isnan(read[i].lof), (N - 1 - i) % 2);
        assert_true(isnan(read[i].rmsd_nm));
        assert_int_equal(read[i].cluster, -1);
        assert_int_equal(read[i].used_by, i == 5 ? 1 : -1);
    }
    free(read);
    ASSERT_OK(ddmd_catalogue_points(catalogue, 3, &read, &n, &err), &err);
    assert_int_equal(n, 0);
    free(read);
    given[0].round = given[1].round = 4; /* the third repeats round 2: none of them stays */
    assert_int_equal(ddmd_catalogue_add_points(catalogue, given, 3, &err), DDMD_INVALID);
    ASSERT_OK(ddmd_catalogue_points(catalogue, 4, &read, &n, &err), &err);
    assert_int_equal(n, 0);
    free(read);
    ddmd_catalogue_close(&catalogue);
}

static void model_checks_come_back(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = create(test_scratch("check.sqlite"));
    ddmd_model_check_row newest = {.round = 99};
    uint64_t n_skipped = 99;
    ASSERT_OK(ddmd_catalogue_model_checks(catalogue, &newest, &n_skipped, &err), &err);
    assert_int_equal(newest.round, 0);
    assert_int_equal(n_skipped, 0);
    for (uint32_t round = 2; round <= 6; round++) {
        const ddmd_model_check_row row = {.round = round,
                                          .version = round / 2,
                                          .n_frames = 100 * round,
                                          .n_maps = 10 * round,
                                          .reconstruction = 40.5 + round,
                                          .reference_reconstruction = 38.25,
                                          .trained = round % 2};
        ASSERT_OK(ddmd_catalogue_add_model_check(catalogue, &row, &err), &err);
    }
    ASSERT_OK(ddmd_catalogue_model_checks(catalogue, &newest, &n_skipped, &err), &err);
    assert_int_equal(n_skipped, 3);
    assert_int_equal(newest.round, 6);
    assert_int_equal(newest.version, 3);
    assert_int_equal(newest.n_frames, 600);
    assert_int_equal(newest.n_maps, 60);
    assert_true(newest.reconstruction == 46.5 && newest.reference_reconstruction == 38.25);
    assert_false(newest.trained);

    /* another one in the same round */
    newest.trained = true;
    newest.version = 4;
    ASSERT_OK(ddmd_catalogue_add_model_check(catalogue, &newest, &err), &err);
    newest.version = 0;
    assert_int_equal(ddmd_catalogue_add_model_check(catalogue, &newest, &err), DDMD_INVALID);
    ASSERT_OK(ddmd_catalogue_model_checks(catalogue, &newest, &n_skipped, &err), &err);
    assert_true(newest.round == 6 && newest.version == 4 && newest.trained && n_skipped == 3);
    ddmd_catalogue_close(&catalogue);
}

static void phases_last_from_their_first_part_to_their_last(void **state)
{
    (void)state;
    ddmd_error err = {0};
    double seconds = -1;
    ddmd_catalogue *catalogue = create(test_scratch("phases.sqlite"));
    ASSERT_OK(ddmd_catalogue_phase_time(catalogue, DDMD_PHASE_simulate, &seconds, &err), &err);
    assert_true(seconds == 0);
    for (uint32_t round = 1; round <= 2; round++) {
        const double at = 100 * round;
        const struct {
            const char *role;
            int part;
            double from, to;
        } parts[] = {{"simulate", 0, at, at + 8},
                     {"simulate", 1, at + 1, at + 9},
                     {"aggregate", 0, at + 7, at + 10},
                     {"train", 0, at + 11, at + 11 + round},
                     {"infer", 0, at + 20, at + 20.5}};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            ASSERT_OK(ddmd_catalogue_add_activity(catalogue, parts[i].role, parts[i].part,
                                                  "compute", round, parts[i].from, parts[i].to,
                                                  &err),
                      &err);
    }
    ASSERT_OK(ddmd_catalogue_phase_time(catalogue, DDMD_PHASE_simulate, &seconds, &err), &err);
    assert_true(seconds == 20);
    ASSERT_OK(ddmd_catalogue_phase_time(catalogue, DDMD_PHASE_train, &seconds, &err), &err);
    assert_true(seconds == 3);
    ASSERT_OK(ddmd_catalogue_phase_time(catalogue, DDMD_PHASE_infer, &seconds, &err), &err);
    assert_true(seconds == 1);
    ASSERT_OK(ddmd_catalogue_phase_time(catalogue, DDMD_PHASE_decide, &seconds, &err), &err);
    assert_true(seconds == 0);
    ddmd_catalogue_close(&catalogue);
}

static void time_is_summed_by_role_and_activity(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_time_use_row *rows = NULL;
    size_t n = 99;
    ddmd_catalogue *catalogue = create(test_scratch("activity.sqlite"));
    ASSERT_OK(ddmd_catalogue_time_use(catalogue, &rows, &n, &err), &err);
    assert_int_equal(n, 0);
    free(rows);
    ASSERT_OK(ddmd_catalogue_begin(catalogue, &err), &err);
    for (int part = 0; part < 100; part++) {
        ASSERT_OK(
            ddmd_catalogue_add_activity(catalogue, "train", 0, "compute", 1, part, part + 2, &err),
            &err);
        ASSERT_OK(ddmd_catalogue_add_activity(catalogue, "simulate", part, "wait", 1, part + 0.5,
                                              part + 0.75, &err),
                  &err);
        ASSERT_OK(ddmd_catalogue_add_activity(catalogue, "simulate", part, "compute", 1, part,
                                              part + 0.5, &err),
                  &err);
    }
    ASSERT_OK(ddmd_catalogue_commit(catalogue, &err), &err);
    assert_int_equal(ddmd_catalogue_add_activity(catalogue, "train", 0, "compute", 1, 2, 1, &err),
                     DDMD_INVALID);
    static const ddmd_time_use_row expected[] = {
        {"simulate", "compute", 50}, {"simulate", "wait", 25}, {"train", "compute", 200}};
    ASSERT_OK(ddmd_catalogue_time_use(catalogue, &rows, &n, &err), &err);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(rows[i].role, expected[i].role);
        assert_string_equal(rows[i].activity, expected[i].activity);
        assert_true(rows[i].seconds == expected[i].seconds);
    }
    free(rows);
    ddmd_catalogue_close(&catalogue);
}

static void rankings_and_trainings_add_up(void **state)
{
    (void)state;
    ddmd_error err = {0};
    double median = 0, p95 = 0;
    uint64_t n = 99;
    ddmd_learning_totals totals;
    ddmd_catalogue *catalogue = create(test_scratch("summary.sqlite"));
    ASSERT_OK(ddmd_catalogue_decision_times(catalogue, &median, &p95, &n, &err), &err);
    assert_true(isnan(median) && isnan(p95) && n == 0);
    ASSERT_OK(ddmd_catalogue_learning(catalogue, &totals, &err), &err);
    assert_true(totals.trainings == 0 && isnan(totals.training_samples) &&
                isnan(totals.training_s));
    assert_true(totals.rankings == 0 && isnan(totals.ranking_samples) && isnan(totals.ranking_s));

    /* medians 0 to 40 in some order, 95th percentiles 100 to 140 in another; one knows nothing */
    enum { N = 41 };
    for (uint32_t i = 0; i <= N; i++) {
        const ddmd_round_row row = {
            .round = i + 1,
            .strategy = "dbscan",
            .n_candidates = 2 * i,
            .n_outliers = i == N ? 43 : 1,
            .seconds = i == N ? 43 * 0.5 : 0.5,
            .best_rmsd_nm = NAN,
            .mean_rmsd_nm = NAN,
            .decision_median_s = i == N ? NAN : i * 7 % N,
            .decision_p95_s = i == N ? NAN : 100 + i * 16 % N,
        };
        ASSERT_OK(ddmd_catalogue_add_round(catalogue, &row, &err), &err);
    }
    ASSERT_OK(ddmd_catalogue_decision_times(catalogue, &median, &p95, &n, &err), &err);
    assert_true(median == 20 && p95 == 138 && n == N); /* two of 41 are larger */

    for (uint32_t version = 1; version <= 3; version++)
        for (int kept = 0; kept <= 1; kept++) {
            const ddmd_model_row row = {.version = version,
                                        .round = version,
                                        .latent_dim = 2 + kept,
                                        .n_samples = 100 * version,
                                        .n_maps = 9,
                                        .epochs = kept ? 6 : 20,
                                        .train_loss = 1,
                                        .validation_loss = NAN,
                                        .train_reconstruction = 1,
                                        .validation_reconstruction = NAN,
                                        .kept = kept,
                                        .seconds = kept ? 1 : 2,
                                        .file = "x"};
            ASSERT_OK(ddmd_catalogue_add_model(catalogue, &row, &err), &err);
        }
    ASSERT_OK(ddmd_catalogue_learning(catalogue, &totals, &err), &err);
    assert_true(totals.trainings == 3 && totals.training_samples == 200);
    assert_true(totals.training_epochs == 6 && totals.training_s == 3);
    assert_true(totals.rankings == N + 1 && totals.ranking_samples == N);
    assert_true(totals.ranking_outliers == 2 && totals.ranking_s == 1);
    ddmd_catalogue_close(&catalogue);
}

static void failures_are_counted(void **state)
{
    (void)state;
    ddmd_error err = {0};
    int failures = -1;
    ddmd_catalogue *catalogue = create(test_scratch("failures.sqlite"));
    ASSERT_OK(ddmd_catalogue_failures(catalogue, -1, 0, &failures, &err), &err);
    assert_int_equal(failures, 0);
    for (int i = 1; i <= 3; i++) {
        ASSERT_OK(ddmd_catalogue_count_failure(catalogue, -1, 0, &failures, &err), &err);
        assert_int_equal(failures, i);
    }
    ASSERT_OK(ddmd_catalogue_count_failure(catalogue, 5, 0, &failures, &err), &err);
    assert_int_equal(failures, 1);
    ASSERT_OK(ddmd_catalogue_add_event(catalogue, "warning", -1, "it's hot", &err), &err);
    ASSERT_OK(ddmd_catalogue_add_event(catalogue, "error", 5, "NaN", &err), &err);
    assert_int_equal(ddmd_catalogue_add_event(catalogue, "shout", 5, "NaN", &err), DDMD_INVALID);
    ddmd_catalogue_close(&catalogue);
}

static void transactions_hold_together(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_totals totals;
    const char *path = test_scratch("transaction.sqlite");
    ddmd_catalogue *catalogue = create(path), *reader = NULL;
    ASSERT_OK(ddmd_catalogue_open(path, true, &reader, &err), &err);
    ddmd_simulation_row row = simulation(0, 0, -1);
    ASSERT_OK(ddmd_catalogue_begin(catalogue, &err), &err);
    assert_int_equal(ddmd_catalogue_begin(catalogue, &err), DDMD_INVALID);
    add(catalogue, &row);
    ASSERT_OK(ddmd_catalogue_totals(reader, &totals, &err), &err);
    assert_int_equal(totals.simulations, 0);
    ddmd_catalogue_rollback(catalogue);
    ddmd_catalogue_rollback(catalogue);
    assert_int_equal(ddmd_catalogue_commit(catalogue, &err), DDMD_INVALID);
    ASSERT_OK(ddmd_catalogue_begin(catalogue, &err), &err);
    add(catalogue, &row);
    ASSERT_OK(ddmd_catalogue_commit(catalogue, &err), &err);
    ASSERT_OK(ddmd_catalogue_totals(reader, &totals, &err), &err);
    assert_int_equal(totals.simulations, 1);
    row.id = 1;
    assert_int_equal(ddmd_catalogue_add_simulation(reader, &row, &err), DDMD_INVALID);
    ddmd_catalogue_close(&reader);
    ddmd_catalogue_close(&catalogue);
}

/* A process that holds the catalogue until it is killed; *pid gets its id. */
static void hold_in_child(const char *path, pid_t *pid)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    *pid = fork();
    assert_true(*pid >= 0);
    if (*pid == 0) {
        ddmd_catalogue *catalogue = NULL;
        close(ready[0]);
        byte = ddmd_catalogue_open(path, false, &catalogue, NULL) == DDMD_OK;
        (void)!write(ready[1], &byte, 1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    close(ready[0]);
}

static void kill_child(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void there_is_one_writer_and_sigkill_frees_it(void **state)
{
    (void)state;
    ddmd_error err = {0};
    bool held = true;
    const char *path = test_scratch("writer.sqlite");
    assert_int_equal(ddmd_catalogue_is_held(path, &held, &err), DDMD_OK);
    assert_false(held);
    ddmd_catalogue *catalogue = create(path), *second = NULL;
    assert_int_equal(ddmd_catalogue_open(path, false, &second, &err), DDMD_TIMEOUT);
    ASSERT_OK(ddmd_catalogue_is_held(path, &held, &err), &err);
    assert_true(held);
    ddmd_catalogue_close(&catalogue);
    ASSERT_OK(ddmd_catalogue_is_held(path, &held, &err), &err);
    assert_false(held);

    pid_t pid;
    char expected[64];
    hold_in_child(path, &pid);
    snprintf(expected, sizeof expected, "another ddmd process (pid %ld) is writing it", (long)pid);
    enum ddmd_status while_held = ddmd_catalogue_open(path, false, &second, &err);
    ASSERT_OK(ddmd_catalogue_is_held(path, &held, NULL), &err);
    ddmd_totals totals;
    ddmd_catalogue *reader = NULL;
    enum ddmd_status reading = ddmd_catalogue_open(path, true, &reader, NULL);
    if (reading == DDMD_OK)
        reading = ddmd_catalogue_totals(reader, &totals, NULL);
    ddmd_catalogue_close(&reader);
    kill_child(pid);
    assert_int_equal(while_held, DDMD_TIMEOUT);
    assert_non_null(strstr(err.message, expected));
    assert_true(held);
    assert_int_equal(reading, DDMD_OK);
    ASSERT_OK(ddmd_catalogue_is_held(path, &held, &err), &err);
    assert_false(held);
    ASSERT_OK(ddmd_catalogue_open(path, false, &second, &err), &err);
    ddmd_catalogue_close(&second);
}

/* The children of a killed process inherit its lock; it is taken over all the same. */
static void a_lock_left_to_orphans_is_taken_over(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("orphan.sqlite");
    ddmd_catalogue *catalogue = create(path);
    ddmd_catalogue_close(&catalogue);
    int ready[2];
    pid_t orphan = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool open = ddmd_catalogue_open(path, false, &catalogue, NULL) == DDMD_OK;
        pid_t grandchild = fork();
        if (grandchild == 0)
            for (;;)
                pause();
        if (open)
            (void)!write(ready[1], &grandchild, sizeof grandchild);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &orphan, sizeof orphan), sizeof orphan);
    close(ready[0]);
    bool held_before = false, held_after = true;
    enum ddmd_status before = ddmd_catalogue_is_held(path, &held_before, NULL);
    kill_child(pid);
    enum ddmd_status after = ddmd_catalogue_is_held(path, &held_after, NULL);
    enum ddmd_status taken = ddmd_catalogue_open(path, false, &catalogue, &err);
    enum ddmd_status second = DDMD_OK;
    ddmd_catalogue *another = NULL;
    if (taken == DDMD_OK)
        second = ddmd_catalogue_open(path, false, &another, NULL);
    kill(orphan, SIGKILL);
    assert_int_equal(before, DDMD_OK);
    assert_true(held_before);
    assert_int_equal(after, DDMD_OK);
    assert_false(held_after);
    ASSERT_OK(taken, &err);
    assert_int_equal(second, DDMD_TIMEOUT);
    ddmd_catalogue_close(&catalogue);
}

/* Everything committed is there after SIGKILL, and nothing of what was not. */
static void sigkill_loses_nothing_committed(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("killed.sqlite");
    ddmd_catalogue *catalogue = create(path);
    ddmd_catalogue_close(&catalogue);
    uint64_t committed = 0;
    for (int round = 0; round < 10; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(pipes[0]);
            if (ddmd_catalogue_open(path, false, &catalogue, NULL) != DDMD_OK)
                _exit(1);
            for (uint32_t id = (uint32_t)committed;; id += 2) {
                ddmd_simulation_row a = simulation(id, 0, -1), b = simulation(id + 1, 1, -1);
                uint64_t done = id + 2;
                if (ddmd_catalogue_begin(catalogue, NULL) != DDMD_OK ||
                    ddmd_catalogue_add_simulation(catalogue, &a, NULL) != DDMD_OK ||
                    ddmd_catalogue_add_simulation(catalogue, &b, NULL) != DDMD_OK ||
                    ddmd_catalogue_commit(catalogue, NULL) != DDMD_OK ||
                    write(pipes[1], &done, sizeof done) != sizeof done)
                    _exit(1);
            }
        }
        close(pipes[1]);
        uint64_t seen = committed;
        for (int i = 0; i < 3 + round; i++)
            assert_int_equal(read(pipes[0], &seen, sizeof seen), sizeof seen);
        kill_child(pid);
        while (read(pipes[0], &seen, sizeof seen) == sizeof seen)
            continue;
        close(pipes[0]);
        ddmd_totals totals;
        ASSERT_OK(ddmd_catalogue_open(path, false, &catalogue, &err), &err);
        ASSERT_OK(ddmd_catalogue_totals(catalogue, &totals, &err), &err);
        assert_true(totals.simulations >= seen);
        assert_int_equal(totals.simulations % 2, 0);
        committed = totals.simulations;
        ddmd_catalogue_close(&catalogue);
    }
}

/* As another user, in a directory where only root may make files. */
static void a_foreign_directory_is_read(void **state)
{
    (void)state;
    ddmd_error err = {0};
    if (geteuid() != 0) {
        print_message("not root: cannot become another user\n");
        skip();
    }
    const char *folder = test_scratch("of#root");
    char path[4096];
    snprintf(path, sizeof path, "%s/c.sqlite", folder);
    ASSERT_OK(ddmd_directory_create(folder, &err), &err);
    ddmd_catalogue *catalogue = create(path);
    ddmd_simulation_row row = simulation(0, 0, -1);
    add(catalogue, &row);
    ddmd_catalogue_close(&catalogue);
    assert_int_equal(chmod(test_scratch("."), 0755), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        ddmd_totals totals = {0};
        if (setuid(65534) != 0 || ddmd_catalogue_open(path, true, &catalogue, &err) != DDMD_OK ||
            ddmd_catalogue_totals(catalogue, &totals, &err) != DDMD_OK)
            fprintf(stderr, "%s\n", err.message);
        ddmd_catalogue_close(&catalogue);
        _exit(totals.simulations == 1 ? 0 : 1);
    }
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

/* What readers and writers make beside the database is gone when the last of them is. */
static void nothing_is_left_beside_it(void **state)
{
    (void)state;
    ddmd_error err = {0};
    static const char *const endings[] = {"-wal", "-shm", ".lock", ".new"};
    const char *path = test_scratch("alone.sqlite");
    ddmd_catalogue *catalogue = create(path), *reader = NULL;
    ddmd_simulation_row row = simulation(0, 0, -1);
    ddmd_totals totals;
    ASSERT_OK(ddmd_catalogue_open(path, true, &reader, &err), &err);
    add(catalogue, &row);
    ASSERT_OK(ddmd_catalogue_totals(reader, &totals, &err), &err);
    ddmd_catalogue_close(&catalogue);
    ddmd_catalogue_close(&reader);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char beside[4096];
        snprintf(beside, sizeof beside, "%s%s", path, endings[i]);
        assert_false(ddmd_file_exists(beside));
    }
}

static void foreign_files_are_refused(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = NULL;
    const char *path = test_scratch("text.sqlite");
    char text[8192];
    memset(text, 'x', sizeof text);
    ASSERT_OK(ddmd_file_replace(path, text, sizeof text, &err), &err);
    for (int read_only = 0; read_only < 2; read_only++) {
        assert_int_equal(ddmd_catalogue_open(path, read_only, &catalogue, &err), DDMD_FORMAT);
        assert_non_null(strstr(err.message, "text.sqlite"));
    }
    const char *empty = test_scratch("empty.sqlite");
    ASSERT_OK(ddmd_file_replace(empty, "", 0, &err), &err);
    assert_int_equal(ddmd_catalogue_open(empty, true, &catalogue, &err), DDMD_FORMAT);
    assert_non_null(strstr(err.message, "not a catalogue of ddmd"));
    assert_int_equal(ddmd_catalogue_open("/tmp", true, &catalogue, &err), DDMD_IO);
    assert_null(catalogue);
}

static void another_schema_version_is_named(void **state)
{
    (void)state;
    ddmd_error err = {0};
    const char *path = test_scratch("version.sqlite");
    ddmd_catalogue *catalogue = create(path);
    ddmd_catalogue_close(&catalogue);
    char *bytes = NULL;
    size_t length = 0;
    ASSERT_OK(ddmd_file_read(path, 1 << 24, &bytes, &length, &err), &err);
    bytes[63] = 99; /* user_version: big-endian at offset 60 of the header */
    ASSERT_OK(ddmd_file_replace(path, bytes, length, &err), &err);
    free(bytes);
    assert_int_equal(ddmd_catalogue_open(path, false, &catalogue, &err), DDMD_FORMAT);
    assert_non_null(strstr(err.message, "schema 99"));
    char known[32];
    snprintf(known, sizeof known, "knows schema %d", DDMD_SCHEMA_VERSION);
    assert_non_null(strstr(err.message, known));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_comes_back),
        cmocka_unit_test(simulations_are_added_and_updated),
        cmocka_unit_test(frames_are_counted_by_file),
        cmocka_unit_test(each_slot_has_a_newest_simulation),
        cmocka_unit_test(progress_comes_back),
        cmocka_unit_test(models_and_rounds_come_back),
        cmocka_unit_test(restart_points_come_back_in_order),
        cmocka_unit_test(model_checks_come_back),
        cmocka_unit_test(time_is_summed_by_role_and_activity),
        cmocka_unit_test(rankings_and_trainings_add_up),
        cmocka_unit_test(phases_last_from_their_first_part_to_their_last),
        cmocka_unit_test(failures_are_counted),
        cmocka_unit_test(transactions_hold_together),
        cmocka_unit_test(there_is_one_writer_and_sigkill_frees_it),
        cmocka_unit_test(a_lock_left_to_orphans_is_taken_over),
        cmocka_unit_test(sigkill_loses_nothing_committed),
        cmocka_unit_test(a_foreign_directory_is_read),
        cmocka_unit_test(nothing_is_left_beside_it),
        cmocka_unit_test(foreign_files_are_refused),
        cmocka_unit_test(another_schema_version_is_named),
    };
    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
