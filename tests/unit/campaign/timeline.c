#include "campaign/role/timeline.h"
#include "core/clock.h"
#include "support/cmocka.h"

static const double little = 1e-9; /* beside 0.02 s: rounding */

static ddmd_timeline *make_timeline(void)
{
    ddmd_timeline *timeline = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_timeline_create(&timeline, &err), &err);
    return timeline;
}

static void let_pass(double seconds)
{
    double until = ddmd_clock_monotonic() + seconds;
    while (ddmd_clock_monotonic() < until)
        ;
}

typedef struct sums {
    double of[DDMD_ACTIVITY_stop + 1], all;
} sums;

/* What the timeline tells, added up; its stretches must follow one another. */
static sums tell(ddmd_timeline *timeline)
{
    ddmd_message *message = NULL;
    ddmd_activity activity;
    ddmd_error err = {0};
    sums s = {.all = 0};
    double at = 0;
    ASSERT_OK(ddmd_timeline_message(timeline, &message, &err), &err);
    assert_non_null(message);
    ASSERT_OK(ddmd_activity_decode(message, &activity, &err), &err);
    for (size_t i = 0; i < activity.n; i++) {
        ddmd_activity_span span = ddmd_activity_span_at(message, i);
        assert_true(span.from_s >= at - little && span.to_s <= activity.now_s + little);
        at = span.to_s;
        s.of[span.kind] += span.to_s - span.from_s;
        s.all += span.to_s - span.from_s;
    }
    ddmd_message_destroy(&message);
    return s;
}

static void all_time_is_told_once(void **state)
{
    (void)state;
    double before = ddmd_clock_monotonic();
    ddmd_timeline *timeline = make_timeline();
    double created = ddmd_clock_monotonic();
    ddmd_timeline_now(timeline, DDMD_ACTIVITY_compute, "");
    let_pass(0.02);
    ddmd_timeline_now(timeline, DDMD_ACTIVITY_wait, "");
    let_pass(0.01);
    double until = ddmd_clock_monotonic();
    sums s = tell(timeline);
    double after = ddmd_clock_monotonic();
    assert_true(s.of[DDMD_ACTIVITY_compute] >= 0.02 - little);
    assert_true(s.of[DDMD_ACTIVITY_wait] >= 0.01 - little);
    assert_true(s.all >= until - created - little && s.all <= after - before + little);
    ddmd_timeline_destroy(&timeline);
}

/* A part is taken from what the process was at, and nothing is longer for it. */
static void parts_are_taken_out(void **state)
{
    (void)state;
    ddmd_timeline *timeline = make_timeline();
    tell(timeline);
    double from = ddmd_clock_monotonic();
    ddmd_timeline_now(timeline, DDMD_ACTIVITY_compute, "");
    let_pass(0.02);
    ddmd_timeline_part(timeline, DDMD_ACTIVITY_unpack, 0.003);
    ddmd_timeline_part(timeline, DDMD_ACTIVITY_unpack, 0.002);
    double until = ddmd_clock_monotonic();
    sums s = tell(timeline);
    assert_true(s.of[DDMD_ACTIVITY_unpack] > 0.005 - little);
    assert_true(s.of[DDMD_ACTIVITY_unpack] < 0.005 + little);
    assert_true(s.of[DDMD_ACTIVITY_compute] >= 0.015 - little);
    assert_true(s.all >= until - from - little);
    ddmd_timeline_destroy(&timeline);
}

/* More than there was is taken from what follows, and never twice. */
static void a_part_may_be_longer_than_what_it_is_of(void **state)
{
    (void)state;
    ddmd_timeline *timeline = make_timeline();
    tell(timeline);
    ddmd_timeline_now(timeline, DDMD_ACTIVITY_wait, "");
    ddmd_timeline_part(timeline, DDMD_ACTIVITY_unpack, 3600);
    let_pass(0.01);
    sums s = tell(timeline);
    assert_true(s.of[DDMD_ACTIVITY_unpack] >= 0.01 - little);
    assert_true(s.of[DDMD_ACTIVITY_wait] <= little);
    ddmd_timeline_now(timeline, DDMD_ACTIVITY_compute, "");
    let_pass(0.01);
    s = tell(timeline);
    assert_true(s.of[DDMD_ACTIVITY_unpack] >= 0.01 - little);
    assert_true(s.of[DDMD_ACTIVITY_compute] <= little);
    ddmd_timeline_destroy(&timeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_time_is_told_once),
        cmocka_unit_test(parts_are_taken_out),
        cmocka_unit_test(a_part_may_be_longer_than_what_it_is_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
