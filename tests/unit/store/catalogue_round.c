/* Models, the checks of models, rounds and their restart points. */
#include "sample_catalogue.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void models_and_rounds_come_back(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("model.sqlite"));
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
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("points.sqlite"));
    for (uint32_t id = 0; id < 3; id++) {
        ddmd_simulation_row row = sample_simulation(id, id, -1);
        sample_add(catalogue, &row);
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
    ddmd_catalogue *catalogue = sample_catalogue(test_scratch("check.sqlite"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_and_rounds_come_back),
        cmocka_unit_test(restart_points_come_back_in_order),
        cmocka_unit_test(model_checks_come_back),
    };
    return cmocka_run_group_tests_name("catalogue_round", tests, NULL, NULL);
}
