/*
 * Engine ensemble on proteins: forces and energies of its float32 lanes against the float64
 * reference.
 */
#include "support/cmocka.h"

#include "ddmd/engine.h"
#include "ddmd/force_field.h"
#include "engine/ensemble/kernels.h"
#include "support/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct subject {
    ddmd_structure *structure;
    ddmd_system *system;
    ddmd_engine *engine;
    size_t n; /* coordinates */
} subject;

/* From a PDB file of the reference data; skips where something is missing. */
static subject create(const char *name, int n_replicas)
{
    static const char *const files[] = {"amber99sbildn.xml", "amber99_obc.xml"};
    const ddmd_system_options options = {.constrain_hydrogen_bonds = true};
    const ddmd_engine_options engine_options = {.temperature_kelvin = 300,
                                                .friction_per_ps = 1,
                                                .timestep_fs = 2,
                                                .seed = 17,
                                                .threads_per_replica = 1};
    ddmd_error err = {0};
    ddmd_force_field *force_field = NULL;
    subject s = {0};
    if (ddmd_force_field_load(files, 2, &force_field, &err) != DDMD_OK) {
        print_message("%s\n", err.message);
        skip();
    }
    const char *path = test_data(name);
    if (!path) {
        print_message("%s is missing\n", name);
        ddmd_force_field_destroy(&force_field);
        skip();
    }
    ASSERT_OK(ddmd_structure_read_pdb(path, &s.structure, &err), &err);
    ASSERT_OK(ddmd_system_create(s.structure, force_field, &options, &s.system, &err), &err);
    ASSERT_OK(
        ddmd_engine_create("ensemble", s.system, &engine_options, n_replicas, &s.engine, &err),
        &err);
    ddmd_force_field_destroy(&force_field);
    s.n = (size_t)s.system->n_atoms * 3;
    return s;
}

static void destroy(subject *s)
{
    ddmd_engine_destroy(&s->engine);
    ddmd_system_destroy(&s->system);
    ddmd_structure_destroy(&s->structure);
}

static void start_all(const subject *s, int n_replicas)
{
    ddmd_error err = {0};
    double *x = calloc(s->n, sizeof *x);
    float *positions = calloc(s->n, sizeof *positions);
    memcpy(x, s->structure->positions, s->n * sizeof *x);
    ASSERT_OK(ddmd_engine_minimize(s->engine, x, 20, 300, &err), &err);
    for (size_t i = 0; i < s->n; i++)
        positions[i] = (float)x[i];
    for (int r = 0; r < n_replicas; r++) {
        const ddmd_engine_start start = {.simulation_id = (uint32_t)r, .positions = positions};
        ASSERT_OK(ddmd_engine_start_replica(s->engine, r, &start, &err), &err);
    }
    free(positions);
    free(x);
}

/* Largest relative errors of force, |dF|/|F|, and of energy, of the lanes of a group. */
static void compare_group(const subject *s, const ensemble_kernels *kernels,
                          const ensemble_model *model, ensemble_group *group, double *force_error,
                          double *energy_error)
{
    ddmd_error err = {0};
    double potential[ENSEMBLE_MAX_LANES], kinetic[ENSEMBLE_MAX_LANES];
    double *x = calloc(2 * s->n, sizeof *x), *expected = x + s->n;
    float *positions = calloc(s->n, sizeof *positions);
    kernels->evaluate(model, group, potential, kinetic);
    for (int lane = 0; lane < kernels->lanes; lane++) {
        ddmd_energy energy;
        double difference = 0, size = 0;
        ensemble_group_get(group, model, lane, positions, NULL);
        for (size_t i = 0; i < s->n; i++)
            x[i] = positions[i];
        ASSERT_OK(ddmd_system_energy(s->system, x, &energy, expected, &err), &err);
        for (size_t i = 0; i < s->n; i++) {
            double d = group->f[i * (size_t)kernels->lanes + (size_t)lane] - expected[i];
            difference += d * d;
            size += expected[i] * expected[i];
        }
        *force_error = fmax(*force_error, sqrt(difference / size));
        *energy_error =
            fmax(*energy_error, fabs(potential[lane] - energy.total) / fabs(energy.total));
    }
    free(positions);
    free(x);
}

/*
 * 112 frames of a trajectory. Float32 has 6e-8 of rounding an operation; positions of 2 nm are
 * kept to 1.2e-7 nm, and the errors of some hundred pairs an atom add up to 2e-6. Energies: terms
 * of some 10^4 kJ/mol that cancel to a tenth of that.
 */
static void compare_forces(const char *name)
{
    enum { REPLICAS = 16, FRAMES = 7, EVERY = 500 };
    static const char *const isas[] = {"avx512", "avx2", "neon", "plain"};
    enum { N_ISAS = sizeof isas / sizeof *isas };
    ddmd_error err = {0};
    subject s = create(name, REPLICAS);
    start_all(&s, REPLICAS);
    ensemble_model *model = NULL;
    ASSERT_OK(ensemble_model_create(s.system, 0.002, 1, 1, &model, &err), &err);
    float *positions = calloc(s.n, sizeof *positions);
    double force_error[N_ISAS] = {0}, energy_error[N_ISAS] = {0};
    for (int frame = 0; frame < FRAMES; frame++) {
        ASSERT_OK(ddmd_engine_advance(s.engine, EVERY, &err), &err);
        for (size_t isa = 0; isa < N_ISAS; isa++) {
            const ensemble_kernels *kernels = ensemble_kernels_find(isas[isa]);
            if (!kernels)
                continue;
            ensemble_group *group = NULL;
            ASSERT_OK(ensemble_group_create(model, kernels->lanes, &group, &err), &err);
            for (int r = 0; r < REPLICAS; r++) {
                ddmd_engine_frame at = {.positions = positions};
                ASSERT_OK(ddmd_engine_read(s.engine, r, &at, &err), &err);
                ensemble_group_put(group, model, r % kernels->lanes, positions, NULL);
                if (r % kernels->lanes == kernels->lanes - 1)
                    compare_group(&s, kernels, model, group, &force_error[isa], &energy_error[isa]);
            }
            ensemble_group_destroy(&group);
        }
    }
    for (size_t isa = 0; isa < N_ISAS; isa++) {
        print_message("%s, %s: forces within %.2g, energies within %.2g\n", name, isas[isa],
                      force_error[isa], energy_error[isa]);
        assert_true(force_error[isa] <= 3e-6);
        assert_true(energy_error[isa] <= 2e-6);
    }
    free(positions);
    ensemble_model_destroy(&model);
    destroy(&s);
}

static void forces_of_chignolin(void **state)
{
    (void)state;
    compare_forces("structures/cln025/unfolded.pdb");
}

static void forces_of_fs_peptide(void **state)
{
    (void)state;
    compare_forces("structures/fs_peptide/fs-peptide.pdb");
}

static void forces_of_bba(void **state)
{
    (void)state;
    compare_forces("structures/bba/1FME-folded-model1.pdb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forces_of_chignolin),
        cmocka_unit_test(forces_of_fs_peptide),
        cmocka_unit_test(forces_of_bba),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
