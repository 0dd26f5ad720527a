#include "samples.h"

#include "ddmd/geometry.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const enum ddmd_message_kind sample_kinds[] = {
#define KIND(name, number) DDMD_MESSAGE_##name,
    DDMD_MESSAGE_KIND_MAP(KIND)
#undef KIND
};
const size_t sample_n_kinds = sizeof sample_kinds / sizeof *sample_kinds;

static void fill_bytes(void *bytes, size_t n, ddmd_random *random)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)ddmd_random_u32(random);
}

/* Any bits are a number that must arrive as it is, NaN among them. */
#define FILL(x) fill_bytes(&(x), sizeof(x), random)

static void fill_text(char *text, size_t size, ddmd_random *random)
{
    size_t length = ddmd_random_below(random, (uint32_t)size);
    memset(text, 0, size);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(' ' + ddmd_random_below(random, 95));
}

static size_t some(ddmd_random *random, uint32_t most)
{
    return ddmd_random_below(random, most + 1);
}

static enum ddmd_activity_kind some_activity(ddmd_random *random)
{
    return (enum ddmd_activity_kind)(1 + ddmd_random_below(random, DDMD_ACTIVITY_stop));
}

static void fill_failures(sample *s, size_t n, ddmd_random *random)
{
    for (size_t i = 0; i < n; i++) {
        FILL(s->failures[i]);
        fill_text(s->failures[i].reason, sizeof s->failures[i].reason, random);
    }
}

static void fill_activity(sample *s, ddmd_random *random)
{
    s->activity = (ddmd_activity){.n = some(random, SAMPLE_ENTRIES),
                                  .spans = s->spans,
                                  .now_s = ddmd_random_normal(random),
                                  .now_wall_s = 1e9 * ddmd_random_uniform(random)};
    for (size_t i = 0; i < s->activity.n; i++) {
        s->spans[i].kind = some_activity(random);
        s->spans[i].from_s = ddmd_random_normal(random);
        s->spans[i].to_s = s->spans[i].from_s + ddmd_random_uniform(random);
    }
}

static void fill_frames(sample *s, ddmd_random *random)
{
    FILL(s->positions);
    FILL(s->velocities);
    FILL(s->maps);
    s->frames = (ddmd_frames){.n_atoms = some(random, SAMPLE_ATOMS),
                              .n_points = some(random, SAMPLE_POINTS),
                              .velocities = some(random, 1),
                              .n_frames = some(random, SAMPLE_ENTRIES),
                              .n_failures = some(random, 2),
                              .frames = s->live,
                              .failures = s->failures};
    for (size_t i = 0; i < s->frames.n_frames; i++) {
        FILL(s->live[i]);
        s->live[i].frame.positions = s->positions[i];
        s->live[i].frame.velocities = s->velocities[i];
        s->live[i].frame.contact_map = s->maps[i];
    }
    fill_failures(s, s->frames.n_failures, random);
}

static void fill_durable(sample *s, ddmd_random *random)
{
    FILL(s->durable_frames);
    s->durable = (ddmd_durable){.n_frames = some(random, SAMPLE_ENTRIES),
                                .n_failures = some(random, 2),
                                .frames = s->durable_frames,
                                .failures = s->failures};
    fill_failures(s, s->durable.n_failures, random);
}

static void fill_features(sample *s, ddmd_random *random)
{
    FILL(s->maps);
    FILL(s->feature);
    s->features = (ddmd_features){.file = some(random, 1000),
                                  .first_row = UINT64_C(1) << some(random, 63),
                                  .n = some(random, SAMPLE_ENTRIES),
                                  .n_points = some(random, SAMPLE_POINTS),
                                  .features = s->feature};
    for (size_t i = 0; i < SAMPLE_ENTRIES; i++)
        s->feature[i].map = s->maps[i];
}

static void fill_weights(sample *s, ddmd_random *random)
{
    FILL(s->weights);
    s->weights.kept = some(random, 1);
    memset(s->weights.path, 0, sizeof s->weights.path);
    if (s->weights.kept)
        snprintf(s->weights.path, sizeof s->weights.path, "models/model-%04u.h5",
                 s->weights.version);
}

static void fill_assign(sample *s, ddmd_random *random)
{
    FILL(s->assign);
    FILL(s->positions);
    FILL(s->velocities);
    s->assign.temperature_kelvin = 1 + 1000 * ddmd_random_uniform(random);
    s->assign.n_atoms = 1 + some(random, SAMPLE_ATOMS - 1);
    s->assign.positions = s->positions[0];
    s->assign.velocities = some(random, 1) ? s->velocities[0] : NULL;
}

void sample_fill(sample *s, enum ddmd_message_kind kind, ddmd_random *random)
{
    memset(s, 0, sizeof *s);
    s->kind = kind;
    switch (kind) {
    case DDMD_MESSAGE_HELLO:
        s->hello = (ddmd_hello){.pid = ddmd_random_u32(random),
                                .protocol = (uint16_t)ddmd_random_u32(random),
                                .answer = some(random, 1),
                                .next = 1 + (uint64_t)ddmd_random_u32(random) * 1000003};
        break;
    case DDMD_MESSAGE_HEARTBEAT:
        FILL(s->heartbeat);
        s->heartbeat.activity = some_activity(random);
        fill_text(s->heartbeat.detail, sizeof s->heartbeat.detail, random);
        break;
    case DDMD_MESSAGE_STOP:
        s->stop.now = some(random, 1);
        fill_text(s->stop.reason, sizeof s->stop.reason, random);
        break;
    case DDMD_MESSAGE_FAILED:
        s->failed.error.status = (enum ddmd_status)(1 + ddmd_random_below(random, DDMD_CANCELLED));
        fill_text(s->failed.error.message, sizeof s->failed.error.message, random);
        break;
    case DDMD_MESSAGE_ACTIVITY:
        fill_activity(s, random);
        break;
    case DDMD_MESSAGE_ACK:
        FILL(s->ack);
        break;
    case DDMD_MESSAGE_FRAMES:
        fill_frames(s, random);
        break;
    case DDMD_MESSAGE_DURABLE:
        fill_durable(s, random);
        break;
    case DDMD_MESSAGE_FEATURES:
        fill_features(s, random);
        break;
    case DDMD_MESSAGE_WEIGHTS:
        fill_weights(s, random);
        break;
    case DDMD_MESSAGE_MODEL_CHECK:
        FILL(s->model_check);
        s->model_check.trained = some(random, 1);
        break;
    case DDMD_MESSAGE_RANKING:
        FILL(s->ranking);
        FILL(s->ranked);
        s->ranking.n = some(random, SAMPLE_ENTRIES);
        s->ranking.points = s->ranked;
        break;
    case DDMD_MESSAGE_UNPRODUCTIVE:
        FILL(s->idle);
        s->unproductive = (ddmd_unproductive){.model_version = ddmd_random_u32(random),
                                              .n = some(random, SAMPLE_ENTRIES),
                                              .simulations = s->idle};
        break;
    case DDMD_MESSAGE_ASSIGN:
        fill_assign(s, random);
        break;
    case DDMD_MESSAGE_RELEASE:
        FILL(s->release);
        break;
    }
}

enum ddmd_status sample_encode(const sample *s, ddmd_message **message, ddmd_error *err)
{
    switch (s->kind) {
#define ENCODE(kind, name)    \
    case DDMD_MESSAGE_##kind: \
        return ddmd_##name##_encode(&s->name, message, err);
        ENCODE(HELLO, hello)
        ENCODE(HEARTBEAT, heartbeat)
        ENCODE(STOP, stop)
        ENCODE(FAILED, failed)
        ENCODE(ACTIVITY, activity)
        ENCODE(ACK, ack)
        ENCODE(FRAMES, frames)
        ENCODE(DURABLE, durable)
        ENCODE(FEATURES, features)
        ENCODE(WEIGHTS, weights)
        ENCODE(RANKING, ranking)
        ENCODE(MODEL_CHECK, model_check)
        ENCODE(UNPRODUCTIVE, unproductive)
        ENCODE(ASSIGN, assign)
        ENCODE(RELEASE, release)
#undef ENCODE
    }
    return DDMD_INVALID;
}

/* The same bits; == would fail for NaN. */
#define SAME(a, b)                                  \
    do {                                            \
        assert_int_equal(sizeof(a), sizeof(b));     \
        assert_memory_equal(&(a), &(b), sizeof(a)); \
    } while (0)

static void expect_control(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    if (s->kind == DDMD_MESSAGE_HELLO) {
        ddmd_hello hello;
        ASSERT_OK(ddmd_hello_decode(message, &hello, &err), &err);
        SAME(hello.pid, s->hello.pid);
        SAME(hello.protocol, s->hello.protocol);
        SAME(hello.answer, s->hello.answer);
        SAME(hello.next, s->hello.next);
    } else if (s->kind == DDMD_MESSAGE_HEARTBEAT) {
        ddmd_heartbeat heartbeat;
        ASSERT_OK(ddmd_heartbeat_decode(message, &heartbeat, &err), &err);
        SAME(heartbeat.counter, s->heartbeat.counter);
        SAME(heartbeat.done, s->heartbeat.done);
        SAME(heartbeat.activity, s->heartbeat.activity);
        assert_string_equal(heartbeat.detail, s->heartbeat.detail);
    } else if (s->kind == DDMD_MESSAGE_STOP) {
        ddmd_stop stop;
        ASSERT_OK(ddmd_stop_decode(message, &stop, &err), &err);
        SAME(stop.now, s->stop.now);
        assert_string_equal(stop.reason, s->stop.reason);
    } else if (s->kind == DDMD_MESSAGE_FAILED) {
        ddmd_failed failed;
        ASSERT_OK(ddmd_failed_decode(message, &failed, &err), &err);
        SAME(failed.error.status, s->failed.error.status);
        assert_string_equal(failed.error.message, s->failed.error.message);
    } else if (s->kind == DDMD_MESSAGE_ACK) {
        ddmd_ack ack;
        ASSERT_OK(ddmd_ack_decode(message, &ack, &err), &err);
        SAME(ack.epoch, s->ack.epoch);
        SAME(ack.sequence, s->ack.sequence);
    } else {
        ddmd_activity activity;
        ASSERT_OK(ddmd_activity_decode(message, &activity, &err), &err);
        assert_int_equal(activity.n, s->activity.n);
        SAME(activity.now_s, s->activity.now_s);
        SAME(activity.now_wall_s, s->activity.now_wall_s);
        for (size_t i = 0; i < activity.n; i++) {
            ddmd_activity_span span = ddmd_activity_span_at(message, i);
            SAME(span.kind, s->spans[i].kind);
            SAME(span.from_s, s->spans[i].from_s);
            SAME(span.to_s, s->spans[i].to_s);
        }
    }
}

static void expect_failure(const ddmd_replica_failure *failure, const ddmd_replica_failure *wanted)
{
    SAME(failure->replica, wanted->replica);
    SAME(failure->simulation, wanted->simulation);
    SAME(failure->step, wanted->step);
    assert_string_equal(failure->reason, wanted->reason);
}

static void expect_frame(const sample *s, const ddmd_live_frame *live, size_t i)
{
    const ddmd_frame *frame = &live->frame, *wanted = &s->live[i].frame;
    size_t xyz = s->frames.n_atoms * 3 * sizeof(float);
    SAME(frame->simulation, wanted->simulation);
    SAME(frame->index, wanted->index);
    SAME(frame->system, wanted->system);
    SAME(frame->step, wanted->step);
    SAME(frame->time_ps, wanted->time_ps);
    SAME(frame->potential_energy, wanted->potential_energy);
    SAME(frame->kinetic_energy, wanted->kinetic_energy);
    SAME(frame->rmsd_nm, wanted->rmsd_nm);
    SAME(frame->radius_of_gyration_nm, wanted->radius_of_gyration_nm);
    SAME(live->replica, s->live[i].replica);
    SAME(live->created_s, s->live[i].created_s);
    SAME(live->created_wall_s, s->live[i].created_wall_s);
    assert_int_equal((uintptr_t)frame->positions % sizeof(float), 0);
    assert_memory_equal(frame->positions, wanted->positions, xyz);
    assert_memory_equal(frame->contact_map, wanted->contact_map,
                        ddmd_contact_map_bytes(s->frames.n_points));
    if (s->frames.velocities)
        assert_memory_equal(frame->velocities, wanted->velocities, xyz);
    else
        assert_null(frame->velocities);
}

static void expect_frames(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_frames frames;
    ddmd_live_frame live;
    ddmd_replica_failure failure;
    ASSERT_OK(ddmd_frames_decode(message, &frames, &err), &err);
    assert_int_equal(frames.n_atoms, s->frames.n_atoms);
    assert_int_equal(frames.n_points, s->frames.n_points);
    assert_int_equal(frames.n_frames, s->frames.n_frames);
    assert_int_equal(frames.n_failures, s->frames.n_failures);
    assert_int_equal(frames.velocities, s->frames.velocities);
    for (size_t i = 0; i < frames.n_frames; i++) {
        ddmd_frames_frame(message, i, &live);
        expect_frame(s, &live, i);
    }
    for (size_t i = 0; i < frames.n_failures; i++) {
        ddmd_frames_failure(message, i, &failure);
        expect_failure(&failure, &s->failures[i]);
    }
}

static void expect_durable(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_durable durable;
    ddmd_durable_frame frame;
    ddmd_replica_failure failure;
    ASSERT_OK(ddmd_durable_decode(message, &durable, &err), &err);
    assert_int_equal(durable.n_frames, s->durable.n_frames);
    assert_int_equal(durable.n_failures, s->durable.n_failures);
    for (size_t i = 0; i < durable.n_frames; i++) {
        const ddmd_durable_frame *wanted = &s->durable_frames[i];
        ddmd_durable_frame_at(message, i, &frame);
        SAME(frame.simulation, wanted->simulation);
        SAME(frame.index, wanted->index);
        SAME(frame.replica, wanted->replica);
        SAME(frame.rmsd_nm, wanted->rmsd_nm);
        SAME(frame.step, wanted->step);
        SAME(frame.time_ps, wanted->time_ps);
        SAME(frame.file, wanted->file);
        SAME(frame.row, wanted->row);
        SAME(frame.created_s, wanted->created_s);
        SAME(frame.created_wall_s, wanted->created_wall_s);
    }
    for (size_t i = 0; i < durable.n_failures; i++) {
        ddmd_durable_failure(message, i, &failure);
        expect_failure(&failure, &s->failures[i]);
    }
}

static void expect_features(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_features features;
    ddmd_feature feature;
    size_t bytes = ddmd_contact_map_bytes(s->features.n_points);
    ASSERT_OK(ddmd_features_decode(message, &features, &err), &err);
    assert_int_equal(features.file, s->features.file);
    assert_int_equal(features.first_row, s->features.first_row);
    assert_int_equal(features.n, s->features.n);
    assert_int_equal(features.n_points, s->features.n_points);
    for (size_t i = 0; i < features.n; i++) {
        ddmd_features_at(message, i, &feature);
        SAME(feature.simulation, s->feature[i].simulation);
        SAME(feature.index, s->feature[i].index);
        SAME(feature.system, s->feature[i].system);
        SAME(feature.rmsd_nm, s->feature[i].rmsd_nm);
        SAME(feature.created_s, s->feature[i].created_s);
        assert_ptr_equal(feature.map, features.maps + i * bytes);
        assert_memory_equal(feature.map, s->maps[i], bytes);
    }
}

static void expect_weights(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_weights weights;
    ASSERT_OK(ddmd_weights_decode(message, &weights, &err), &err);
    SAME(weights.version, s->weights.version);
    SAME(weights.latent_dim, s->weights.latent_dim);
    SAME(weights.n_samples, s->weights.n_samples);
    SAME(weights.n_maps, s->weights.n_maps);
    SAME(weights.epochs, s->weights.epochs);
    SAME(weights.kept, s->weights.kept);
    SAME(weights.train_loss, s->weights.train_loss);
    SAME(weights.validation_loss, s->weights.validation_loss);
    SAME(weights.train_reconstruction, s->weights.train_reconstruction);
    SAME(weights.validation_reconstruction, s->weights.validation_reconstruction);
    SAME(weights.seconds, s->weights.seconds);
    assert_string_equal(weights.path, s->weights.path);
}

static void expect_model_check(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_model_check check;
    ASSERT_OK(ddmd_model_check_decode(message, &check, &err), &err);
    SAME(check.version, s->model_check.version);
    SAME(check.trained, s->model_check.trained);
    SAME(check.n_frames, s->model_check.n_frames);
    SAME(check.n_maps, s->model_check.n_maps);
    SAME(check.reconstruction, s->model_check.reconstruction);
    SAME(check.reference_reconstruction, s->model_check.reference_reconstruction);
}

static void expect_ranking(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_ranking ranking;
    ddmd_ranked point;
    ASSERT_OK(ddmd_ranking_decode(message, &ranking, &err), &err);
    SAME(ranking.model_version, s->ranking.model_version);
    SAME(ranking.round, s->ranking.round);
    SAME(ranking.n_candidates, s->ranking.n_candidates);
    SAME(ranking.eps, s->ranking.eps);
    SAME(ranking.n_outliers, s->ranking.n_outliers);
    SAME(ranking.n_clusters, s->ranking.n_clusters);
    SAME(ranking.best_rmsd_nm, s->ranking.best_rmsd_nm);
    SAME(ranking.mean_rmsd_nm, s->ranking.mean_rmsd_nm);
    SAME(ranking.seconds, s->ranking.seconds);
    SAME(ranking.decision_median_s, s->ranking.decision_median_s);
    SAME(ranking.decision_p95_s, s->ranking.decision_p95_s);
    assert_int_equal(ranking.n, s->ranking.n);
    for (size_t i = 0; i < ranking.n; i++) {
        ddmd_ranking_at(message, i, &point);
        SAME(point.simulation, s->ranked[i].simulation);
        SAME(point.frame, s->ranked[i].frame);
        SAME(point.score, s->ranked[i].score);
        SAME(point.lof, s->ranked[i].lof);
        SAME(point.rmsd_nm, s->ranked[i].rmsd_nm);
        SAME(point.cluster, s->ranked[i].cluster);
    }
}

static void expect_unproductive(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_unproductive unproductive;
    ddmd_idle idle;
    ASSERT_OK(ddmd_unproductive_decode(message, &unproductive, &err), &err);
    SAME(unproductive.model_version, s->unproductive.model_version);
    assert_int_equal(unproductive.n, s->unproductive.n);
    for (size_t i = 0; i < unproductive.n; i++) {
        ddmd_unproductive_at(message, i, &idle);
        SAME(idle.simulation, s->idle[i].simulation);
        SAME(idle.n_frames, s->idle[i].n_frames);
        SAME(idle.score, s->idle[i].score);
    }
}

static void expect_assign(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_assign assign;
    size_t xyz = s->assign.n_atoms * 3 * sizeof(float);
    ASSERT_OK(ddmd_assign_decode(message, &assign, &err), &err);
    SAME(assign.replica, s->assign.replica);
    SAME(assign.simulation, s->assign.simulation);
    SAME(assign.first_frame, s->assign.first_frame);
    SAME(assign.first_step, s->assign.first_step);
    SAME(assign.temperature_kelvin, s->assign.temperature_kelvin);
    assert_int_equal(assign.n_atoms, s->assign.n_atoms);
    assert_memory_equal(assign.positions, s->assign.positions, xyz);
    assert_int_equal(assign.velocities != NULL, s->assign.velocities != NULL);
    if (assign.velocities)
        assert_memory_equal(assign.velocities, s->assign.velocities, xyz);
}

static void expect_release(const sample *s, const ddmd_message *message)
{
    ddmd_error err = {0};
    ddmd_release release;
    ASSERT_OK(ddmd_release_decode(message, &release, &err), &err);
    SAME(release.replica, s->release.replica);
    SAME(release.simulation, s->release.simulation);
}

void sample_expect(const sample *s, const ddmd_message *message)
{
    switch (s->kind) {
    case DDMD_MESSAGE_HELLO:
    case DDMD_MESSAGE_HEARTBEAT:
    case DDMD_MESSAGE_STOP:
    case DDMD_MESSAGE_FAILED:
    case DDMD_MESSAGE_ACTIVITY:
    case DDMD_MESSAGE_ACK:
        expect_control(s, message);
        break;
    case DDMD_MESSAGE_FRAMES:
        expect_frames(s, message);
        break;
    case DDMD_MESSAGE_DURABLE:
        expect_durable(s, message);
        break;
    case DDMD_MESSAGE_FEATURES:
        expect_features(s, message);
        break;
    case DDMD_MESSAGE_WEIGHTS:
        expect_weights(s, message);
        break;
    case DDMD_MESSAGE_RANKING:
        expect_ranking(s, message);
        break;
    case DDMD_MESSAGE_MODEL_CHECK:
        expect_model_check(s, message);
        break;
    case DDMD_MESSAGE_UNPRODUCTIVE:
        expect_unproductive(s, message);
        break;
    case DDMD_MESSAGE_ASSIGN:
        expect_assign(s, message);
        break;
    case DDMD_MESSAGE_RELEASE:
        expect_release(s, message);
        break;
    }
}
