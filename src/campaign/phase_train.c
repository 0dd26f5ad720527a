/*
 * Phase train: every latent dimension of the configuration is trained on the window of the newest
 * contact maps; the one with the lowest held-out reconstruction loss is kept. With train_when:
 * needed, the model that there is may be found good enough for the new frames; its weights then
 * stay.
 */
#include "campaign/run_directory.h"
#include "campaign/state.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ddmd_campaign_model_file(char *buffer, size_t size, uint32_t version, int latent_dim)
{
    snprintf(buffer, size, "models/model-%04u-d%d.h5", version, latent_dim);
}

static bool on_epoch(void *user, const ddmd_model_progress *p)
{
    ddmd_campaign *c = user;
    ddmd_campaign_tell(c, DDMD_PHASE_train, (double)p->epoch / p->epochs, p->epoch == 1,
                       "latent_dim %d, epoch %d of %d, loss %.2f", p->latent_dim, p->epoch,
                       p->epochs, p->train.reconstruction + p->train.kl);
    return !ddmd_campaign_stop_asked(c);
}

/*
 * A model to train: the newest weights of this latent dimension where training goes on from them
 * and there are any, else fresh ones.
 */
static enum ddmd_status make_model(ddmd_campaign *c, int latent_dim, uint32_t version,
                                   ddmd_model **model, ddmd_error *err)
{
    const ddmd_model_options options = ddmd_subject_model_options(c->config);
    char name[128];
    if (c->config->model.warm_start && c->row.model_version > 0) {
        char *path = NULL;
        ddmd_campaign_model_file(name, sizeof name, c->row.model_version, latent_dim);
        enum ddmd_status status = ddmd_run_path(&path, c->run_dir, name, err);
        if (status == DDMD_OK)
            status = ddmd_model_load(path, options.threads, model, err);
        if (status == DDMD_OK)
            ddmd_model_set_version(*model, version);
        free(path);
        return status;
    }
    return ddmd_model_create(c->config->model.kind, &options, (int)c->subject->n_points, latent_dim,
                             version, model, err);
}

/* Train one latent dimension, save it, and fill its row. */
static enum ddmd_status train_one(ddmd_campaign *c, int latent_dim, uint32_t version,
                                  const ddmd_map_set *set, ddmd_model_row *row, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model *model = NULL;
    char *path = NULL;
    ddmd_model_progress last = {0};
    double from = ddmd_clock_monotonic();
    *row = (ddmd_model_row){
        .version = version,
        .round = c->row.round,
        .latent_dim = latent_dim,
        .n_samples = set->n_frames,
        .n_maps = set->n_maps,
    };
    ddmd_campaign_model_file(row->file, sizeof row->file, version, latent_dim);

    DDMD_TRY(make_model(c, latent_dim, version, &model, err));
    DDMD_TRY(ddmd_model_train(model, set->maps, set->counts, set->n_maps, on_epoch, c, &last, err));
    DDMD_TRY(ddmd_run_path(&path, c->run_dir, row->file, err));
    DDMD_TRY(ddmd_model_save(model, path, err));
    row->epochs = last.epoch;
    row->train_reconstruction = last.train.reconstruction;
    row->train_loss = last.train.reconstruction + last.train.kl;
    row->validation_reconstruction = last.validation.reconstruction;
    row->validation_loss = last.validation.reconstruction + last.validation.kl;
    row->seconds = ddmd_clock_monotonic() - from;
out:
    ddmd_model_destroy(&model);
    free(path);
    return status;
}

/* What the choice between latent dimensions is made by. */
static double choice_loss(const ddmd_model_row *row)
{
    return isnan(row->validation_reconstruction) ? row->train_reconstruction
                                                 : row->validation_reconstruction;
}

/* check: what led to the training; round 0 where it was not asked for. */
static enum ddmd_status train_all(ddmd_campaign *c, double from, const ddmd_model_check_row *check,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n_dims = c->config->model.latent_dim.n, best = 0;
    ddmd_map_set set = {0};
    ddmd_model_row *rows = NULL;
    uint32_t version = c->row.model_version + 1;

    DDMD_TRY(ddmd_array_alloc(&rows, n_dims, sizeof *rows, err));
    DDMD_TRY(ddmd_campaign_newest_maps(c, (size_t)c->config->model.max_samples, &set, err));
    for (size_t i = 0; i < n_dims; i++) {
        DDMD_TRY(train_one(c, c->config->model.latent_dim.items[i], version, &set, &rows[i], err));
        if (choice_loss(&rows[i]) < choice_loss(&rows[best]))
            best = i;
    }
    rows[best].kept = true;

    DDMD_TRY(ddmd_catalogue_begin(c->catalogue, err));
    for (size_t i = 0; i < n_dims; i++)
        DDMD_TRY(ddmd_catalogue_add_model(c->catalogue, &rows[i], err));
    if (check->round > 0)
        DDMD_TRY(ddmd_catalogue_add_model_check(c->catalogue, check, err));
    DDMD_TRY(ddmd_catalogue_add_activity(c->catalogue, "train", 0, "compute", c->row.round, from,
                                         ddmd_campaign_elapsed(c), err));
    c->row.model_version = version;
    c->row.phase = DDMD_PHASE_infer;
    DDMD_TRY(ddmd_campaign_put_row(c, err));
    DDMD_TRY(ddmd_catalogue_commit(c->catalogue, err));
    for (size_t i = 0; i < n_dims; i++)
        ddmd_log_line(&c->log, DDMD_LOG_INFO,
                      "round %u: %s latent_dim %d trained on %zu maps of %zu frames, %d epochs, in "
                      "%.1f s: loss %.2f, held out %.2f%s",
                      c->row.round, c->config->model.kind, rows[i].latent_dim, set.n_maps,
                      set.n_frames, rows[i].epochs, rows[i].seconds, rows[i].train_loss,
                      rows[i].validation_loss, rows[i].kept && n_dims > 1 ? " (kept)" : "");
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
    ddmd_model *model = NULL;
    ddmd_model_row newest;
    ddmd_model_loss loss = {NAN, NAN};
    ddmd_map_set set = {0};
    char *path = NULL;
    ddmd_campaign_tell(c, DDMD_PHASE_train, NAN, true, "trying the model on new frames");
    DDMD_TRY(ddmd_catalogue_newest_model(c->catalogue, &newest, err));
    DDMD_TRY(ddmd_run_path(&path, c->run_dir, newest.file, err));
    DDMD_TRY(
        ddmd_campaign_newest_maps(c, (size_t)(c->row.n_frames - c->row.round_frame), &set, err));
    if (set.n_maps > 0) {
        DDMD_TRY(
            ddmd_model_load(path, ddmd_parallel_threads(c->config->model.threads), &model, err));
        DDMD_TRY(ddmd_model_evaluate(model, set.maps, set.counts, set.n_maps, &loss, err));
    }
    *check = (ddmd_model_check_row){
        .round = c->row.round,
        .version = newest.version,
        .n_frames = set.n_frames,
        .n_maps = set.n_maps,
        .reconstruction = loss.reconstruction,
        .reference_reconstruction = choice_loss(&newest),
        .trained =
            loss.reconstruction > choice_loss(&newest) * (1 + c->config->model.retrain_margin),
    };
    ddmd_log_line(&c->log, DDMD_LOG_INFO,
                  "round %u: model version %u has loss %.2f on %zu new maps of %zu frames, %.2f on "
                  "held-out ones of its training: %s",
                  check->round, check->version, check->reconstruction, set.n_maps, set.n_frames,
                  check->reference_reconstruction,
                  check->trained ? "it is trained on" : "it stays as it is");
out:
    ddmd_model_destroy(&model);
    ddmd_map_set_clear(&set);
    free(path);
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
    bool train = learns && c->row.n_frames >= 2 &&
                 (c->row.model_version == 0 ||
                  (c->row.round - 1) % (uint32_t)c->config->model.train_every == 0);
    if (train && c->row.model_version > 0 && strcmp(c->config->model.train_when, "needed") == 0) {
        enum ddmd_status status = check_model(c, &check, err);
        if (status != DDMD_OK)
            return status;
        train = check.trained;
    }
    return train ? train_all(c, from, &check, err) : skip(c, from, &check, err);
}
