/* What `ddmd bench md` measures on: the molecule, and the engines with their replicas. */
#include "bench_md.h"

#include "core/array.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/peptide.h"

#include <stdlib.h>
#include <string.h>

enum { SPREAD_STEPS = 2000, MINIMIZE_STEPS = 500 };

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static enum ddmd_status read_configuration(bench_md_state *b, ddmd_mistakes *mistakes,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_config *config = NULL;
    DDMD_TRY(ddmd_config_load(b->r->input, NULL, 0, &config, mistakes, err));
    DDMD_TRY(ddmd_subject_create(config, &b->subject, mistakes, err));
out:
    ddmd_config_destroy(&config);
    return status;
}

/* What a configuration without a word on features measures; the reference is the molecule as given.
 */
static enum ddmd_status add_features(ddmd_subject *s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_structure_select(s->structure, "name CA", &s->point_atoms, &s->n_points, err));
    s->contact_cutoff_nm = 0.8;
    DDMD_TRY(ddmd_array_copy(&s->rmsd_atoms, s->point_atoms, s->n_points, sizeof(int32_t), err));
    s->n_rmsd_atoms = s->n_points;
    DDMD_TRY(ddmd_array_alloc(&s->reference, 3 * s->n_points, sizeof *s->reference, err));
    ddmd_gather_f64(s->structure->positions, s->point_atoms, s->n_points, s->reference);
out:
    return status;
}

static enum ddmd_status read_molecule(bench_md_state *b, ddmd_error *err)
{
    static const char *const files[] = {"amber99sbildn.xml", "amber99_obc.xml"};
    const ddmd_system_options options = {.constrain_hydrogen_bonds = true};
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *force_field = NULL;
    DDMD_TRY(ddmd_array_alloc(&b->subject, 1, sizeof *b->subject, err));
    ddmd_subject *s = b->subject;
    if (ends_with(b->r->input, ".pdb"))
        DDMD_TRY(ddmd_structure_read_pdb(b->r->input, &s->structure, err));
    else
        DDMD_TRY(ddmd_peptide_build(b->r->input, DDMD_PEPTIDE_EXTENDED, &s->structure, err));
    DDMD_TRY(ddmd_force_field_load(files, 2, &force_field, err));
    DDMD_TRY(ddmd_system_create(s->structure, force_field, &options, &s->system, err));
    DDMD_TRY(ddmd_array_copy(&s->starts, s->structure->positions, (size_t)s->system->n_atoms * 3,
                             sizeof(double), err));
    s->n_starts = 1;
    DDMD_TRY(add_features(s, err));
out:
    ddmd_force_field_destroy(&force_field);
    return status;
}

enum ddmd_status bench_md_read(bench_md_state *b, ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if (ends_with(b->r->input, ".yaml") || ends_with(b->r->input, ".yml"))
        DDMD_TRY(read_configuration(b, mistakes, err));
    else
        DDMD_TRY(read_molecule(b, err));
    ddmd_structure_log_gaps(b->subject->structure, b->subject->starts, 1, &cli_warnings);
    ddmd_system *system = b->subject->system;
    size_t n = (size_t)system->n_atoms * 3;
    DDMD_TRY(ddmd_array_copy(&b->positions, b->subject->starts, n, sizeof(double), err));
    DDMD_TRY(ddmd_array_alloc(&b->frame, 2 * n, sizeof *b->frame, err));
    system->cutoff_nm = 0;
    b->with_cutoff = *system;
    b->with_cutoff.cutoff_nm = 1;
out:
    return status;
}

static enum ddmd_status create_contender(bench_md_state *b, int which, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    contender *c = &b->contenders[which];
    const ddmd_engine_options options = {
        .temperature_kelvin = 300,
        .friction_per_ps = 1,
        .timestep_fs = b->r->timestep_fs,
        .seed = 1,
        .gb_interval_steps = which == ENSEMBLE ? (int)b->r->gb_interval_steps : 1,
        .threads_per_replica = 1,
        .platform = which == ENSEMBLE ? NULL : "CPU",
    };
    c->chunk = 10;
    c->n_replicas = which == ENSEMBLE ? (int)b->r->replicas : 1;
    DDMD_TRY(ddmd_array_alloc(&c->engines, (size_t)b->r->threads, sizeof(ddmd_engine *), err));
    for (long t = 0; t < b->r->threads; t++)
        DDMD_TRY(ddmd_engine_create(which == ENSEMBLE ? "ensemble" : "openmm",
                                    which == CUTOFF ? &b->with_cutoff : b->subject->system,
                                    &options, c->n_replicas, &c->engines[t], err));
out:
    return status;
}

/* Replicas that have gone apart, as those of a campaign have. */
static enum ddmd_status spread(bench_md_state *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const contender *c = &b->contenders[ENSEMBLE];
    size_t n = (size_t)b->subject->system->n_atoms * 3;
    DDMD_TRY(ddmd_engine_minimize(c->engines[0], b->positions, 10, MINIMIZE_STEPS, err));
    for (size_t i = 0; i < n; i++)
        b->frame[i] = (float)b->positions[i];
    for (long t = 0; t < b->r->threads; t++) {
        for (int r = 0; r < c->n_replicas; r++) {
            const ddmd_engine_start start = {
                .simulation_id = (uint32_t)t * (uint32_t)c->n_replicas + (uint32_t)r,
                .positions = b->frame,
            };
            DDMD_TRY(ddmd_engine_start_replica(c->engines[t], r, &start, err));
        }
        DDMD_TRY(ddmd_engine_advance(c->engines[t], SPREAD_STEPS, err));
    }
out:
    return status;
}

enum ddmd_status bench_md_create_engines(bench_md_state *b, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    for (int which = 0; which < N_CONTENDERS; which++)
        DDMD_TRY(create_contender(b, which, err));
    DDMD_TRY(spread(b, err));
out:
    return status;
}
