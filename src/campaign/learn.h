/*
 * What is learnt, in both modes: every latent dimension of the configuration is trained on a window
 * of contact maps, and the one with the lowest held-out reconstruction loss is kept. With
 * train_when: needed, the model that there is may be found good enough for new frames.
 */
#ifndef DDMD_CAMPAIGN_LEARN_H
#define DDMD_CAMPAIGN_LEARN_H

#include "campaign/map_window.h"
#include "ddmd/config.h"
#include "ddmd/model.h"
#include "ddmd/store.h"

/* All are loans. */
typedef struct ddmd_learner {
    const ddmd_config *config;
    const char *run_dir;
    size_t n_points;                                                   /* of a contact map */
    bool (*on_epoch)(void *user, const ddmd_model_progress *progress); /* false: CANCELLED */
    void *user;
} ddmd_learner;

/*
 * Train each latent dimension on the set, from the weights of version `newest` where training goes
 * on from them (0: there are none), and save it as version newest + 1. rows: [latent_dim.n], filled
 * but for `round`; one of them is kept. *best: which. A dimension whose loss does not stay finite
 * has losses of NaN and is not kept; NUMERIC: none did, and the weights in use should stay.
 */
enum ddmd_status ddmd_learn(const ddmd_learner *learner, const ddmd_map_set *set, uint32_t newest,
                            ddmd_model_row *rows, size_t *best, ddmd_error *err);

/* A row of a training, for the log. */
void ddmd_learn_describe(const ddmd_config *config, const ddmd_model_row *row, char *buffer,
                         size_t size);

/*
 * Reconstruct the maps of new frames with the weights that are in use. check: filled but for
 * `round`; `trained` where they do so badly that training is worth it (model.retrain_margin).
 */
enum ddmd_status ddmd_learn_check(const ddmd_learner *learner, const ddmd_map_set *set,
                                  const ddmd_model_row *newest, ddmd_model_check_row *check,
                                  ddmd_error *err);

/* What it found, for the log. */
void ddmd_learn_describe_check(const ddmd_model_check_row *check, char *buffer, size_t size);

/* Does the configuration ask for that check before a training? */
bool ddmd_learn_is_checked(const ddmd_config *config);

#endif
