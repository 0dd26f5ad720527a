/* What a whole campaign adds up to: time by role and activity, waiting for rankings, learning. */
#include "store/catalogue.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>

enum ddmd_status ddmd_catalogue_time_use(ddmd_catalogue *catalogue, ddmd_time_use_row **rows,
                                         size_t *n, ddmd_error *err)
{
    static const char sql[] = "SELECT role, activity, total(to_s - from_s) FROM activity "
                              "GROUP BY role, activity ORDER BY role, activity";
    enum ddmd_status status = DDMD_OK;
    ddmd_statement statement;
    ddmd_time_use_row *list = NULL;
    size_t capacity = 0, count = 0;
    bool more = false;
    status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    DDMD_TRY(ddmd_statement_step(&statement, &more, err));
    while (more) {
        DDMD_TRY(ddmd_array_reserve(&list, &capacity, count + 1, sizeof *list, err));
        ddmd_time_use_row *row = &list[count++];
        ddmd_take_text(&statement, row->role, sizeof row->role);
        ddmd_take_text(&statement, row->activity, sizeof row->activity);
        row->seconds = ddmd_take_number(&statement);
        DDMD_TRY(ddmd_statement_step(&statement, &more, err));
    }
    *rows = list;
    *n = count;
    list = NULL;
out:
    ddmd_statement_end(&statement);
    free(list);
    return status;
}

/* Ranks as for the frames of one ranking (ddmd_new_frames_waited()). */
enum ddmd_status ddmd_catalogue_decision_times(ddmd_catalogue *catalogue, double *median_s,
                                               double *p95_s, uint64_t *n, ddmd_error *err)
{
    static const char sql[] =
        "WITH ranked AS (SELECT decision_median_s AS median, decision_p95_s AS p95 FROM round "
        "WHERE decision_median_s IS NOT NULL AND decision_p95_s IS NOT NULL), "
        "size AS (SELECT count(*) AS n FROM ranked) SELECT "
        "(SELECT median FROM ranked ORDER BY median LIMIT 1 OFFSET (SELECT n / 2 FROM size)), "
        "(SELECT p95 FROM ranked ORDER BY p95 LIMIT 1 OFFSET (SELECT n - 1 - n / 20 FROM size)), "
        "(SELECT n FROM size)";
    ddmd_statement statement;
    bool row = false;
    enum ddmd_status status = ddmd_statement_first(catalogue, sql, &statement, &row, err);
    if (status != DDMD_OK)
        return status;
    *median_s = ddmd_take_number(&statement);
    *p95_s = ddmd_take_number(&statement);
    *n = ddmd_take_count(&statement);
    ddmd_statement_end(&statement);
    return DDMD_OK;
}

enum ddmd_status ddmd_catalogue_learning(ddmd_catalogue *catalogue, ddmd_learning_totals *totals,
                                         ddmd_error *err)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM model WHERE kept = 1), "
        "(SELECT avg(n_samples) FROM model WHERE kept = 1), "
        "(SELECT avg(epochs) FROM model WHERE kept = 1), "
        "(SELECT sum(seconds) / sum(kept) FROM model), "
        "count(*), avg(n_candidates), avg(n_outliers), avg(seconds) FROM round";
    ddmd_statement statement;
    bool row = false;
    enum ddmd_status status = ddmd_statement_first(catalogue, sql, &statement, &row, err);
    if (status != DDMD_OK)
        return status;
    totals->trainings = ddmd_take_count(&statement);
    totals->training_samples = ddmd_take_number(&statement);
    totals->training_epochs = ddmd_take_number(&statement);
    totals->training_s = ddmd_take_number(&statement);
    totals->rankings = ddmd_take_count(&statement);
    totals->ranking_samples = ddmd_take_number(&statement);
    totals->ranking_outliers = ddmd_take_number(&statement);
    totals->ranking_s = ddmd_take_number(&statement);
    ddmd_statement_end(&statement);
    return DDMD_OK;
}
