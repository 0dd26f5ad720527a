/*
 * Phase train: what there is to learn is learnt from the window of the newest contact maps; with
 * train_when: needed, only where the model that there is does badly on the new frames.
 */
#include "campaign/learn.h"
#include "campaign/state.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

static bool on_epoch(void *user, const ddmd_model_progress *p)
{
    ddmd_campaign *c = user;
    ddmd_campaign_tell(c, DDMD_PHASE_train, (double)p->epoch / p->epochs, p->epoch == 1,
                       "latent_dim %d, epoch %d of %d, loss %.2f", p->latent_dim, p->epoch,
                       p->epochs, p->train.reconstruction + p->train.kl);
    return !ddmd_campaign_stop_asked(c);
}

static ddmd_learner learner_of(ddmd_campaign *c)
{
    return (ddmd_learner){
        .config = c->config,
        .run_dir = c->run_dir,
        .n_points = c->subject->n_points,
        .on_epoch = on_epoch,
        .user = c,
    };
}

/* check: what led to the training; round 0 where it was not asked for. */
static enum ddmd_status train_all(ddmd_campaign *c, double from, const ddmd_model_check_row *check,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n_dims = c->config->model.latent_dim.n, best = 0;
    ddmd_map_set set = {0};
    ddmd_model_row *rows = NULL;
    char text[256];
    const ddmd_learner learner = learner_of(c);

    DDMD_TRY(ddmd_array_alloc(&rows, n_dims, sizeof *rows, err));
    DDMD_TRY(ddmd_campaign_newest_maps(c, (size_t)c->config->model.max_samples, &set, err));
    DDMD_TRY(ddmd_learn(&learner, &set, c->row.model_version, rows, &best, err));
    for (size_t i = 0; i < n_dims; i++)
        rows[i].round = c->row.round;

    DDMD_TRY(ddmd_catalogue_begin(c->catalogue, err));
    for (size_t i = 0; i < n_dims; i++)
        DDMD_TRY(ddmd_catalogue_add_model(c->catalogue, &rows[i], err));
    if (check->round > 0)
        DDMD_TRY(ddmd_catalogue_add_model_check(c->catalogue, check, err));
    DDMD_TRY(ddmd_catalogue_add_activity(c->catalogue, "train", 0, "compute", c->row.round, from,
                                         ddmd_campaign_elapsed(c), err));
    c->row.model_version = rows[best].version;
    c->row.phase = DDMD_PHASE_infer;
    DDMD_TRY(ddmd_campaign_put_row(c, err));
    DDMD_TRY(ddmd_catalogue_commit(c->catalogue, err));
    for (size_t i = 0; i < n_dims; i++) {
        ddmd_learn_describe(c->config, &rows[i], text, sizeof text);
        ddmd_log_line(&c->log, isnan(rows[i].train_loss) ? DDMD_LOG_WARNING : DDMD_LOG_INFO,
                      "round %u: %s", c->row.round, text);
    }
out:
    if (status != DDMD_OK)
        ddmd_catalogue_rollback(c->catalogue);
    ddmd_map_set_clear(&set);
    free(rows);
    return status;
}

/* Reconstruct the contact maps of the round's new frames with the model that is in use. */
static enum ddmd_status check_model(ddmd_campaign *c, ddmd_model_check_row *check, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model_row newest;
    ddmd_map_set set = {0};
    char text[256];
    const ddmd_learner learner = learner_of(c);
    ddmd_campaign_tell(c, DDMD_PHASE_train, NAN, true, "trying the model on new frames");
    DDMD_TRY(ddmd_catalogue_newest_model(c->catalogue, &newest, err));
    DDMD_TRY(
        ddmd_campaign_newest_maps(c, (size_t)(c->row.n_frames - c->row.round_frame), &set, err));
    DDMD_TRY(ddmd_learn_check(&learner, &set, &newest, check, err));
    check->round = c->row.round;
    ddmd_learn_describe_check(check, text, sizeof text);
    ddmd_log_line(&c->log, DDMD_LOG_INFO, "round %u: %s", check->round, text);
out:
    ddmd_map_set_clear(&set);
    return status;
}

/* End the phase without a training; check as for train_all(). */
static enum ddmd_status skip(ddmd_campaign *c, double from, const ddmd_model_check_row *check,
                             ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_catalogue_begin(c->catalogue, err));
    if (check->round > 0) {
        DDMD_TRY(ddmd_catalogue_add_model_check(c->catalogue, check, err));
        DDMD_TRY(ddmd_catalogue_add_activity(c->catalogue, "train", 0, "evaluate", c->row.round,
                                             from, ddmd_campaign_elapsed(c), err));
    }
    c->row.phase = DDMD_PHASE_infer;
    DDMD_TRY(ddmd_campaign_put_row(c, err));
    DDMD_TRY(ddmd_catalogue_commit(c->catalogue, err));
out:
    if (status != DDMD_OK)
        ddmd_catalogue_rollback(c->catalogue);
    return status;
}

enum ddmd_status ddmd_phase_train(ddmd_campaign *c, ddmd_error *err)
{
    double from = ddmd_campaign_elapsed(c);
    ddmd_model_check_row check = {0};
    bool learns = c->strategy.needs & DDMD_STRATEGY_EMBEDDING;
    bool train = learns && c->row.n_frames > 0 &&
                 (c->row.model_version == 0 ||
                  (c->row.round - 1) % (uint32_t)c->config->model.train_every == 0);
    if (train && c->row.model_version > 0 && ddmd_learn_is_checked(c->config)) {
        enum ddmd_status status = check_model(c, &check, err);
        if (status != DDMD_OK)
            return status;
        train = check.trained;
    }
    if (!train)
        return skip(c, from, &check, err);
    ddmd_error why = {0};
    enum ddmd_status status = train_all(c, from, &check, &why);
    if (status == DDMD_NUMERIC && c->row.model_version > 0) {
        ddmd_log_line(&c->log, DDMD_LOG_WARNING, "round %u: %s; model version %u stays in use",
                      c->row.round, why.message, c->row.model_version);
        check.trained = false;
        return skip(c, from, &check, err);
    }
    if (status != DDMD_OK && err)
        *err = why;
    return status;
}
