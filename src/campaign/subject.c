#include "campaign/subject.h"

#include "core/array.h"
#include "core/parallel.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/peptide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ddmd_subject_blame(const ddmd_config *config, const char *key, const ddmd_error *why,
                        ddmd_mistakes *mistakes)
{
    ddmd_mistakes_add(mistakes, "%s: %s: %s", ddmd_config_place(config, key), key, why->message);
}

/* Errors that say something of the user's input; the others are passed on as they are. */
static bool is_mistake(enum ddmd_status status)
{
    return status == DDMD_CONFIG || status == DDMD_FORMAT || status == DDMD_IO ||
           status == DDMD_UNSUPPORTED || status == DDMD_INVALID;
}

static bool names_a_fold(const char *word, enum ddmd_peptide_fold *fold)
{
    if (strcmp(word, "helix") == 0)
        *fold = DDMD_PEPTIDE_HELIX;
    else if (strcmp(word, "extended") == 0)
        *fold = DDMD_PEPTIDE_EXTENDED;
    else
        return false;
    return true;
}

static const char *source_key(const ddmd_config *config)
{
    if (*config->system.sequence)
        return "system.sequence";
    return config->system.bead_chain ? "system.bead_chain" : "system.pdb";
}

/* The molecule built with a fold; CONFIG where there is no sequence to build from. */
static enum ddmd_status build_fold(const ddmd_config *config, enum ddmd_peptide_fold fold,
                                   ddmd_structure **structure, ddmd_error *err)
{
    if (*config->system.sequence)
        return ddmd_peptide_build(config->system.sequence, fold, structure, err);
    if (config->system.bead_chain)
        return ddmd_bead_chain_build(config->system.bead_chain, fold, structure, err);
    return ddmd_error_set(err, DDMD_CONFIG,
                          "a fold can only be built where system.sequence or system.bead_chain is "
                          "given; give a PDB file here");
}

static enum ddmd_status create_structure(const ddmd_config *config, ddmd_structure **structure,
                                         ddmd_error *err)
{
    if (*config->system.pdb)
        return ddmd_structure_read_pdb(config->system.pdb, structure, err);
    return build_fold(config, DDMD_PEPTIDE_EXTENDED, structure, err);
}

static enum ddmd_status create_system(const ddmd_config *config, const ddmd_structure *structure,
                                      ddmd_system **system, const char **key, ddmd_error *err)
{
    *key = source_key(config);
    if (config->system.bead_chain)
        return ddmd_system_create_bead_chain(config->system.bead_chain, system, err);
    if (*config->system.openmm_system) {
        *key = "system.openmm_system";
        return ddmd_system_read_openmm(config->system.openmm_system, structure, system, err);
    }

    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *force_field = NULL;
    *key = "system.force_field";
    DDMD_TRY(ddmd_force_field_load((const char *const *)config->system.force_field.items,
                                   config->system.force_field.n, &force_field, err));
    *key = source_key(config);
    const ddmd_system_options options = {
        .constrain_hydrogen_bonds = config->system.constraints == DDMD_CONSTRAINTS_hbonds,
        .hydrogen_mass_amu = config->system.hydrogen_mass_amu,
        .cutoff_nm = config->system.cutoff_nm,
    };
    DDMD_TRY(ddmd_system_create(structure, force_field, &options, system, err));
out:
    ddmd_force_field_destroy(&force_field);
    return status;
}

/* The models of a structure with the atoms of the system, in any order within their residues. */
static enum ddmd_status add_starts(ddmd_subject *subject, const ddmd_structure *from,
                                   ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    size_t n = (size_t)subject->structure->n_atoms;
    size_t total = subject->n_starts + (size_t)from->n_models;
    int32_t *order = NULL;
    DDMD_TRY(ddmd_array_alloc(&order, n, sizeof *order, err));
    DDMD_TRY(ddmd_structure_match(subject->structure, from, order, err));
    double *grown = reallocarray(subject->starts, total * n, 3 * sizeof *grown);
    if (!grown)
        DDMD_FAIL(err, DDMD_NOMEM, "out of memory for %zu start structures", total);
    subject->starts = grown;
    for (int32_t model = 0; model < from->n_models; model++)
        ddmd_gather_f64(from->positions + (size_t)model * n * 3, order, n,
                        grown + (subject->n_starts + (size_t)model) * n * 3);
    subject->n_starts = total;
out:
    free(order);
    return status;
}

static enum ddmd_status create_starts(const ddmd_config *config, ddmd_subject *subject,
                                      ddmd_error *err)
{
    if (config->system.start.n == 0)
        return add_starts(subject, subject->structure, err);

    enum ddmd_status status = DDMD_OK;
    ddmd_structure *structure = NULL;
    for (size_t i = 0; i < config->system.start.n; i++) {
        const char *start = config->system.start.items[i];
        enum ddmd_peptide_fold fold;
        if (names_a_fold(start, &fold))
            DDMD_TRY(build_fold(config, fold, &structure, err));
        else
            DDMD_TRY(ddmd_structure_read_pdb(start, &structure, err));
        DDMD_TRY(add_starts(subject, structure, err));
        ddmd_structure_destroy(&structure);
    }
out:
    ddmd_structure_destroy(&structure);
    return status;
}

static enum ddmd_status create_reference(const ddmd_config *config, ddmd_subject *subject,
                                         ddmd_error *err)
{
    if (!*config->system.reference)
        return DDMD_OK;

    enum ddmd_status status = DDMD_OK;
    ddmd_structure *structure = NULL;
    int32_t *atoms = NULL;
    size_t n = 0;
    enum ddmd_peptide_fold fold;
    if (names_a_fold(config->system.reference, &fold))
        DDMD_TRY(build_fold(config, fold, &structure, err));
    else
        DDMD_TRY(ddmd_structure_read_pdb(config->system.reference, &structure, err));
    DDMD_TRY(ddmd_structure_select(structure, config->features.rmsd.atoms, &atoms, &n, err));
    if (n != subject->n_rmsd_atoms)
        DDMD_FAIL(err, DDMD_CONFIG,
                  "\"%s\" selects %zu atoms in %d residues of the reference %s, but %zu atoms in "
                  "%d residues of the system; the reference must have the same residues",
                  config->features.rmsd.atoms, n, structure->n_residues, structure->source,
                  subject->n_rmsd_atoms, subject->structure->n_residues);
    if (n < 3)
        DDMD_FAIL(err, DDMD_CONFIG, "\"%s\" selects %zu atoms; an RMSD needs at least 3",
                  config->features.rmsd.atoms, n);
    for (size_t i = 0; i < n; i++) {
        const ddmd_atom *a = &structure->atoms[atoms[i]];
        const ddmd_atom *b = &subject->structure->atoms[subject->rmsd_atoms[i]];
        if (strcmp(a->name, b->name) != 0)
            DDMD_FAIL(err, DDMD_CONFIG,
                      "atom %zu of the selection \"%s\" is %s in the reference %s, but %s in the "
                      "system",
                      i + 1, config->features.rmsd.atoms, a->name, structure->source, b->name);
    }
    DDMD_TRY(ddmd_array_alloc(&subject->reference, n * 3, sizeof *subject->reference, err));
    ddmd_gather_f64(structure->positions, atoms, n, subject->reference);
out:
    free(atoms);
    ddmd_structure_destroy(&structure);
    return status;
}

static enum ddmd_status select_points(const ddmd_config *config, ddmd_subject *subject,
                                      ddmd_error *err)
{
    enum ddmd_status status =
        ddmd_structure_select(subject->structure, config->features.contact_map.atoms,
                              &subject->point_atoms, &subject->n_points, err);
    if (status == DDMD_OK && subject->n_points < 4)
        return ddmd_error_set(err, DDMD_CONFIG,
                              "\"%s\" selects %zu atoms; a contact map needs at least 4",
                              config->features.contact_map.atoms, subject->n_points);
    subject->contact_cutoff_nm = config->features.contact_map.cutoff_angstrom / 10.0;
    return status;
}

enum ddmd_status ddmd_subject_create(const ddmd_config *config, ddmd_subject **subject,
                                     ddmd_mistakes *mistakes, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_subject *s = NULL;
    size_t mistakes_before = mistakes->n;
    DDMD_TRY(ddmd_array_alloc(&s, 1, sizeof *s, err));

/* Go on after a mistake of the user, to find the others too; stop at anything else. */
#define EXPECT(key, call)                                      \
    do {                                                       \
        ddmd_error why = {0};                                  \
        enum ddmd_status result = (call);                      \
        if (is_mistake(result))                                \
            ddmd_subject_blame(config, (key), &why, mistakes); \
        else if (result != DDMD_OK)                            \
            DDMD_FAIL(err, result, "%s", why.message);         \
    } while (0)

    EXPECT(source_key(config), create_structure(config, &s->structure, &why));
    if (s->structure) {
        const char *key = NULL;
        ddmd_error why = {0};
        enum ddmd_status result = create_system(config, s->structure, &s->system, &key, &why);
        if (is_mistake(result))
            ddmd_subject_blame(config, key, &why, mistakes);
        else if (result != DDMD_OK)
            DDMD_FAIL(err, result, "%s", why.message);
        EXPECT("system.start", create_starts(config, s, &why));
        EXPECT("features.contact_map.atoms", select_points(config, s, &why));
        if (*config->system.reference) {
            EXPECT("features.rmsd.atoms",
                   ddmd_structure_select(s->structure, config->features.rmsd.atoms, &s->rmsd_atoms,
                                         &s->n_rmsd_atoms, &why));
            if (s->n_rmsd_atoms)
                EXPECT("system.reference", create_reference(config, s, &why));
        }
    }
#undef EXPECT
    if (mistakes->n > mistakes_before)
        DDMD_FAIL(err, DDMD_CONFIG, "%s", mistakes->lines[mistakes_before]);
    *subject = s;
    s = NULL;
out:
    ddmd_subject_destroy(&s);
    return status;
}

void ddmd_subject_destroy(ddmd_subject **subject)
{
    ddmd_subject *s = *subject;
    if (!s)
        return;
    ddmd_structure_destroy(&s->structure);
    ddmd_system_destroy(&s->system);
    free(s->starts);
    free(s->point_atoms);
    free(s->rmsd_atoms);
    free(s->reference);
    free(s);
    *subject = NULL;
}

size_t ddmd_subject_scratch(const ddmd_subject *subject)
{
    size_t n =
        subject->n_points > subject->n_rmsd_atoms ? subject->n_points : subject->n_rmsd_atoms;
    return n * 3;
}

void ddmd_subject_measure(const ddmd_subject *subject, ddmd_frame *frame, double *scratch)
{
    frame->rmsd_nm = NAN;
    if (subject->n_rmsd_atoms) {
        ddmd_gather_f32(frame->positions, subject->rmsd_atoms, subject->n_rmsd_atoms, scratch);
        frame->rmsd_nm = (float)ddmd_rmsd(scratch, subject->reference, subject->n_rmsd_atoms);
    }
    ddmd_gather_f32(frame->positions, subject->point_atoms, subject->n_points, scratch);
    frame->radius_of_gyration_nm = (float)ddmd_radius_of_gyration(scratch, subject->n_points);
    ddmd_contact_map_pack(scratch, subject->n_points, subject->contact_cutoff_nm,
                          frame->contact_map);
}

ddmd_engine_options ddmd_subject_engine_options(const ddmd_config *config, const ddmd_log *log)
{
    return (ddmd_engine_options){
        .temperature_kelvin = config->simulation.temperature_kelvin.items[0],
        .friction_per_ps = config->simulation.friction_per_ps,
        .timestep_fs = config->simulation.timestep_fs,
        .seed = config->seed,
        .gb_interval_steps = config->simulation.gb_interval_steps,
        .threads_per_replica = 1,
        .platform = *config->simulation.platform ? config->simulation.platform : NULL,
        .precision = *config->simulation.precision ? config->simulation.precision : NULL,
        .log = log,
    };
}

ddmd_model_options ddmd_subject_model_options(const ddmd_config *config)
{
    ddmd_model_options options;
    ddmd_model_options_default(&options);
    options.n_layers = (int)config->model.filters.n;
    for (int i = 0; i < options.n_layers; i++) {
        options.filters[i] = config->model.filters.items[i];
        options.kernels[i] = config->model.kernels.items[i];
        options.strides[i] = config->model.strides.items[i];
    }
    options.dense_width = config->model.dense_width;
    options.dropout = config->model.dropout;
    options.batch_size = config->model.batch_size;
    options.epochs = config->model.epochs;
    options.patience = config->model.patience;
    options.precision =
        strcmp(config->model.precision, "bf16") == 0 ? DDMD_PRECISION_bf16 : DDMD_PRECISION_f32;
    options.learning_rate = config->model.learning_rate;
    options.rho = config->model.rho;
    options.epsilon = config->model.epsilon;
    options.validation_fraction = config->model.validation_fraction;
    options.threads = ddmd_parallel_threads(config->model.threads);
    options.seed = config->seed;
    return options;
}

int64_t ddmd_subject_report_steps(const ddmd_config *config)
{
    return llround(config->simulation.report_interval_ps * 1000.0 / config->simulation.timestep_fs);
}

int64_t ddmd_subject_segment_reports(const ddmd_config *config)
{
    return llround(config->simulation.segment_ns * 1000.0 / config->simulation.report_interval_ps);
}
