/* Which replica has which temperature and start, and what becomes of kept velocities. */
#include "campaign/ladder.h"
#include "support/cmocka.h"

#include <math.h>
#include <string.h>

enum { MOST = 6 };

static ddmd_config ladder_of(double *items, size_t n)
{
    ddmd_config config = {0};
    config.simulation.temperature_kelvin = (ddmd_real_list){n, items};
    return config;
}

static void temperatures_come_in_turn(void **state)
{
    (void)state;
    double items[] = {300, 320, 350};
    ddmd_config config = ladder_of(items, 3);
    for (int r = 0; r < 10; r++)
        assert_true(ddmd_ladder_temperature(&config, r) == items[r % 3]);
    config = ladder_of(items, 1);
    for (int r = 0; r < 10; r++)
        assert_true(ddmd_ladder_temperature(&config, r) == 300);
}

/* As campaigns began that know one temperature only. */
static void with_one_temperature_starts_come_in_turn(void **state)
{
    (void)state;
    double items[] = {300};
    ddmd_config config = ladder_of(items, 1);
    for (size_t n = 1; n <= MOST; n++)
        for (int r = 0; r < 40; r++)
            assert_int_equal(ddmd_ladder_start(&config, n, r), (size_t)r % n);
}

static void starts_are_not_tied_to_temperatures(void **state)
{
    (void)state;
    double items[MOST] = {0};
    for (size_t t = 1; t <= MOST; t++)
        for (size_t s = 1; s <= MOST; s++) {
            bool seen[MOST][MOST] = {{0}};
            ddmd_config config = ladder_of(items, t);
            for (size_t r = 0; r < t * s; r++) {
                size_t start = ddmd_ladder_start(&config, s, (int)r);
                assert_true(start < s);
                assert_false(seen[r % t][start]);
                seen[r % t][start] = true;
                if (r < s) /* few replicas: every start is used all the same */
                    assert_int_equal(start, r);
            }
        }
}

static void kept_velocities_are_scaled_by_the_root(void **state)
{
    (void)state;
    enum { N = 100 };
    float before[N], v[N];
    double kinetic[2] = {0};
    for (int i = 0; i < N; i++)
        before[i] = (float)sin(i);
    memcpy(v, before, sizeof v);
    ddmd_ladder_scale(v, N, 300, 300);
    assert_memory_equal(v, before, sizeof v);
    ddmd_ladder_scale(v, N, 300, 432);
    for (int i = 0; i < N; i++) {
        assert_true(v[i] == (float)(1.2 * before[i])); /* sqrt(432 / 300) */
        kinetic[0] += (double)before[i] * before[i];
        kinetic[1] += (double)v[i] * v[i];
    }
    /* Rounding to float32 is 2^-24 of each, random in sign. */
    assert_true(fabs(kinetic[1] / kinetic[0] - 1.44) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temperatures_come_in_turn),
        cmocka_unit_test(with_one_temperature_starts_come_in_turn),
        cmocka_unit_test(starts_are_not_tied_to_temperatures),
        cmocka_unit_test(kept_velocities_are_scaled_by_the_root),
    };
    return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
