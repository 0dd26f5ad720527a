#include "campaign/candidate_window.h"

#include "campaign/embed_maps.h"
#include "campaign/run_directory.h"
#include "core/array.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/try.h"
#include "ddmd/embedding.h"
#include "ddmd/geometry.h"

#include <stdlib.h>
#include <string.h>

void ddmd_candidate_window_clear(ddmd_candidate_window *w)
{
    free(w->simulation);
    free(w->index);
    free(w->rmsd_nm);
    ddmd_map_set_clear(&w->set);
    free(w->latent);
}

enum ddmd_status ddmd_candidate_window_read(ddmd_campaign *c, ddmd_candidate_window *w,
                                            ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint64_t there = ddmd_frame_file_frames(c->frames);
    w->n = (size_t)c->config->selection.max_samples;
    if (there < w->n)
        w->n = (size_t)there;
    w->first = there - w->n;
    DDMD_TRY(ddmd_array_alloc(&w->simulation, w->n, sizeof *w->simulation, err));
    DDMD_TRY(ddmd_array_alloc(&w->index, w->n, sizeof *w->index, err));
    DDMD_TRY(ddmd_array_alloc(&w->rmsd_nm, w->n, sizeof *w->rmsd_nm, err));
    const ddmd_frame_columns columns = {
        .simulation = w->simulation,
        .index = w->index,
        .rmsd_nm = w->rmsd_nm,
    };
    DDMD_TRY(ddmd_frame_file_read_columns(c->frames, w->first, w->n, &columns, err));
out:
    return status;
}

static enum ddmd_status embedding_path(const ddmd_campaign *c, uint32_t round, char **path,
                                       ddmd_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "models/embedding-%04u.h5", round);
    return ddmd_run_path(path, c->run_dir, name, err);
}

/* What the round before embedded with the weights of this version; empty where it did not. */
static enum ddmd_status read_before(const ddmd_campaign *c, uint32_t version, ddmd_embedding *e,
                                    ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    ddmd_error why = {0};
    DDMD_TRY(embedding_path(c, c->row.round - 1, &path, err));
    if (!ddmd_file_exists(path))
        goto out;
    status = ddmd_embedding_read(path, e, &why);
    if (status == DDMD_FORMAT) /* somebody's mishap; it can be computed again */
        ddmd_log_line(&c->log, DDMD_LOG_WARNING, "%s: embedding all frames again", why.message);
    else if (status != DDMD_OK)
        DDMD_FAIL(err, status, "%s", why.message);
    status = DDMD_OK;
    if (e->model_version != version)
        ddmd_embedding_clear(e);
out:
    free(path);
    return status;
}

/*
 * Take over the latent coordinates of the maps of frames that the round before embedded with the
 * same weights: known[i] where map i has them now. A function of what is stored, so that a resumed
 * campaign embeds the same maps in the same calls as one that was never stopped.
 */
static enum ddmd_status take_over(const ddmd_campaign *c, ddmd_candidate_window *w,
                                  uint32_t version, bool *known, ddmd_error *err)
{
    ddmd_embedding before = {0};
    enum ddmd_status status = read_before(c, version, &before, err);
    if (status != DDMD_OK)
        return status;
    /* The window before ended where this round's frames begin. */
    uint64_t end = c->row.round_frame, begin = before.n < end ? end - before.n : 0;
    for (uint64_t row = begin > w->first ? begin : w->first; row < end; row++) {
        size_t i = (size_t)(row - w->first), j = (size_t)(row - begin), map = w->set.point_of[i];
        if (known[map] || before.latent_dim != w->dim || before.simulation[j] != w->simulation[i] ||
            before.index[j] != w->index[i])
            continue;
        memcpy(w->latent + map * w->dim, before.latent + j * w->dim, w->dim * sizeof *w->latent);
        known[map] = true;
    }
    ddmd_embedding_clear(&before);
    return DDMD_OK;
}

/* The file has a row for each frame. */
static enum ddmd_status write_embedding(const ddmd_campaign *c, const ddmd_candidate_window *w,
                                        uint32_t version, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    float *latent = NULL;
    DDMD_TRY(ddmd_array_alloc(&latent, w->n * w->dim, sizeof *latent, err));
    for (size_t i = 0; i < w->n; i++)
        memcpy(latent + i * w->dim, w->latent + w->set.point_of[i] * w->dim,
               w->dim * sizeof *latent);
    const ddmd_embedding embedding = {
        .round = c->row.round,
        .model_version = version,
        .n = w->n,
        .latent_dim = w->dim,
        .latent = latent,
        .simulation = w->simulation,
        .index = w->index,
        .rmsd_nm = w->rmsd_nm,
    };
    DDMD_TRY(embedding_path(c, c->row.round, &path, err));
    DDMD_TRY(ddmd_embedding_write(path, &embedding, err));
out:
    free(latent);
    free(path);
    return status;
}

enum ddmd_status ddmd_candidate_window_embed(ddmd_campaign *c, ddmd_candidate_window *w,
                                             ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model *model = NULL;
    ddmd_model_row newest;
    char *path = NULL;
    bool *known = NULL;
    size_t n_embedded = 0;
    DDMD_TRY(ddmd_catalogue_newest_model(c->catalogue, &newest, err));
    DDMD_TRY(ddmd_run_path(&path, c->run_dir, newest.file, err));
    DDMD_TRY(ddmd_model_load(path, ddmd_parallel_threads(c->config->model.threads), &model, err));
    w->dim = (size_t)ddmd_model_latent_dim(model);
    DDMD_TRY(ddmd_campaign_newest_maps(c, w->n, &w->set, err));
    DDMD_TRY(ddmd_array_alloc(&w->latent, w->set.n_maps * w->dim, sizeof *w->latent, err));
    DDMD_TRY(ddmd_array_alloc(&known, w->set.n_maps, sizeof *known, err));
    DDMD_TRY(take_over(c, w, newest.version, known, err));
    DDMD_TRY(ddmd_embed_maps(model, &w->set, ddmd_contact_map_bytes(c->subject->n_points), known,
                             w->latent, &n_embedded, err));
    DDMD_TRY(write_embedding(c, w, newest.version, err));
    ddmd_log_line(&c->log, DDMD_LOG_DEBUG, "round %u: embedded %zu of %zu maps of %zu frames",
                  c->row.round, n_embedded, w->set.n_maps, w->n);
out:
    ddmd_model_destroy(&model);
    free(path);
    free(known);
    return status;
}
