/* What is said of new frames, against counting by hand and a plain reading of what a rank is. */
#include "campaign/new_frames.h"
#include "ddmd/random.h"
#include "support/cmocka.h"

#include <math.h>

enum { MOST = 90 };

static void rmsd_is_summed_up_without_what_is_not_known(void **state)
{
    (void)state;
    double best = 0, mean = 0;
    const float rmsd[] = {NAN, 0.5F, 0.25F, NAN, 0.75F};
    ddmd_new_frames_rmsd(rmsd, 5, &best, &mean);
    assert_true(best == 0.25 && mean == 0.5);
    ddmd_new_frames_rmsd(rmsd, 1, &best, &mean);
    assert_true(isnan(best) && isnan(mean));
    best = mean = 0;
    ddmd_new_frames_rmsd(rmsd, 0, &best, &mean);
    assert_true(isnan(best) && isnan(mean));
}

/* Waits that are longer than this one, of those that are known. */
static size_t longer(const double *created, size_t n, double now, double wait)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += !isnan(created[i]) && now - created[i] > wait;
    return count;
}

static void ranks_are_as_they_are_defined(void **state)
{
    (void)state;
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, 0, 0);
    for (size_t n = 0; n <= MOST; n++) {
        double created[MOST], before[MOST], median = 0, p95 = 0;
        size_t known = 0;
        for (size_t i = 0; i < n; i++) {
            /* multiples of 1/64, so that differences are exact; some twice, some unknown */
            before[i] = created[i] =
                ddmd_random_below(&random, 6) ? ddmd_random_below(&random, 500) / 64.0 : NAN;
            known += !isnan(created[i]);
        }
        ddmd_new_frames_waited(created, n, 10, &median, &p95);
        if (known == 0) {
            assert_true(isnan(median) && isnan(p95));
            continue;
        }
        /* no more than half are longer or shorter; a step down in p95 and one in 20 is longer */
        assert_true(2 * longer(before, n, 10, median) < known);
        assert_true(2 * longer(before, n, 10, median - 1.0 / 128) >= known);
        assert_true(20 * longer(before, n, 10, p95) <= known);
        assert_true(20 * longer(before, n, 10, p95 - 1.0 / 128) > known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rmsd_is_summed_up_without_what_is_not_known),
        cmocka_unit_test(ranks_are_as_they_are_defined),
    };
    return cmocka_run_group_tests_name("new frames", tests, NULL, NULL);
}
