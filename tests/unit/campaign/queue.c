#include "campaign/report_queue.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <string.h>

enum { N_ATOMS = 5, N_POINTS = 5, CAPACITY = 4 };

/* Only the sizes of the subject are looked at. */
static ddmd_system small_system = {.n_atoms = N_ATOMS};
static ddmd_subject small_subject = {.system = &small_system, .n_points = N_POINTS};

typedef struct arrays {
    float positions[N_ATOMS * 3], velocities[N_ATOMS * 3];
    uint8_t map[2];
} arrays;

static ddmd_report make_report(arrays *a, int number)
{
    for (int i = 0; i < N_ATOMS * 3; i++) {
        a->positions[i] = (float)(number * 100 + i);
        a->velocities[i] = (float)(-number * 100 - i);
    }
    a->map[0] = (uint8_t)number;
    a->map[1] = 1;
    return (ddmd_report){.replica = number,
                         .frame = {.index = (uint32_t)number,
                                   .positions = a->positions,
                                   .velocities = a->velocities,
                                   .contact_map = a->map}};
}

static ddmd_report_queue *make_queue(void)
{
    ddmd_report_queue *queue = NULL;
    ddmd_error err = {0};
    ASSERT_OK(ddmd_report_queue_create(&small_subject, CAPACITY, &queue, &err), &err);
    return queue;
}

static void reports_come_in_order_with_all_they_hold(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_report_queue *queue = make_queue();
    double waited = 0;
    arrays in, out, wanted;
    for (int turn = 0; turn < 3; turn++) { /* around the ring */
        for (int i = 0; i < CAPACITY; i++) {
            ddmd_report report = make_report(&in, turn * 10 + i);
            ASSERT_OK(ddmd_report_queue_put(queue, &report, &waited, &err), &err);
        }
        for (int i = 0; i < CAPACITY; i++) {
            ddmd_report report = make_report(&out, 99);
            memset(&out, 0, sizeof out);
            ASSERT_OK(ddmd_report_queue_take(queue, 1, &report, &err), &err);
            make_report(&wanted, turn * 10 + i);
            assert_int_equal(report.replica, turn * 10 + i);
            assert_ptr_equal(report.frame.positions, out.positions);
            assert_memory_equal(out.positions, wanted.positions, sizeof out.positions);
            assert_memory_equal(out.velocities, wanted.velocities, sizeof out.velocities);
            assert_memory_equal(out.map, wanted.map, sizeof out.map);
        }
    }
    assert_true(waited == 0);
    ddmd_report_queue_destroy(&queue);
}

static void a_failure_needs_no_frame(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_report_queue *queue = make_queue();
    double waited = 0;
    arrays out;
    ddmd_report failure = {.replica = 3, .failed = true, .reason = "it blew up"};
    ASSERT_OK(ddmd_report_queue_put(queue, &failure, &waited, &err), &err);
    ddmd_report report = make_report(&out, 1);
    ASSERT_OK(ddmd_report_queue_take(queue, 1, &report, &err), &err);
    assert_true(report.failed);
    assert_string_equal(report.reason, "it blew up");
    assert_int_equal(report.replica, 3);
    ddmd_report_queue_destroy(&queue);
}

static void an_empty_queue_times_out_and_tells_how_its_producer_ended(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_report_queue *queue = make_queue();
    arrays out;
    ddmd_report report = make_report(&out, 1);
    assert_int_equal(ddmd_report_queue_take(queue, 0.01, &report, &err), DDMD_TIMEOUT);

    const ddmd_error why = {.status = DDMD_EXTERNAL, .message = "no more device"};
    ddmd_report_queue_end(queue, DDMD_EXTERNAL, &why);
    assert_int_equal(ddmd_report_queue_take(queue, 1, &report, &err), DDMD_EXTERNAL);
    assert_string_equal(err.message, "no more device");

    ddmd_report_queue_reset(queue);
    assert_int_equal(ddmd_report_queue_take(queue, 0.01, &report, &err), DDMD_TIMEOUT);
    ddmd_report_queue_end(queue, DDMD_OK, NULL);
    assert_int_equal(ddmd_report_queue_take(queue, 1, &report, &err), DDMD_CANCELLED);
    ddmd_report_queue_destroy(&queue);
}

enum { N_REPORTS = 2000 };

static void *produce(void *argument)
{
    ddmd_report_queue *queue = argument;
    double waited = 0;
    arrays in;
    enum ddmd_status status = DDMD_OK;
    ddmd_error err = {0};
    for (int i = 0; i < N_REPORTS && status == DDMD_OK; i++) {
        ddmd_report report = make_report(&in, i);
        status = ddmd_report_queue_put(queue, &report, &waited, &err);
    }
    ddmd_report_queue_end(queue, status, &err);
    return NULL;
}

static void a_full_queue_blocks_and_loses_nothing(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_report_queue *queue = make_queue();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, produce, queue), 0);
    arrays out;
    for (int i = 0; i < N_REPORTS; i++) {
        ddmd_report report = make_report(&out, -1);
        ASSERT_OK(ddmd_report_queue_take(queue, 30, &report, &err), &err);
        assert_int_equal(report.replica, i);
    }
    ddmd_report report = make_report(&out, -1);
    assert_int_equal(ddmd_report_queue_take(queue, 30, &report, &err), DDMD_CANCELLED);
    pthread_join(thread, NULL);
    ddmd_report_queue_destroy(&queue);
}

/* A consumer that leaves wakes a producer that waits for room. */
static void closing_ends_the_producer(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_report_queue *queue = make_queue();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, produce, queue), 0);
    arrays out;
    ddmd_report report = make_report(&out, -1);
    ASSERT_OK(ddmd_report_queue_take(queue, 30, &report, &err), &err);
    ddmd_report_queue_close(queue);
    pthread_join(thread, NULL); /* hangs where closing does not reach it */
    int left = 0;
    while (ddmd_report_queue_take(queue, 30, &report, &err) == DDMD_OK)
        left++;
    assert_in_range(left, 0, CAPACITY);
    assert_int_equal(err.status, DDMD_CANCELLED);
    ddmd_report_queue_destroy(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_come_in_order_with_all_they_hold),
        cmocka_unit_test(a_failure_needs_no_frame),
        cmocka_unit_test(an_empty_queue_times_out_and_tells_how_its_producer_ended),
        cmocka_unit_test(a_full_queue_blocks_and_loses_nothing),
        cmocka_unit_test(closing_ends_the_producer),
    };
    return cmocka_run_group_tests_name("report queue", tests, NULL, NULL);
}
