/*
 * Engine ensemble on proteins, folded and unfolded: forces and energies of its float32 lanes
 * against OpenMM's platform Reference, or the project's own reference where OpenMM is missing.
 */
#include "support/cmocka.h"

#include "ddmd/engine.h"
#include "ddmd/force_field.h"
#include "ddmd/peptide.h"
#include "engine/ensemble/kernels.h"
#include "support/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct subject {
    ddmd_structure *structure;
    ddmd_system *system;
    ddmd_engine *engine;
    ddmd_engine *openmm; /* NULL where it is missing */
    size_t n;            /* coordinates */
} subject;

enum { REPLICAS = 16, FRAMES = 7, EVERY = 500 };

/* What forces and energies must be, of a frame of each replica. */
typedef struct expectation {
    float *positions; /* [REPLICAS][n] */
    double *forces;   /* [REPLICAS][n] */
    double energies[REPLICAS];
} expectation;

/* A PDB file of the reference data, or the helix of a sequence; skips where something is missing.
 */
static subject create(const char *name)
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
    if (strstr(name, ".pdb")) {
        const char *path = test_data(name);
        if (!path) {
            print_message("%s is missing\n", name);
            ddmd_force_field_destroy(&force_field);
            skip();
        }
        ASSERT_OK(ddmd_structure_read_pdb(path, &s.structure, &err), &err);
    } else {
        ASSERT_OK(ddmd_peptide_build(name, DDMD_PEPTIDE_HELIX, &s.structure, &err), &err);
    }
    ASSERT_OK(ddmd_system_create(s.structure, force_field, &options, &s.system, &err), &err);
    ASSERT_OK(ddmd_engine_create("ensemble", s.system, &engine_options, REPLICAS, &s.engine, &err),
              &err);
    ddmd_engine_options reference_options = engine_options;
    reference_options.platform = "Reference";
    if (ddmd_engine_create("openmm", s.system, &reference_options, 1, &s.openmm, &err) != DDMD_OK)
        print_message("compared with the project's own reference: %s\n", err.message);
    ddmd_force_field_destroy(&force_field);
    s.n = (size_t)s.system->n_atoms * 3;
    return s;
}

static void destroy(subject *s)
{
    ddmd_engine_destroy(&s->openmm);
    ddmd_engine_destroy(&s->engine);
    ddmd_system_destroy(&s->system);
    ddmd_structure_destroy(&s->structure);
}

static void start_all(const subject *s)
{
    ddmd_error err = {0};
    double *x = calloc(s->n, sizeof *x);
    float *positions = calloc(s->n, sizeof *positions);
    memcpy(x, s->structure->positions, s->n * sizeof *x);
    ASSERT_OK(ddmd_engine_minimize(s->engine, x, 20, 300, &err), &err);
    for (size_t i = 0; i < s->n; i++)
        positions[i] = (float)x[i];
    for (int r = 0; r < REPLICAS; r++) {
        const ddmd_engine_start start = {.simulation_id = (uint32_t)r, .positions = positions};
        ASSERT_OK(ddmd_engine_start_replica(s->engine, r, &start, &err), &err);
    }
    free(positions);
    free(x);
}

static void expect(const subject *s, expectation *e)
{
    ddmd_error err = {0};
    double *x = calloc(s->n, sizeof *x);
    for (int r = 0; r < REPLICAS; r++) {
        float *positions = e->positions + (size_t)r * s->n;
        ddmd_engine_frame frame = {.positions = positions};
        ddmd_energy energy;
        ASSERT_OK(ddmd_engine_read(s->engine, r, &frame, &err), &err);
        for (size_t i = 0; i < s->n; i++)
            x[i] = positions[i];
        ASSERT_OK(ddmd_engine_energy(s->openmm ? s->openmm : s->engine, x, &energy,
                                     e->forces + (size_t)r * s->n, &err),
                  &err);
        e->energies[r] = energy.total;
    }
    free(x);
}

/* Relative errors of force, |dF|/|F|, and of energy, over the frames. */
typedef struct errors {
    double force, energy; /* largest */
    double squares;       /* of those of energy, summed up */
} errors;

/* Those of the replicas from `first`, in lanes. */
static void compare_group(const subject *s, const ensemble_kernels *kernels,
                          const ensemble_model *model, const expectation *e, int first,
                          errors *worst)
{
    ddmd_error err = {0};
    double potential[ENSEMBLE_MAX_LANES], kinetic[ENSEMBLE_MAX_LANES];
    ensemble_group *group = NULL;
    ASSERT_OK(ensemble_group_create(model, kernels->lanes, &group, &err), &err);
    for (int lane = 0; lane < kernels->lanes; lane++)
        ensemble_group_put(group, model, lane, e->positions + (size_t)(first + lane) * s->n, NULL);
    kernels->evaluate(model, group, potential, kinetic);
    for (int lane = 0; lane < kernels->lanes; lane++) {
        const double *expected = e->forces + (size_t)(first + lane) * s->n;
        double difference = 0, size = 0, energy = e->energies[first + lane];
        for (size_t i = 0; i < s->n; i++) {
            double d = group->f[i * (size_t)kernels->lanes + (size_t)lane] - expected[i];
            difference += d * d;
            size += expected[i] * expected[i];
        }
        double off = fabs(potential[lane] - energy) / fabs(energy);
        worst->force = fmax(worst->force, sqrt(difference / size));
        worst->energy = fmax(worst->energy, off);
        worst->squares += off * off;
    }
    ensemble_group_destroy(&group);
}

/*
 * 112 frames of trajectories. Float32 has 6e-8 of rounding an operation; positions of 2 nm are
 * kept to 1.2e-7 nm, and the errors of some hundred pairs an atom add up to 2e-6. Energies: terms
 * of some 10^4 kJ/mol that cancel to a tenth of that, of which Born radii, good to 3e-7, make the
 * most: 1e-6 in the mean (root of squares), twice that in the worst of the frames.
 */
static void compare_forces(const char *name)
{
    static const char *const isas[] = {"avx512", "avx2", "neon", "plain"};
    enum { N_ISAS = sizeof isas / sizeof *isas };
    ddmd_error err = {0};
    subject s = create(name);
    start_all(&s);
    ensemble_model *model = NULL;
    const ddmd_engine_options options = {.friction_per_ps = 1, .timestep_fs = 2, .seed = 1};
    ASSERT_OK(ensemble_model_create(s.system, &options, &model, &err), &err);
    expectation e = {.positions = calloc(REPLICAS * s.n, sizeof(float)),
                     .forces = calloc(REPLICAS * s.n, sizeof(double))};
    errors found[N_ISAS] = {{0}};
    for (int frame = 0; frame < FRAMES; frame++) {
        ASSERT_OK(ddmd_engine_advance(s.engine, EVERY, &err), &err);
        expect(&s, &e);
        for (size_t isa = 0; isa < N_ISAS; isa++) {
            const ensemble_kernels *kernels = ensemble_kernels_find(isas[isa]);
            for (int first = 0; kernels && first < REPLICAS; first += kernels->lanes)
                compare_group(&s, kernels, model, &e, first, &found[isa]);
        }
    }
    for (size_t isa = 0; isa < N_ISAS; isa++) {
        if (!ensemble_kernels_find(isas[isa]))
            continue;
        double mean = sqrt(found[isa].squares / (REPLICAS * FRAMES));
        print_message("%s, %s: forces within %.2g, energies within %.2g, %.2g in the mean\n", name,
                      isas[isa], found[isa].force, found[isa].energy, mean);
        assert_true(found[isa].force <= 3e-6);
        assert_true(found[isa].energy <= 2e-6);
        assert_true(mean <= 1e-6);
    }
    free(e.positions);
    free(e.forces);
    ensemble_model_destroy(&model);
    destroy(&s);
}

static void forces_of_chignolin_unfolded(void **state)
{
    (void)state;
    compare_forces("structures/cln025/unfolded.pdb");
}

static void forces_of_chignolin_folded(void **state)
{
    (void)state;
    compare_forces("structures/cln025/ref.pdb");
}

static void forces_of_fs_peptide_extended(void **state)
{
    (void)state;
    compare_forces("structures/fs_peptide/fs-peptide.pdb");
}

static void forces_of_fs_peptide_helix(void **state)
{
    (void)state;
    compare_forces("ACE-AAAAAAAARAAAARAAAARAA-NME");
}

static void forces_of_bba_folded(void **state)
{
    (void)state;
    compare_forces("structures/bba/1FME-folded-model1.pdb");
}

static void forces_of_bba_unfolded(void **state)
{
    (void)state;
    compare_forces("structures/bba/1FME-unfolded.pdb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forces_of_chignolin_unfolded),
        cmocka_unit_test(forces_of_chignolin_folded),
        cmocka_unit_test(forces_of_fs_peptide_extended),
        cmocka_unit_test(forces_of_fs_peptide_helix),
        cmocka_unit_test(forces_of_bba_folded),
        cmocka_unit_test(forces_of_bba_unfolded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
