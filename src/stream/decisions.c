#include "stream/decisions.h"

#include "core/try.h"
#include "stream/wire.h"

enum {
    RANKING_SIZE = 80,
    RANKED_SIZE = 32,
    UNPRODUCTIVE_SIZE = 8,
    IDLE_SIZE = 16,
    RELEASE_SIZE = 8
};

enum ddmd_status ddmd_ranking_encode(const ddmd_ranking *ranking, ddmd_message **message,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if (ranking->n > DDMD_RANKING_MAX)
        DDMD_FAIL(err, DDMD_INVALID, "a message RANKING of %zu points; the limit is %d", ranking->n,
                  DDMD_RANKING_MAX);
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_RANKING,
                                 RANKING_SIZE + (uint64_t)ranking->n * RANKED_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, ranking->model_version);
    ddmd_wire_put_u32(&wire, ranking->round);
    ddmd_wire_put_u64(&wire, ranking->n_candidates);
    ddmd_wire_put_f64(&wire, ranking->eps);
    ddmd_wire_put_u64(&wire, ranking->n_outliers);
    ddmd_wire_put_u64(&wire, ranking->n_clusters);
    ddmd_wire_put_f32(&wire, ranking->best_rmsd_nm);
    ddmd_wire_put_f32(&wire, ranking->mean_rmsd_nm);
    ddmd_wire_put_f64(&wire, ranking->seconds);
    ddmd_wire_put_f64(&wire, ranking->decision_median_s);
    ddmd_wire_put_f64(&wire, ranking->decision_p95_s);
    ddmd_wire_put_u32(&wire, (uint32_t)ranking->n);
    ddmd_wire_put_zeros(&wire, 4);
    for (size_t i = 0; i < ranking->n; i++) {
        const ddmd_ranked *point = &ranking->points[i];
        ddmd_wire_put_u32(&wire, point->simulation);
        ddmd_wire_put_u32(&wire, point->frame);
        ddmd_wire_put_f64(&wire, point->score);
        ddmd_wire_put_f64(&wire, point->lof);
        ddmd_wire_put_f32(&wire, point->rmsd_nm);
        ddmd_wire_put_i32(&wire, point->cluster);
    }
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_ranking_decode(const ddmd_message *message, ddmd_ranking *ranking,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_RANKING, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_ranking read = {.model_version = ddmd_wire_get_u32(&wire)};
    read.round = ddmd_wire_get_u32(&wire);
    read.n_candidates = ddmd_wire_get_u64(&wire);
    read.eps = ddmd_wire_get_f64(&wire);
    read.n_outliers = ddmd_wire_get_u64(&wire);
    read.n_clusters = ddmd_wire_get_u64(&wire);
    read.best_rmsd_nm = ddmd_wire_get_f32(&wire);
    read.mean_rmsd_nm = ddmd_wire_get_f32(&wire);
    read.seconds = ddmd_wire_get_f64(&wire);
    read.decision_median_s = ddmd_wire_get_f64(&wire);
    read.decision_p95_s = ddmd_wire_get_f64(&wire);
    read.n = ddmd_wire_get_u32(&wire);
    ddmd_wire_get_zeros(&wire, 4);
    wire.failed |= read.n > DDMD_RANKING_MAX;
    if (!wire.failed)
        (void)ddmd_wire_skip(&wire, read.n * RANKED_SIZE);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *ranking = read;
out:
    return status;
}

void ddmd_ranking_at(const ddmd_message *message, size_t i, ddmd_ranked *point)
{
    ddmd_wire wire = ddmd_wire_of(message, RANKING_SIZE + i * RANKED_SIZE);
    point->simulation = ddmd_wire_get_u32(&wire);
    point->frame = ddmd_wire_get_u32(&wire);
    point->score = ddmd_wire_get_f64(&wire);
    point->lof = ddmd_wire_get_f64(&wire);
    point->rmsd_nm = ddmd_wire_get_f32(&wire);
    point->cluster = ddmd_wire_get_i32(&wire);
}

enum ddmd_status ddmd_unproductive_encode(const ddmd_unproductive *unproductive,
                                          ddmd_message **message, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    if (unproductive->n > DDMD_RANKING_MAX)
        DDMD_FAIL(err, DDMD_INVALID, "a message UNPRODUCTIVE of %zu simulations; the limit is %d",
                  unproductive->n, DDMD_RANKING_MAX);
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_UNPRODUCTIVE,
                                 UNPRODUCTIVE_SIZE + (uint64_t)unproductive->n * IDLE_SIZE, &made,
                                 err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, unproductive->model_version);
    ddmd_wire_put_u32(&wire, (uint32_t)unproductive->n);
    for (size_t i = 0; i < unproductive->n; i++) {
        ddmd_wire_put_u32(&wire, unproductive->simulations[i].simulation);
        ddmd_wire_put_u32(&wire, unproductive->simulations[i].n_frames);
        ddmd_wire_put_f64(&wire, unproductive->simulations[i].score);
    }
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_unproductive_decode(const ddmd_message *message,
                                          ddmd_unproductive *unproductive, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_UNPRODUCTIVE, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_unproductive read = {.model_version = ddmd_wire_get_u32(&wire)};
    read.n = ddmd_wire_get_u32(&wire);
    wire.failed |= read.n > DDMD_RANKING_MAX;
    if (!wire.failed)
        (void)ddmd_wire_skip(&wire, read.n * IDLE_SIZE);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *unproductive = read;
out:
    return status;
}

void ddmd_unproductive_at(const ddmd_message *message, size_t i, ddmd_idle *simulation)
{
    ddmd_wire wire = ddmd_wire_of(message, UNPRODUCTIVE_SIZE + i * IDLE_SIZE);
    simulation->simulation = ddmd_wire_get_u32(&wire);
    simulation->n_frames = ddmd_wire_get_u32(&wire);
    simulation->score = ddmd_wire_get_f64(&wire);
}

enum ddmd_status ddmd_release_encode(const ddmd_release *release, ddmd_message **message,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_message *made = NULL;
    DDMD_TRY(ddmd_message_create(DDMD_MESSAGE_RELEASE, RELEASE_SIZE, &made, err));
    ddmd_wire wire = ddmd_wire_of(made, 0);
    ddmd_wire_put_u32(&wire, release->replica);
    ddmd_wire_put_u32(&wire, release->simulation);
    *message = made;
out:
    return status;
}

enum ddmd_status ddmd_release_decode(const ddmd_message *message, ddmd_release *release,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_wire_expect(message, DDMD_MESSAGE_RELEASE, err));
    ddmd_wire wire = ddmd_wire_of(message, 0);
    ddmd_release read = {.replica = ddmd_wire_get_u32(&wire)};
    read.simulation = ddmd_wire_get_u32(&wire);
    DDMD_TRY(ddmd_wire_end(&wire, message, err));
    *release = read;
out:
    return status;
}
