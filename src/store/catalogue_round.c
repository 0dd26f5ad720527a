/* Models, rounds of selection, and the restart points that they give. */
#include "store/catalogue.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>

/* ---- models --------------------------------------------------------------------------------- */

#define MODEL_COLUMNS                                                                      \
    "version, round, latent_dim, n_samples, n_maps, epochs, train_loss, validation_loss, " \
    "train_reconstruction, validation_reconstruction, kept, seconds, file"

enum ddmd_status ddmd_catalogue_add_model(ddmd_catalogue *catalogue, const ddmd_model_row *row,
                                          ddmd_error *err)
{
    static const char sql[] = "INSERT INTO model (" MODEL_COLUMNS ") "
                              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, row->version);
    ddmd_put_integer(&statement, row->round);
    ddmd_put_integer(&statement, row->latent_dim);
    ddmd_put_count(&statement, row->n_samples);
    ddmd_put_count(&statement, row->n_maps);
    ddmd_put_integer(&statement, row->epochs);
    ddmd_put_number(&statement, row->train_loss);
    ddmd_put_number(&statement, row->validation_loss);
    ddmd_put_number(&statement, row->train_reconstruction);
    ddmd_put_number(&statement, row->validation_reconstruction);
    ddmd_put_integer(&statement, row->kept);
    ddmd_put_number(&statement, row->seconds);
    ddmd_put_text(&statement, row->file);
    return ddmd_statement_finish(&statement, err);
}

enum ddmd_status ddmd_catalogue_newest_model(ddmd_catalogue *catalogue, ddmd_model_row *row,
                                             ddmd_error *err)
{
    static const char sql[] =
        "SELECT " MODEL_COLUMNS " FROM model WHERE kept = 1 ORDER BY version DESC LIMIT 1";
    ddmd_statement statement;
    bool found = false;
    enum ddmd_status status = ddmd_statement_first(catalogue, sql, &statement, &found, err);
    if (status != DDMD_OK)
        return status;
    *row = (ddmd_model_row){0};
    if (found) {
        row->version = ddmd_take_u32(&statement);
        row->round = ddmd_take_u32(&statement);
        row->latent_dim = (int)ddmd_take_integer(&statement);
        row->n_samples = ddmd_take_count(&statement);
        row->n_maps = ddmd_take_count(&statement);
        row->epochs = (int)ddmd_take_integer(&statement);
        row->train_loss = ddmd_take_number(&statement);
        row->validation_loss = ddmd_take_number(&statement);
        row->train_reconstruction = ddmd_take_number(&statement);
        row->validation_reconstruction = ddmd_take_number(&statement);
        row->kept = ddmd_take_integer(&statement) != 0;
        row->seconds = ddmd_take_number(&statement);
        ddmd_take_text(&statement, row->file, sizeof row->file);
    }
    ddmd_statement_end(&statement);
    return DDMD_OK;
}

#define CHECK_COLUMNS \
    "round, version, n_frames, n_maps, reconstruction, reference_reconstruction, trained"

enum ddmd_status ddmd_catalogue_add_model_check(ddmd_catalogue *catalogue,
                                                const ddmd_model_check_row *row, ddmd_error *err)
{
    static const char sql[] =
        "INSERT INTO model_check (" CHECK_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, row->round);
    ddmd_put_integer(&statement, row->version);
    ddmd_put_count(&statement, row->n_frames);
    ddmd_put_count(&statement, row->n_maps);
    ddmd_put_number(&statement, row->reconstruction);
    ddmd_put_number(&statement, row->reference_reconstruction);
    ddmd_put_integer(&statement, row->trained);
    return ddmd_statement_finish(&statement, err);
}

enum ddmd_status ddmd_catalogue_model_checks(ddmd_catalogue *catalogue,
                                             ddmd_model_check_row *newest, uint64_t *n_skipped,
                                             ddmd_error *err)
{
    static const char sql[] = "SELECT " CHECK_COLUMNS ", (SELECT count(*) FROM model_check "
                              "WHERE trained = 0) FROM model_check ORDER BY entry DESC LIMIT 1";
    ddmd_statement statement;
    bool found = false;
    enum ddmd_status status = ddmd_statement_first(catalogue, sql, &statement, &found, err);
    if (status != DDMD_OK)
        return status;
    *newest = (ddmd_model_check_row){0};
    *n_skipped = 0;
    if (found) {
        newest->round = ddmd_take_u32(&statement);
        newest->version = ddmd_take_u32(&statement);
        newest->n_frames = ddmd_take_count(&statement);
        newest->n_maps = ddmd_take_count(&statement);
        newest->reconstruction = ddmd_take_number(&statement);
        newest->reference_reconstruction = ddmd_take_number(&statement);
        newest->trained = ddmd_take_integer(&statement) != 0;
        *n_skipped = ddmd_take_count(&statement);
    }
    ddmd_statement_end(&statement);
    return DDMD_OK;
}

/* ---- rounds --------------------------------------------------------------------------------- */

#define ROUND_COLUMNS                                                                       \
    "round, strategy, model_version, n_candidates, eps, n_outliers, n_clusters, n_points, " \
    "n_restarts, best_rmsd_nm, mean_rmsd_nm, seconds, decision_median_s, decision_p95_s"

enum ddmd_status ddmd_catalogue_add_round(ddmd_catalogue *catalogue, const ddmd_round_row *row,
                                          ddmd_error *err)
{
    static const char sql[] =
        "INSERT INTO round (" ROUND_COLUMNS ") "
        "VALUES (?, ?, nullif(?, 0), ?, nullif(?, 0.0), ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, row->round);
    ddmd_put_text(&statement, row->strategy);
    ddmd_put_integer(&statement, row->model_version);
    ddmd_put_count(&statement, row->n_candidates);
    ddmd_put_number(&statement, row->eps);
    ddmd_put_count(&statement, row->n_outliers);
    ddmd_put_count(&statement, row->n_clusters);
    ddmd_put_count(&statement, row->n_points);
    ddmd_put_count(&statement, row->n_restarts);
    ddmd_put_number(&statement, row->best_rmsd_nm);
    ddmd_put_number(&statement, row->mean_rmsd_nm);
    ddmd_put_number(&statement, row->seconds);
    ddmd_put_number(&statement, row->decision_median_s);
    ddmd_put_number(&statement, row->decision_p95_s);
    return ddmd_statement_finish(&statement, err);
}

enum ddmd_status ddmd_catalogue_set_restarts(ddmd_catalogue *catalogue, uint32_t round,
                                             uint64_t n_restarts, ddmd_error *err)
{
    static const char sql[] = "UPDATE round SET n_restarts = ? WHERE round = ?";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_count(&statement, n_restarts);
    ddmd_put_integer(&statement, round);
    status = ddmd_statement_finish(&statement, err);
    if (status == DDMD_OK && sqlite3_changes(catalogue->database) == 0)
        status =
            ddmd_error_set(err, DDMD_INVALID, "%s: there is no round %u", catalogue->path, round);
    return status;
}

enum ddmd_status ddmd_catalogue_newest_round(ddmd_catalogue *catalogue, ddmd_round_row *row,
                                             ddmd_error *err)
{
    static const char sql[] =
        "SELECT round, strategy, coalesce(model_version, 0), n_candidates, coalesce(eps, 0.0), "
        "n_outliers, n_clusters, n_points, n_restarts, best_rmsd_nm, mean_rmsd_nm, seconds, "
        "decision_median_s, decision_p95_s FROM round ORDER BY round DESC LIMIT 1";
    ddmd_statement statement;
    bool found = false;
    enum ddmd_status status = ddmd_statement_first(catalogue, sql, &statement, &found, err);
    if (status != DDMD_OK)
        return status;
    *row = (ddmd_round_row){0};
    if (found) {
        row->round = ddmd_take_u32(&statement);
        ddmd_take_text(&statement, row->strategy, sizeof row->strategy);
        row->model_version = ddmd_take_u32(&statement);
        row->n_candidates = ddmd_take_count(&statement);
        row->eps = ddmd_take_number(&statement);
        row->n_outliers = ddmd_take_count(&statement);
        row->n_clusters = ddmd_take_count(&statement);
        row->n_points = ddmd_take_count(&statement);
        row->n_restarts = ddmd_take_count(&statement);
        row->best_rmsd_nm = ddmd_take_number(&statement);
        row->mean_rmsd_nm = ddmd_take_number(&statement);
        row->seconds = ddmd_take_number(&statement);
        row->decision_median_s = ddmd_take_number(&statement);
        row->decision_p95_s = ddmd_take_number(&statement);
    }
    ddmd_statement_end(&statement);
    return DDMD_OK;
}

/* ---- restart points ------------------------------------------------------------------------- */

#define POINT_COLUMNS "round, rank, simulation, frame, score, lof, rmsd_nm, cluster, used_by"

static enum ddmd_status add_point(ddmd_catalogue *catalogue, const ddmd_point_row *row,
                                  ddmd_error *err)
{
    static const char sql[] =
        "INSERT INTO restart_point (" POINT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, row->round);
    ddmd_put_integer(&statement, row->rank);
    ddmd_put_integer(&statement, row->simulation);
    ddmd_put_integer(&statement, row->frame);
    ddmd_put_number(&statement, row->score);
    ddmd_put_number(&statement, row->lof);
    ddmd_put_number(&statement, row->rmsd_nm);
    ddmd_put_integer(&statement, row->cluster);
    ddmd_put_id(&statement, row->used_by);
    return ddmd_statement_finish(&statement, err);
}

/* Inside a transaction of the caller's they are part of it. */
enum ddmd_status ddmd_catalogue_add_points(ddmd_catalogue *catalogue, const ddmd_point_row *rows,
                                           size_t n, ddmd_error *err)
{
    bool own = sqlite3_get_autocommit(catalogue->database) != 0;
    enum ddmd_status status = own ? ddmd_catalogue_begin(catalogue, err) : DDMD_OK;
    if (status != DDMD_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        DDMD_TRY(add_point(catalogue, &rows[i], err));
    if (own)
        DDMD_TRY(ddmd_catalogue_commit(catalogue, err));
out:
    if (own && status != DDMD_OK)
        ddmd_catalogue_rollback(catalogue);
    return status;
}

enum ddmd_status ddmd_catalogue_points(ddmd_catalogue *catalogue, uint32_t round,
                                       ddmd_point_row **rows, size_t *n, ddmd_error *err)
{
    static const char sql[] =
        "SELECT " POINT_COLUMNS " FROM restart_point WHERE round = ? ORDER BY rank";
    ddmd_point_row *found = NULL;
    size_t count = 0, capacity = 0;
    ddmd_statement statement;
    bool more = false;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, round);
    DDMD_TRY(ddmd_array_reserve(&found, &capacity, 1, sizeof *found, err));
    DDMD_TRY(ddmd_statement_step(&statement, &more, err));
    while (more) {
        DDMD_TRY(ddmd_array_reserve(&found, &capacity, count + 1, sizeof *found, err));
        ddmd_point_row *row = &found[count++];
        row->round = ddmd_take_u32(&statement);
        row->rank = ddmd_take_u32(&statement);
        row->simulation = ddmd_take_u32(&statement);
        row->frame = ddmd_take_u32(&statement);
        row->score = ddmd_take_number(&statement);
        row->lof = ddmd_take_number(&statement);
        row->rmsd_nm = ddmd_take_number(&statement);
        row->cluster = (int)ddmd_take_integer(&statement);
        row->used_by = ddmd_take_id(&statement);
        DDMD_TRY(ddmd_statement_step(&statement, &more, err));
    }
    *rows = found;
    *n = count;
    found = NULL;
out:
    ddmd_statement_end(&statement);
    free(found);
    return status;
}

enum ddmd_status ddmd_catalogue_use_point(ddmd_catalogue *catalogue, uint32_t round, uint32_t rank,
                                          uint32_t simulation, ddmd_error *err)
{
    static const char sql[] = "UPDATE restart_point SET used_by = ? WHERE round = ? AND rank = ?";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, simulation);
    ddmd_put_integer(&statement, round);
    ddmd_put_integer(&statement, rank);
    status = ddmd_statement_finish(&statement, err);
    if (status == DDMD_OK && sqlite3_changes(catalogue->database) == 0)
        status = ddmd_error_set(err, DDMD_INVALID, "%s: round %u has no restart point of rank %u",
                                catalogue->path, round, rank);
    return status;
}
