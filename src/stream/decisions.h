/*
 * Models, rankings and what replicas do next.
 *
 * Decoders: FORMAT where the payload does not follow its layout, INVALID where the message is of
 * another kind. Lists are read entry by entry from a message that was decoded without error.
 */
#ifndef DDMD_STREAM_DECISIONS_H
#define DDMD_STREAM_DECISIONS_H

#include "stream/control.h"
#include "stream/message.h"

enum { DDMD_WEIGHTS_PATH_SIZE = 1024, DDMD_RANKING_MAX = 1 << 20 };

/*
 * WEIGHTS, train -> infer and coordinator: a model was trained. One message for each latent
 * dimension that was tried; the one that is kept comes last.
 */
typedef struct ddmd_weights {
    uint32_t version; /* from 1 */
    uint32_t latent_dim;
    uint64_t n_samples; /* frames that it was trained on, held-out ones included, */
    uint64_t n_maps;    /* and distinct contact maps among them */
    uint32_t epochs;
    bool kept;                          /* and infer is to use it */
    double train_loss, validation_loss; /* reconstruction + kl, nats a map; NaN: none held out */
    double train_reconstruction, validation_reconstruction;
    double seconds;                    /* the training took */
    char path[DDMD_WEIGHTS_PATH_SIZE]; /* of the checkpoint, relative to the run directory, which is
                                          complete on disk by now; "" where not kept */
} ddmd_weights;
enum ddmd_status ddmd_weights_encode(const ddmd_weights *weights, ddmd_message **message,
                                     ddmd_error *err);
/* FORMAT also where a path is absolute or leads out of the run directory. */
enum ddmd_status ddmd_weights_decode(const ddmd_message *message, ddmd_weights *weights,
                                     ddmd_error *err);

/*
 * MODEL_CHECK, train -> coordinator: a model was tried on frames that it had not seen, to see
 * whether it has to be trained on them.
 */
typedef struct ddmd_model_check {
    uint32_t version;                /* of the model that was tried */
    bool trained;                    /* a training follows; false: the weights stay */
    uint64_t n_frames, n_maps;       /* new frames, and distinct contact maps among them */
    double reconstruction;           /* of these, nats a map */
    double reference_reconstruction; /* of maps held out when the model was trained */
} ddmd_model_check;
enum ddmd_status ddmd_model_check_encode(const ddmd_model_check *check, ddmd_message **message,
                                         ddmd_error *err);
enum ddmd_status ddmd_model_check_decode(const ddmd_message *message, ddmd_model_check *check,
                                         ddmd_error *err);

/* RANKING, infer -> coordinator: restart points, best first, replacing those before. */
typedef struct ddmd_ranked {
    uint32_t simulation, frame;
    double score;    /* what it was ranked by (smaller is better); 0 where by nothing */
    double lof;      /* NaN: not computed */
    float rmsd_nm;   /* NaN: no reference */
    int32_t cluster; /* nearest DBSCAN cluster; -1: none */
} ddmd_ranked;

typedef struct ddmd_ranking {
    uint32_t model_version; /* 0: the strategy does not learn */
    uint32_t round;         /* counts rankings, from 1 */
    uint64_t n_candidates;  /* frames that were looked at */
    double eps;             /* 0: no DBSCAN */
    uint64_t n_outliers, n_clusters;
    float best_rmsd_nm, mean_rmsd_nm;         /* of frames that were not looked at before; NaN: no
                                                 reference */
    double seconds;                           /* it took */
    double decision_median_s, decision_p95_s; /* from creation of a frame to its place in the
                                                 ranking; NaN: no new frame */
    size_t n;
    const ddmd_ranked *points; /* [n]; encoding only, NULL when decoded */
} ddmd_ranking;
enum ddmd_status ddmd_ranking_encode(const ddmd_ranking *ranking, ddmd_message **message,
                                     ddmd_error *err);
enum ddmd_status ddmd_ranking_decode(const ddmd_message *message, ddmd_ranking *ranking,
                                     ddmd_error *err);
void ddmd_ranking_at(const ddmd_message *message, size_t i, ddmd_ranked *point);

/*
 * UNPRODUCTIVE, infer -> coordinator: running simulations that found nothing new of late, worst
 * first.
 */
typedef struct ddmd_idle {
    uint32_t simulation;
    uint32_t n_frames; /* newest frames that were judged */
    double score;      /* 0 .. 1: share of them that is new to the model; small is unproductive */
} ddmd_idle;

typedef struct ddmd_unproductive {
    uint32_t model_version;
    size_t n;
    const ddmd_idle *simulations; /* [n]; encoding only, NULL when decoded */
} ddmd_unproductive;
enum ddmd_status ddmd_unproductive_encode(const ddmd_unproductive *unproductive,
                                          ddmd_message **message, ddmd_error *err);
enum ddmd_status ddmd_unproductive_decode(const ddmd_message *message,
                                          ddmd_unproductive *unproductive, ddmd_error *err);
void ddmd_unproductive_at(const ddmd_message *message, size_t i, ddmd_idle *simulation);

/*
 * ASSIGN, coordinator -> simulate: start this simulation in this replica, in place of what runs
 * there; or go on with one whose process died (first_frame and first_step are then not 0).
 */
typedef struct ddmd_assign {
    uint32_t replica;
    uint32_t simulation;
    uint32_t first_frame;      /* index of the first frame to come */
    uint64_t first_step;       /* step of the start in its simulation */
    double temperature_kelvin; /* > 0 */
    size_t n_atoms;
    const float *positions;  /* [n_atoms][3], nm; when decoded, in the message */
    const float *velocities; /* [n_atoms][3], nm/ps; NULL: to be drawn */
} ddmd_assign;
enum ddmd_status ddmd_assign_encode(const ddmd_assign *assign, ddmd_message **message,
                                    ddmd_error *err);
enum ddmd_status ddmd_assign_decode(const ddmd_message *message, ddmd_assign *assign,
                                    ddmd_error *err);

/* RELEASE, coordinator -> simulate: stop what runs in this replica, where it still is this one. */
typedef struct ddmd_release {
    uint32_t replica;
    uint32_t simulation;
} ddmd_release;
enum ddmd_status ddmd_release_encode(const ddmd_release *release, ddmd_message **message,
                                     ddmd_error *err);
enum ddmd_status ddmd_release_decode(const ddmd_message *message, ddmd_release *release,
                                     ddmd_error *err);

#endif
