#include "store/catalogue.h"

#include "core/try.h"

#include <string.h>

static const char *const end_names[] = {
#define NAME(name) #name,
    DDMD_END_MAP(NAME)
#undef NAME
};
enum { N_ENDS = sizeof end_names / sizeof *end_names };

const char *ddmd_end_name(enum ddmd_end end)
{
    return (unsigned)end < N_ENDS ? end_names[end] : "unknown";
}

#define COLUMNS                                                                    \
    "id, replica, file, round, parent_simulation, parent_frame, velocities_kept, " \
    "temperature_kelvin, "                                                         \
    "engine, n_frames, n_steps, state, reason"

static enum ddmd_status take_row(ddmd_statement *statement, ddmd_simulation_row *row,
                                 ddmd_error *err)
{
    ddmd_simulation_row r = {0};
    int end = 0;
    r.id = ddmd_take_u32(statement);
    r.replica = ddmd_take_u32(statement);
    r.file = ddmd_take_u32(statement);
    r.round = ddmd_take_u32(statement);
    r.parent_simulation = ddmd_take_id(statement);
    r.parent_frame = ddmd_take_integer(statement);
    r.velocities_kept = ddmd_take_integer(statement) != 0;
    r.temperature_kelvin = ddmd_take_number(statement);
    ddmd_take_text(statement, r.engine, sizeof r.engine);
    r.n_frames = ddmd_take_count(statement);
    r.n_steps = ddmd_take_count(statement);
    enum ddmd_status status = ddmd_take_name(statement, end_names, N_ENDS, &end, err);
    if (status != DDMD_OK)
        return status;
    ddmd_take_text(statement, r.reason, sizeof r.reason);
    r.end = (enum ddmd_end)end;
    *row = r;
    return DDMD_OK;
}

enum ddmd_status ddmd_catalogue_add_simulation(ddmd_catalogue *catalogue,
                                               const ddmd_simulation_row *row, ddmd_error *err)
{
    static const char sql[] = "INSERT INTO simulation (" COLUMNS ") "
                              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, row->id);
    ddmd_put_integer(&statement, row->replica);
    ddmd_put_integer(&statement, row->file);
    ddmd_put_integer(&statement, row->round);
    ddmd_put_id(&statement, row->parent_simulation);
    ddmd_put_integer(&statement, row->parent_frame);
    ddmd_put_integer(&statement, row->velocities_kept);
    ddmd_put_number(&statement, row->temperature_kelvin);
    ddmd_put_text(&statement, row->engine);
    ddmd_put_count(&statement, row->n_frames);
    ddmd_put_count(&statement, row->n_steps);
    ddmd_put_text(&statement, ddmd_end_name(row->end));
    ddmd_put_text(&statement, row->reason);
    status = ddmd_statement_finish(&statement, err);
    if (status == DDMD_INVALID)
        ddmd_error_prefix(err, "simulation %u: ", row->id);
    return status;
}

enum ddmd_status ddmd_catalogue_update_simulation(ddmd_catalogue *catalogue,
                                                  const ddmd_simulation_row *row, ddmd_error *err)
{
    static const char sql[] =
        "UPDATE simulation SET n_frames = ?1, n_steps = ?2, state = ?3, reason = ?4, "
        "ended = CASE WHEN ?3 = 'running' THEN NULL "
        "WHEN state = 'running' THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') ELSE ended END "
        "WHERE id = ?5";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_count(&statement, row->n_frames);
    ddmd_put_count(&statement, row->n_steps);
    ddmd_put_text(&statement, ddmd_end_name(row->end));
    ddmd_put_text(&statement, row->reason);
    ddmd_put_integer(&statement, row->id);
    status = ddmd_statement_finish(&statement, err);
    if (status == DDMD_OK && sqlite3_changes(catalogue->database) == 0)
        status = ddmd_error_set(err, DDMD_INVALID, "%s: there is no simulation %u", catalogue->path,
                                row->id);
    return status;
}

enum ddmd_status ddmd_catalogue_simulation(ddmd_catalogue *catalogue, uint32_t id,
                                           ddmd_simulation_row *row, ddmd_error *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM simulation WHERE id = ?";
    ddmd_statement statement;
    bool found = false;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, id);
    DDMD_TRY(ddmd_statement_step(&statement, &found, err));
    if (!found)
        DDMD_FAIL(err, DDMD_INVALID, "%s: there is no simulation %u", catalogue->path, id);
    DDMD_TRY(take_row(&statement, row, err));
out:
    ddmd_statement_end(&statement);
    return status;
}

enum ddmd_status ddmd_catalogue_file_frames(ddmd_catalogue *catalogue, uint32_t file, uint64_t *n,
                                            ddmd_error *err)
{
    static const char sql[] = "SELECT coalesce(sum(n_frames), 0) FROM simulation WHERE file = ?";
    ddmd_statement statement;
    bool row = false;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, file);
    status = ddmd_statement_step(&statement, &row, err);
    if (status == DDMD_OK)
        *n = ddmd_take_count(&statement);
    ddmd_statement_end(&statement);
    return status;
}

enum ddmd_status ddmd_catalogue_running(ddmd_catalogue *catalogue, ddmd_simulation_row *rows,
                                        size_t n, ddmd_error *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM simulation WHERE replica < ? AND id IN "
                              "(SELECT max(id) FROM simulation GROUP BY replica)";
    ddmd_statement statement;
    bool more = false;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        rows[i] = (ddmd_simulation_row){
            .id = UINT32_MAX, .parent_simulation = -1, .replica = (uint32_t)i};
    ddmd_put_count(&statement, n);
    DDMD_TRY(ddmd_statement_step(&statement, &more, err));
    while (more) {
        ddmd_simulation_row row;
        DDMD_TRY(take_row(&statement, &row, err));
        if (row.replica < n)
            rows[row.replica] = row;
        DDMD_TRY(ddmd_statement_step(&statement, &more, err));
    }
out:
    ddmd_statement_end(&statement);
    return status;
}

enum ddmd_status ddmd_catalogue_totals(ddmd_catalogue *catalogue, ddmd_totals *totals,
                                       ddmd_error *err)
{
    static const char sql[] =
        "SELECT count(*), count(*) FILTER (WHERE state = 'running'), "
        "count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'culled'), "
        "coalesce(sum(n_frames), 0), coalesce(sum(n_steps), 0) FROM simulation";
    ddmd_statement statement;
    bool row = false;
    enum ddmd_status status = ddmd_statement_first(catalogue, sql, &statement, &row, err);
    if (status != DDMD_OK)
        return status;
    totals->simulations = ddmd_take_count(&statement);
    totals->simulations_running = ddmd_take_count(&statement);
    totals->simulations_failed = ddmd_take_count(&statement);
    totals->simulations_culled = ddmd_take_count(&statement);
    totals->frames = ddmd_take_count(&statement);
    totals->steps = ddmd_take_count(&statement);
    ddmd_statement_end(&statement);
    return DDMD_OK;
}

enum ddmd_status ddmd_catalogue_has_children(ddmd_catalogue *catalogue, uint32_t simulation,
                                             uint32_t frame, bool *has, ddmd_error *err)
{
    static const char sql[] = "SELECT 1 FROM simulation "
                              "WHERE parent_simulation = ? AND parent_frame = ? LIMIT 1";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, simulation);
    ddmd_put_integer(&statement, frame);
    status = ddmd_statement_step(&statement, has, err);
    ddmd_statement_end(&statement);
    return status;
}
