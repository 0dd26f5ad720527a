#include "cli.h"

#include "campaign/subject.h"
#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "ddmd energy FILE.pdb|CONFIG.yaml [options]\n"
    "\n"
    "Single-point energy by term, and forces, of the first model of a PDB file or of the first\n"
    "start structure of a configuration. Nothing is constrained or moved.\n"
    "\n"
    "  --force-field A,B  XML files (default: amber99sbildn.xml,amber99_obc.xml)\n"
    "  --engine NAME      reference (float64, in ddmd; default), or an engine of `ddmd info`\n"
    "  --platform NAME    of engine openmm\n"
    "  --forces FILE      write the forces, kJ/(mol nm), one atom a line\n"
    "  --json             one JSON object\n";

typedef struct request {
    const char *input, *force_field, *engine, *platform, *forces;
    bool json;
} request;

static bool is_configuration(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* Split "a.xml,b.xml" in place; at most 16 names. */
static size_t split_names(char *list, const char *names[16])
{
    size_t n = 0;
    char *rest = NULL;
    for (char *name = strtok_r(list, ",", &rest); name && n < 16; name = strtok_r(NULL, ",", &rest))
        names[n++] = name;
    return n;
}

static enum ddmd_status read_pdb(const request *r, ddmd_system **system, double **positions,
                                 ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_structure *structure = NULL;
    ddmd_force_field *force_field = NULL;
    const ddmd_system_options options = {0};
    const char *names[16];
    char *list = NULL;
    DDMD_TRY(ddmd_array_copy(&list, r->force_field, strlen(r->force_field) + 1, 1, err));
    size_t n = split_names(list, names);
    if (n == 0)
        DDMD_FAIL(err, DDMD_CONFIG, "--force-field: no file is named");
    DDMD_TRY(ddmd_structure_read_pdb(r->input, &structure, err));
    DDMD_TRY(ddmd_force_field_load(names, n, &force_field, err));
    DDMD_TRY(ddmd_system_create(structure, force_field, &options, system, err));
    ddmd_structure_log_gaps(structure, structure->positions, 1, &cli_warnings);
    DDMD_TRY(ddmd_array_copy(positions, structure->positions, (size_t)structure->n_atoms * 3,
                             sizeof(double), err));
out:
    free(list);
    ddmd_force_field_destroy(&force_field);
    ddmd_structure_destroy(&structure);
    return status;
}

static enum ddmd_status read_configuration(const request *r, ddmd_system **system,
                                           double **positions, ddmd_mistakes *mistakes,
                                           ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_config *config = NULL;
    ddmd_subject *subject = NULL;
    /* flexible bonds, so that the bond term is whole */
    static const char *const overrides[] = {"system.constraints=none", "simulation.timestep_fs=1"};
    DDMD_TRY(ddmd_config_load(r->input, overrides, 2, &config, mistakes, err));
    DDMD_TRY(ddmd_subject_create(config, &subject, mistakes, err));
    ddmd_structure_log_gaps(subject->structure, subject->starts, 1, &cli_warnings);
    DDMD_TRY(ddmd_array_copy(positions, subject->starts, (size_t)subject->system->n_atoms * 3,
                             sizeof(double), err));
    *system = subject->system;
    subject->system = NULL;
out:
    ddmd_subject_destroy(&subject);
    ddmd_config_destroy(&config);
    return status;
}

static enum ddmd_status compute(const request *r, const ddmd_system *system,
                                const double *positions, ddmd_energy *energy, double *forces,
                                ddmd_error *err)
{
    if (strcmp(r->engine, "reference") == 0)
        return ddmd_system_energy(system, positions, energy, forces, err);
    enum ddmd_status status = DDMD_OK;
    ddmd_engine *engine = NULL;
    const ddmd_engine_options options = {
        .temperature_kelvin = 300,
        .friction_per_ps = 1,
        .timestep_fs = 1,
        .threads_per_replica = 1,
        .platform = r->platform,
    };
    DDMD_TRY(ddmd_engine_create(r->engine, system, &options, 1, &engine, err));
    DDMD_TRY(ddmd_engine_energy(engine, positions, energy, forces, err));
out:
    ddmd_engine_destroy(&engine);
    return status;
}

static enum ddmd_status write_forces(const char *path, const double *forces, int32_t n_atoms,
                                     ddmd_error *err)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return ddmd_error_set(err, DDMD_IO, "%s: %m", path);
    for (int32_t i = 0; i < n_atoms; i++)
        fprintf(file, "%.9g %.9g %.9g\n", forces[3 * i], forces[3 * i + 1], forces[3 * i + 2]);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    return failed ? ddmd_error_set(err, DDMD_IO, "%s: %m", path) : DDMD_OK;
}

static int print_json(const request *r, const ddmd_system *system, const ddmd_energy *e, double rms,
                      double max)
{
    json_t *terms = json_pack("{s:o, s:o, s:o, s:o, s:o}", "bond", cli_number(e->bond), "angle",
                              cli_number(e->angle), "torsion", cli_number(e->torsion), "nonbonded",
                              cli_number(e->nonbonded), "gbsa", cli_number(e->gbsa));
    if (terms && e->other != 0)
        json_object_set_new(terms, "other", cli_number(e->other));
    return cli_print_json(
        json_pack("{s:o, s:o, s:i, s:s, s:{s:o, s:o}}", "total_kj_per_mol", cli_number(e->total),
                  "terms", terms, "atoms", (int)system->n_atoms, "engine", r->engine,
                  "force_kj_per_mol_nm", "rms", cli_number(rms), "max_component", cli_number(max)));
}

static int print_text(const request *r, const ddmd_system *system, const ddmd_energy *e, double rms,
                      double max)
{
    printf("%s: %d atoms, engine %s; kJ/mol\n", system->name, system->n_atoms, r->engine);
#define PRINT_TERM(term)                             \
    if (strcmp(#term, "other") != 0 || e->term != 0) \
        printf("  %-10s %16.6f\n", #term, e->term);
    DDMD_ENERGY_TERM_MAP(PRINT_TERM)
#undef PRINT_TERM
    printf("  %-10s %16.6f\nforces: rms %.4f, largest component %.4f kJ/(mol nm)\n", "total",
           e->total, rms, max);
    return cli_flush();
}

static int run(const request *r)
{
    enum ddmd_status status = DDMD_OK;
    int exit_status;
    ddmd_system *system = NULL;
    double *positions = NULL, *forces = NULL;
    ddmd_mistakes mistakes = {0};
    ddmd_error error = {0}, *err = &error;
    ddmd_energy energy;
    double rms = 0, max = 0;

    if (is_configuration(r->input))
        DDMD_TRY(read_configuration(r, &system, &positions, &mistakes, err));
    else
        DDMD_TRY(read_pdb(r, &system, &positions, err));
    DDMD_TRY(ddmd_array_alloc(&forces, (size_t)system->n_atoms * 3, sizeof *forces, err));
    DDMD_TRY(compute(r, system, positions, &energy, forces, err));
    for (int32_t i = 0; i < system->n_atoms * 3; i++) {
        rms += forces[i] * forces[i];
        max = fmax(max, fabs(forces[i]));
    }
    rms = sqrt(rms / (system->n_atoms * 3.0));
    if (r->forces)
        DDMD_TRY(write_forces(r->forces, forces, system->n_atoms, err));
out:
    if (status != DDMD_OK)
        exit_status = mistakes.n ? cli_mistakes("energy", &mistakes) : cli_fail(status, err);
    else
        exit_status = r->json ? print_json(r, system, &energy, rms, max)
                              : print_text(r, system, &energy, rms, max);
    ddmd_system_destroy(&system);
    ddmd_mistakes_clear(&mistakes);
    free(positions);
    free(forces);
    return exit_status;
}

int cli_energy(int argc, char **argv)
{
    request r = {.force_field = "amber99sbildn.xml,amber99_obc.xml", .engine = "reference"};
    const cli_option options[] = {
        {"force-field", .text = &r.force_field},
        {"engine", .text = &r.engine},
        {"platform", .text = &r.platform},
        {"forces", .text = &r.forces},
        {"json", .flag = &r.json},
        {0},
    };
    int exit_status;
    if (!cli_read_options("energy", argc, argv, options, help, &exit_status))
        return exit_status;
    if (argc - optind != 1)
        return cli_usage("energy", "one PDB or configuration file is needed");
    r.input = argv[optind];
    return run(&r);
}
