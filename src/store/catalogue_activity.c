/* What the parts did, what went wrong, and start points that blow up. */
#include "store/catalogue.h"

#include "core/try.h"

enum ddmd_status ddmd_catalogue_add_activity(ddmd_catalogue *catalogue, const char *role, int part,
                                             const char *activity, uint32_t round, double from_s,
                                             double to_s, ddmd_error *err)
{
    static const char sql[] = "INSERT INTO activity (role, part, activity, round, from_s, to_s) "
                              "VALUES (?, ?, ?, ?, ?, ?)";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_text(&statement, role);
    ddmd_put_integer(&statement, part);
    ddmd_put_text(&statement, activity);
    ddmd_put_integer(&statement, round);
    ddmd_put_number(&statement, from_s);
    ddmd_put_number(&statement, to_s);
    return ddmd_statement_finish(&statement, err);
}

/* Frames are aggregated while they are simulated, and the rest of it ends the phase. */
enum ddmd_status ddmd_catalogue_phase_time(ddmd_catalogue *catalogue, enum ddmd_phase phase,
                                           double *seconds, ddmd_error *err)
{
    static const char sql[] =
        "SELECT total(span) FROM (SELECT max(to_s) - min(from_s) AS span FROM activity "
        "WHERE role = ?1 OR (?1 = 'simulate' AND role = 'aggregate') GROUP BY round)";
    ddmd_statement statement;
    bool row = false;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_text(&statement, ddmd_phase_name(phase));
    status = ddmd_statement_step(&statement, &row, err);
    if (status == DDMD_OK)
        *seconds = ddmd_take_number(&statement);
    ddmd_statement_end(&statement);
    return status;
}

enum ddmd_status ddmd_catalogue_add_event(ddmd_catalogue *catalogue, const char *level,
                                          int64_t simulation, const char *message, ddmd_error *err)
{
    static const char sql[] = "INSERT INTO event (level, simulation, message) VALUES (?, ?, ?)";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_text(&statement, level);
    ddmd_put_id(&statement, simulation);
    ddmd_put_text(&statement, message);
    return ddmd_statement_finish(&statement, err);
}

enum ddmd_status ddmd_catalogue_count_failure(ddmd_catalogue *catalogue, int64_t parent_simulation,
                                              int64_t parent_frame, int *failures, ddmd_error *err)
{
    static const char sql[] =
        "INSERT INTO start_failure (parent_simulation, parent_frame, failures) VALUES (?, ?, 1) "
        "ON CONFLICT DO UPDATE SET failures = failures + 1";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, parent_simulation);
    ddmd_put_integer(&statement, parent_frame);
    status = ddmd_statement_finish(&statement, err);
    if (status != DDMD_OK)
        return status;
    return ddmd_catalogue_failures(catalogue, parent_simulation, parent_frame, failures, err);
}

enum ddmd_status ddmd_catalogue_failures(ddmd_catalogue *catalogue, int64_t parent_simulation,
                                         int64_t parent_frame, int *failures, ddmd_error *err)
{
    static const char sql[] =
        "SELECT failures FROM start_failure WHERE parent_simulation = ? AND parent_frame = ?";
    ddmd_statement statement;
    bool row = false;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_integer(&statement, parent_simulation);
    ddmd_put_integer(&statement, parent_frame);
    status = ddmd_statement_step(&statement, &row, err);
    if (status == DDMD_OK)
        *failures = row ? (int)ddmd_take_integer(&statement) : 0;
    ddmd_statement_end(&statement);
    return status;
}
