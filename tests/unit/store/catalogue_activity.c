/* How far a campaign is, what its parts spent their time on, and what went wrong. */
#include "sample_catalogue.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <math.h>
#include <stdlib.h>

static void progress_comes_back(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("progress.sqlite"));
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

static void phases_last_from_their_first_part_to_their_last(void **state)
{
    (void)state;
    ddmd_error err = {0};
    double seconds = -1;
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("phases.sqlite"));
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
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("activity.sqlite"));
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
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("summary.sqlite"));
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
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("failures.sqlite"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_comes_back),
        cmocka_unit_test(phases_last_from_their_first_part_to_their_last),
        cmocka_unit_test(time_is_summed_by_role_and_activity),
        cmocka_unit_test(rankings_and_trainings_add_up),
        cmocka_unit_test(failures_are_counted),
    };
    return cmocka_run_group_tests_name("catalogue_activity", tests, NULL, NULL);
}
