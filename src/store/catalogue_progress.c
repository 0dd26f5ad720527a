#include "store/catalogue.h"

#include "core/try.h"

static const char *const phase_names[] = {
#define NAME(name) #name,
    DDMD_PHASE_MAP(NAME)
#undef NAME
};
static const char *const state_names[] = {
#define NAME(name) #name,
    DDMD_STATE_MAP(NAME)
#undef NAME
};
enum {
    N_PHASES = sizeof phase_names / sizeof *phase_names,
    N_STATES = sizeof state_names / sizeof *state_names
};

const char *ddmd_phase_name(enum ddmd_phase phase)
{
    return (unsigned)phase < N_PHASES ? phase_names[phase] : "unknown";
}

const char *ddmd_campaign_state_name(enum ddmd_campaign_state state)
{
    return (unsigned)state < N_STATES ? state_names[state] : "unknown";
}

enum ddmd_status ddmd_catalogue_set_progress(ddmd_catalogue *catalogue,
                                             const ddmd_progress_row *row, ddmd_error *err)
{
    static const char sql[] =
        "UPDATE progress SET state = ?, reason = ?, round = ?, phase = ?, next_simulation = ?, "
        "model_version = ?, n_frames = ?, round_frame = ?, elapsed_s = ?, best_rmsd_nm = ?, "
        "best_simulation = ?, best_frame = ? WHERE only_row = 1";
    ddmd_statement statement;
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, &statement, err);
    if (status != DDMD_OK)
        return status;
    ddmd_put_text(&statement, ddmd_campaign_state_name(row->state));
    ddmd_put_text(&statement, row->reason);
    ddmd_put_integer(&statement, row->round);
    ddmd_put_text(&statement, ddmd_phase_name(row->phase));
    ddmd_put_integer(&statement, row->next_simulation);
    ddmd_put_integer(&statement, row->model_version);
    ddmd_put_count(&statement, row->n_frames);
    ddmd_put_count(&statement, row->round_frame);
    ddmd_put_number(&statement, row->elapsed_s);
    ddmd_put_number(&statement, row->best_rmsd_nm);
    ddmd_put_id(&statement, row->best_simulation);
    ddmd_put_id(&statement, row->best_frame);
    return ddmd_statement_finish(&statement, err);
}

enum ddmd_status ddmd_catalogue_progress(ddmd_catalogue *catalogue, ddmd_progress_row *row,
                                         ddmd_error *err)
{
    static const char sql[] =
        "SELECT state, reason, round, phase, next_simulation, model_version, n_frames, "
        "round_frame, elapsed_s, best_rmsd_nm, best_simulation, best_frame FROM progress WHERE "
        "only_row = 1";
    ddmd_progress_row r = {0};
    int state = 0, phase = 0;
    ddmd_statement statement;
    bool found = false;
    enum ddmd_status status = ddmd_statement_first(catalogue, sql, &statement, &found, err);
    if (status != DDMD_OK)
        return status;
    if (!found)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: the table progress is empty", catalogue->path);
    DDMD_TRY(ddmd_take_name(&statement, state_names, N_STATES, &state, err));
    ddmd_take_text(&statement, r.reason, sizeof r.reason);
    r.round = ddmd_take_u32(&statement);
    DDMD_TRY(ddmd_take_name(&statement, phase_names, N_PHASES, &phase, err));
    r.next_simulation = ddmd_take_u32(&statement);
    r.model_version = ddmd_take_u32(&statement);
    r.n_frames = ddmd_take_count(&statement);
    r.round_frame = ddmd_take_count(&statement);
    r.elapsed_s = ddmd_take_number(&statement);
    r.best_rmsd_nm = ddmd_take_number(&statement);
    r.best_simulation = ddmd_take_id(&statement);
    r.best_frame = ddmd_take_id(&statement);
    r.state = (enum ddmd_campaign_state)state;
    r.phase = (enum ddmd_phase)phase;
    *row = r;
out:
    ddmd_statement_end(&statement);
    return status;
}
