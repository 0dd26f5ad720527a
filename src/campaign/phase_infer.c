/*
 * Phase infer: embed the window of the newest frames with the newest weights, find outliers, rank
 * them; the result is this round's list of restart points.
 */
#include "campaign/candidate_window.h"
#include "campaign/new_frames.h"
#include "campaign/selection.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>

static void log_selection(ddmd_campaign *c, const ddmd_candidate_window *w,
                          const ddmd_selection *selection, double seconds)
{
    if (selection->n_states > 0)
        ddmd_log_line(&c->log, DDMD_LOG_INFO,
                      "round %u: %zu states of %zu frames; %zu restart points by %s, in %.1f s",
                      c->row.round, selection->n_states, w->n, selection->n_points,
                      c->strategy.name, seconds);
    else if (w->latent)
        ddmd_log_line(&c->log, DDMD_LOG_INFO,
                      "round %u: %zu outliers of %zu frames (eps %.3g, %zu clusters); %zu restart "
                      "points by %s, in %.1f s",
                      c->row.round, selection->outliers.n_outliers, w->n, selection->outliers.eps,
                      selection->outliers.n_clusters, selection->n_points, c->strategy.name,
                      seconds);
    else if (c->strategy.needs & DDMD_STRATEGY_RESTARTS)
        ddmd_log_line(&c->log, DDMD_LOG_INFO, "round %u: %zu restart points of %zu frames by %s",
                      c->row.round, selection->n_points, w->n, c->strategy.name);
}

static enum ddmd_status commit(ddmd_campaign *c, const ddmd_candidate_window *w,
                               const ddmd_selection *selection, double from, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_point_row *rows = NULL;
    uint64_t of_round = c->row.n_frames - c->row.round_frame;
    size_t n_new = of_round < w->n ? (size_t)of_round : w->n;
    ddmd_round_row round = {
        .round = c->row.round,
        .model_version = w->latent ? c->row.model_version : 0,
        .n_candidates = w->n,
        .eps = selection->outliers.eps,
        .n_outliers = selection->outliers.n_outliers,
        .n_clusters =
            selection->n_states > 0 ? selection->n_states : selection->outliers.n_clusters,
        .n_points = selection->n_points,
        .seconds = ddmd_campaign_elapsed(c) - from,
    };
    snprintf(round.strategy, sizeof round.strategy, "%s", c->strategy.name);
    ddmd_new_frames_rmsd(w->rmsd_nm + w->n - n_new, n_new, &round.best_rmsd_nm,
                         &round.mean_rmsd_nm);
    ddmd_new_frames_waited(c->created_s, c->n_created, ddmd_campaign_elapsed(c),
                           &round.decision_median_s, &round.decision_p95_s);

    DDMD_TRY(ddmd_array_alloc(&rows, selection->n_points, sizeof *rows, err));
    for (size_t i = 0; i < selection->n_points; i++) {
        const ddmd_restart_point *point = &selection->points[i];
        rows[i] = (ddmd_point_row){
            .round = c->row.round,
            .rank = (uint32_t)i,
            .simulation = w->simulation[point->index],
            .frame = w->index[point->index],
            .score = point->score,
            .lof = point->lof,
            .rmsd_nm = (double)w->rmsd_nm[point->index],
            .cluster = point->cluster,
            .used_by = -1,
        };
    }
    DDMD_TRY(ddmd_catalogue_begin(c->catalogue, err));
    DDMD_TRY(ddmd_catalogue_add_round(c->catalogue, &round, err));
    DDMD_TRY(ddmd_catalogue_add_points(c->catalogue, rows, selection->n_points, err));
    DDMD_TRY(ddmd_catalogue_add_activity(c->catalogue, "infer", 0, "compute", c->row.round, from,
                                         ddmd_campaign_elapsed(c), err));
    c->row.phase = DDMD_PHASE_decide;
    DDMD_TRY(ddmd_campaign_put_row(c, err));
    DDMD_TRY(ddmd_catalogue_commit(c->catalogue, err));

    log_selection(c, w, selection, round.seconds);
out:
    if (status != DDMD_OK)
        ddmd_catalogue_rollback(c->catalogue);
    free(rows);
    return status;
}

enum ddmd_status ddmd_phase_infer(ddmd_campaign *c, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_candidate_window w = {0};
    ddmd_selection selection = {0};
    double from = ddmd_campaign_elapsed(c);
    ddmd_campaign_tell(c, DDMD_PHASE_infer, NAN, true, "embedding and ranking");

    DDMD_TRY(ddmd_candidate_window_read(c, &w, err));
    bool embeds = c->strategy.needs & DDMD_STRATEGY_EMBEDDING;
    if (embeds && c->row.model_version > 0)
        DDMD_TRY(ddmd_candidate_window_embed(c, &w, err));
    if (c->strategy.needs & DDMD_STRATEGY_RESTARTS && (!embeds || w.latent) && w.n > 0) {
        const ddmd_candidates candidates = {
            .n = w.n,
            .dim = w.dim,
            .n_points = w.set.n_maps,
            .latent = w.latent,
            .point_of = w.latent ? w.set.point_of : NULL,
            .rmsd_nm = c->subject->n_rmsd_atoms ? w.rmsd_nm : NULL,
            .simulation = w.simulation,
        };
        const ddmd_select_options options =
            ddmd_campaign_select_options(c->config, c->row.round, w.n);
        DDMD_TRY(ddmd_select(c->strategy.name, &candidates, &options, &selection, err));
    }
    DDMD_TRY(commit(c, &w, &selection, from, err));
out:
    ddmd_selection_clear(&selection);
    ddmd_candidate_window_clear(&w);
    return status;
}
