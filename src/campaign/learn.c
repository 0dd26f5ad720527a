#include "campaign/learn.h"

#include "campaign/run_directory.h"
#include "campaign/state.h"
#include "campaign/subject.h"
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

static enum ddmd_status fresh_model(const ddmd_learner *l, int latent_dim, uint32_t version,
                                    ddmd_model **model, ddmd_error *err)
{
    const ddmd_model_options options = ddmd_subject_model_options(l->config);
    return ddmd_model_create(l->config->model.kind, &options, (int)l->n_points, latent_dim, version,
                             model, err);
}

/*
 * A model to train: the newest weights of this latent dimension where training goes on from them
 * and there are any, else fresh ones.
 */
static enum ddmd_status make_model(const ddmd_learner *l, int latent_dim, uint32_t newest,
                                   ddmd_model **model, ddmd_error *err)
{
    const ddmd_model_options options = ddmd_subject_model_options(l->config);
    char name[128], *path = NULL;
    if (!l->config->model.warm_start || newest == 0)
        return fresh_model(l, latent_dim, newest + 1, model, err);
    ddmd_campaign_model_file(name, sizeof name, newest, latent_dim);
    enum ddmd_status status = ddmd_run_path(&path, l->run_dir, name, err);
    if (status == DDMD_OK)
        status = ddmd_model_load(path, options.threads, model, err);
    if (status == DDMD_OK)
        ddmd_model_set_version(*model, newest + 1);
    free(path);
    return status;
}

/*
 * Train one latent dimension, save it, and fill its row. Where the loss does not stay finite, what
 * is saved, for the next training to go on from, are fresh weights; the losses are NaN.
 */
static enum ddmd_status train_one(const ddmd_learner *l, const ddmd_map_set *set, int latent_dim,
                                  uint32_t newest, ddmd_model_row *row, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model *model = NULL;
    char *path = NULL;
    ddmd_model_progress last = {0};
    double from = ddmd_clock_monotonic();
    *row = (ddmd_model_row){
        .version = newest + 1,
        .latent_dim = latent_dim,
        .n_samples = set->n_frames,
        .n_maps = set->n_maps,
    };
    ddmd_campaign_model_file(row->file, sizeof row->file, row->version, latent_dim);
    DDMD_TRY(make_model(l, latent_dim, newest, &model, err));
    status = ddmd_model_train(model, set->maps, set->counts, set->n_maps, l->on_epoch, l->user,
                              &last, err);
    if (status == DDMD_NUMERIC) {
        last = (ddmd_model_progress){.train = {NAN, NAN}, .validation = {NAN, NAN}};
        ddmd_model_destroy(&model);
        status = fresh_model(l, latent_dim, row->version, &model, err);
    }
    if (status != DDMD_OK)
        goto out;
    DDMD_TRY(ddmd_run_path(&path, l->run_dir, row->file, err));
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

enum ddmd_status ddmd_learn(const ddmd_learner *l, const ddmd_map_set *set, uint32_t newest,
                            ddmd_model_row *rows, size_t *best, ddmd_error *err)
{
    *best = 0;
    double lowest = NAN;
    for (size_t i = 0; i < l->config->model.latent_dim.n; i++) {
        enum ddmd_status status =
            train_one(l, set, l->config->model.latent_dim.items[i], newest, &rows[i], err);
        if (status != DDMD_OK)
            return status;
        double loss = choice_loss(&rows[i]);
        if (isnan(loss) || loss >= lowest)
            continue;
        lowest = loss;
        *best = i;
    }
    if (isnan(lowest)) /* *err says why the last one failed */
        return DDMD_NUMERIC;
    rows[*best].kept = true;
    return DDMD_OK;
}

enum ddmd_status ddmd_learn_check(const ddmd_learner *l, const ddmd_map_set *set,
                                  const ddmd_model_row *newest, ddmd_model_check_row *check,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model *model = NULL;
    ddmd_model_loss loss = {NAN, NAN};
    char *path = NULL;
    DDMD_TRY(ddmd_run_path(&path, l->run_dir, newest->file, err));
    if (set->n_maps > 0) {
        DDMD_TRY(
            ddmd_model_load(path, ddmd_parallel_threads(l->config->model.threads), &model, err));
        DDMD_TRY(ddmd_model_evaluate(model, set->maps, set->counts, set->n_maps, &loss, err));
    }
    *check = (ddmd_model_check_row){
        .version = newest->version,
        .n_frames = set->n_frames,
        .n_maps = set->n_maps,
        .reconstruction = loss.reconstruction,
        .reference_reconstruction = choice_loss(newest),
        .trained =
            loss.reconstruction > choice_loss(newest) * (1 + l->config->model.retrain_margin),
    };
out:
    ddmd_model_destroy(&model);
    free(path);
    return status;
}

void ddmd_learn_describe(const ddmd_config *config, const ddmd_model_row *row, char *buffer,
                         size_t size)
{
    if (isnan(row->train_loss))
        snprintf(
            buffer, size,
            "%s latent_dim %d: the loss did not stay finite; the next training begins with fresh "
            "weights; try a smaller model.learning_rate",
            config->model.kind, row->latent_dim);
    else
        snprintf(buffer, size,
                 "%s latent_dim %d trained on %llu maps of %llu frames, %d epochs, in %.1f s: loss "
                 "%.2f, held out %.2f%s",
                 config->model.kind, row->latent_dim, (unsigned long long)row->n_maps,
                 (unsigned long long)row->n_samples, row->epochs, row->seconds, row->train_loss,
                 row->validation_loss,
                 row->kept && config->model.latent_dim.n > 1 ? " (kept)" : "");
}

void ddmd_learn_describe_check(const ddmd_model_check_row *check, char *buffer, size_t size)
{
    snprintf(buffer, size,
             "model version %u has loss %.2f on %llu new maps of %llu frames, %.2f on held-out "
             "ones of its training: %s",
             check->version, check->reconstruction, (unsigned long long)check->n_maps,
             (unsigned long long)check->n_frames, check->reference_reconstruction,
             check->trained ? "it is trained on" : "it stays as it is");
}

bool ddmd_learn_is_checked(const ddmd_config *config)
{
    return strcmp(config->model.train_when, "needed") == 0;
}
