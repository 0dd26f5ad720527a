/* Energies in cases that can be computed by hand, and forces as their derivatives. */
#include "ddmd/peptide.h"
#include "ddmd/random.h"
#include "ddmd/system.h"
#include "support/cmocka.h"
#include "toy_molecule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ATOMS = 40 };

/* A system on the stack; terms point to the test's own arrays. */
typedef struct stage {
    ddmd_system system;
    double zeros[MOST_ATOMS], masses[MOST_ATOMS], charges[MOST_ATOMS], sigma[MOST_ATOMS],
        epsilon[MOST_ATOMS], radius[MOST_ATOMS], scale[MOST_ATOMS];
} stage;

static ddmd_system *set_up(stage *s, int32_t n_atoms)
{
    memset(s, 0, sizeof *s);
    static char name[] = "toy";
    s->system = (ddmd_system){
        .name = name,
        .n_atoms = n_atoms,
        .masses = s->masses,
        .charges = s->charges,
        .sigma_nm = s->sigma,
        .epsilon = s->epsilon,
        .gb_charges = s->charges,
        .gb_radius_nm = s->radius,
        .gb_scale = s->scale,
        .gb_alpha = 1,
        .gb_beta = 0.8,
        .gb_gamma = 4.85,
        .solute_dielectric = 1,
        .solvent_dielectric = 78.3,
        .surface_area_energy = 2.25936,
    };
    return &s->system;
}

static ddmd_energy energy_of(const ddmd_system *system, const double *positions, double *forces)
{
    ddmd_error err = {0};
    ddmd_energy energy;
    ASSERT_OK(ddmd_system_energy(system, positions, &energy, forces, &err), &err);
    assert_near(energy.bond + energy.angle + energy.torsion + energy.nonbonded + energy.gbsa +
                    energy.other,
                energy.total, 1e-9 * fabs(energy.total));
    return energy;
}

static void test_bond(void **state)
{
    (void)state;
    stage s;
    ddmd_system *system = set_up(&s, 2);
    ddmd_bond bond = {0, 1, 0.1, 1000};
    system->bonds = &bond;
    system->n_bonds = 1;
    static const double positions[] = {1, 1, 1, 1, 1, 1.15};
    double forces[6];
    assert_near(energy_of(system, positions, forces).bond, 500 * 0.05 * 0.05, 1e-12);
    assert_near(forces[2], 50, 1e-10); /* pulled towards the other */
    assert_near(forces[5], -50, 1e-10);
    assert_near(forces[0], 0, 1e-15);
}

static void test_angle(void **state)
{
    (void)state;
    stage s;
    ddmd_system *system = set_up(&s, 3);
    ddmd_angle angle = {0, 1, 2, M_PI / 3, 100};
    system->angles = &angle;
    system->n_angles = 1;
    static const double right[] = {0.1, 0, 0, 0, 0, 0, 0, 0.2, 0};
    double forces[9], bend = M_PI / 2 - M_PI / 3;
    assert_near(energy_of(system, right, forces).angle, 50 * bend * bend, 1e-12);
    assert_near(forces[1], 100 * bend / 0.1, 1e-9); /* the angle closes */
    assert_near(forces[6], 100 * bend / 0.2, 1e-9);
    static const double straight[] = {0.1, 0, 0, 0, 0, 0, -0.2, 0, 0};
    bend = M_PI - M_PI / 3;
    assert_near(energy_of(system, straight, forces).angle, 50 * bend * bend, 1e-12);
    for (int i = 0; i < 9; i++)
        assert_true(forces[i] == 0);
}

/* Sign convention of IUPAC: looking along j-k, clockwise is positive. */
static void test_torsion(void **state)
{
    (void)state;
    stage s;
    ddmd_system *system = set_up(&s, 4);
    ddmd_torsion torsion = {0, 1, 2, 3, 1, M_PI / 2, 3};
    system->torsions = &torsion;
    system->n_torsions = 1;
    /* j-k along +z, seen from below; l is turned from i by +90 degrees. */
    static const double plus[] = {0.1, 0, 0, 0, 0, 0, 0, 0, 0.1, 0, 0.1, 0.1};
    static const double minus[] = {0.1, 0, 0, 0, 0, 0, 0, 0, 0.1, 0, -0.1, 0.1};
    assert_near(energy_of(system, plus, NULL).torsion, 6, 1e-12);
    assert_near(energy_of(system, minus, NULL).torsion, 0, 1e-12);
    torsion.periodicity = 2;
    torsion.phase_rad = 0;
    assert_near(energy_of(system, plus, NULL).torsion, 0, 1e-12);
}

static void test_nonbonded(void **state)
{
    (void)state;
    stage s;
    ddmd_system *system = set_up(&s, 2);
    system->has_nonbonded = true;
    s.sigma[0] = 0.2, s.sigma[1] = 0.4;
    s.epsilon[0] = 1, s.epsilon[1] = 4;
    double minimum = 0.3 * pow(2, 1.0 / 6), positions[6] = {0}, forces[6];
    positions[3] = minimum;
    assert_near(energy_of(system, positions, forces).nonbonded, -2, 1e-12);
    assert_near(forces[0], 0, 1e-9);

    s.charges[0] = 1, s.charges[1] = -0.5;
    double coulomb = -0.5 * DDMD_COULOMB_CONSTANT / minimum;
    assert_near(energy_of(system, positions, forces).nonbonded, -2 + coulomb, 1e-10);
    assert_near(forces[0], -coulomb / minimum, 1e-8);

    ddmd_exception exception = {0, 1, 2, 0.1, 0};
    system->exceptions = &exception;
    system->n_exceptions = 1;
    assert_near(energy_of(system, positions, NULL).nonbonded, 2 * DDMD_COULOMB_CONSTANT / minimum,
                1e-10);
    exception.charge_product = 0;
    assert_true(energy_of(system, positions, forces).total == 0);
    system->n_exceptions = 0;
    system->has_nonbonded = false;
    assert_true(energy_of(system, positions, forces).total == 0);
}

/* Reaction field: the energy is zero at the cutoff, and beyond; with GB only shifted. */
static void test_cutoff(void **state)
{
    (void)state;
    stage s;
    ddmd_system *system = set_up(&s, 2);
    system->has_nonbonded = true;
    system->cutoff_nm = 1.2;
    s.charges[0] = s.charges[1] = 1;
    s.radius[0] = s.radius[1] = 0.15;
    double positions[6] = {0}, forces[6];
    positions[5] = 1.2 * (1 - 1e-12);
    assert_near(energy_of(system, positions, NULL).nonbonded, 0, 1e-8);
    positions[5] = 1.2;
    assert_true(energy_of(system, positions, forces).total == 0);
    positions[5] = 0.6;
    double krf = (78.3 - 1) / (2 * 78.3 + 1) / pow(1.2, 3), crf = 3 * 78.3 / (2 * 78.3 + 1) / 1.2;
    double field = DDMD_COULOMB_CONSTANT * (1 / 0.6 + krf * 0.36 - crf);
    assert_near(energy_of(system, positions, NULL).nonbonded, field, 1e-9);
    system->has_gbsa = true;
    assert_near(energy_of(system, positions, NULL).nonbonded,
                DDMD_COULOMB_CONSTANT * (1 / 0.6 - 1 / 1.2), 1e-9);
}

/* One ion: Born's energy of its reduced radius, and its surface. */
static void test_ion(void **state)
{
    (void)state;
    stage s;
    ddmd_system *system = set_up(&s, 1);
    system->has_gbsa = true;
    s.charges[0] = 2;
    s.radius[0] = 0.15;
    s.scale[0] = 0.8;
    double positions[3] = {0}, forces[3], born = 0.15 - 0.009;
    double polar = -0.5 * DDMD_COULOMB_CONSTANT * (1 - 1 / 78.3) * 4 / born;
    double surface = 4 * M_PI * 2.25936 * 0.29 * 0.29 * pow(0.15 / born, 6);
    assert_near(energy_of(system, positions, forces).gbsa, polar + surface, 1e-9);
    assert_true(forces[0] == 0 && forces[1] == 0 && forces[2] == 0);
}

/* Two distant ions: GB screens their Coulomb energy by the dielectric constant. */
static void test_distant_ions(void **state)
{
    (void)state;
    stage s;
    ddmd_system *system = set_up(&s, 2);
    system->has_gbsa = system->has_nonbonded = true;
    for (int i = 0; i < 2; i++) {
        s.charges[i] = 1;
        s.radius[i] = 0.15;
        s.scale[i] = 0.8;
    }
    double near[6] = {0}, far[6] = {0};
    near[0] = 50;
    far[0] = 100;
    double difference = energy_of(system, near, NULL).total - energy_of(system, far, NULL).total;
    assert_near(difference, DDMD_COULOMB_CONSTANT / 78.3 * (1.0 / 50 - 1.0 / 100), 1e-6);
}

/* -dE/dx by central differences; their error is h^2 E''' / 6 plus rounding, eps E / h. */
static void assert_forces(const ddmd_system *system, const double *positions, double tolerance)
{
    size_t n = (size_t)system->n_atoms * 3;
    double *forces = calloc(n, sizeof *forces), *moved = calloc(n, sizeof *moved), h = 1e-5;
    assert_true(forces && moved);
    energy_of(system, positions, forces);
    memcpy(moved, positions, n * sizeof *moved);
    for (size_t i = 0; i < n; i++) {
        moved[i] = positions[i] + h;
        double above = energy_of(system, moved, NULL).total;
        moved[i] = positions[i] - h;
        double below = energy_of(system, moved, NULL).total;
        moved[i] = positions[i];
        assert_near(forces[i], (below - above) / (2 * h), tolerance);
    }
    free(forces);
    free(moved);
}

/* Overlapping spheres of many sizes visit every case of the descreening integral. */
static void test_forces(void **state)
{
    (void)state;
    enum { N = 12 };
    ddmd_bond bonds[] = {{0, 1, 0.15, 1e4}, {3, 7, 0.1, 1e3}};
    ddmd_angle angles[] = {{0, 1, 2, 2, 300}, {4, 2, 9, 1, 200}};
    ddmd_torsion torsions[] = {{0, 1, 2, 3, 3, 0.7, 5}, {5, 3, 8, 11, 2, M_PI, -7}};
    ddmd_exception exceptions[] = {{0, 1, 0, 0, 0}, {0, 2, 0.3, 0.2, 0.5}, {4, 9, -0.2, 0.1, 2}};
    for (int pass = 0; pass < 3; pass++) {
        stage s;
        ddmd_random random;
        double positions[3 * N];
        ddmd_system *system = set_up(&s, N);
        ddmd_random_init(&random, 5, DDMD_RANDOM_TEST, 0, 0);
        system->bonds = bonds;
        system->angles = angles;
        system->torsions = torsions;
        system->exceptions = exceptions;
        system->n_bonds = system->n_angles = system->n_torsions = 2;
        system->n_exceptions = 3;
        system->has_nonbonded = true;
        system->has_gbsa = pass != 1;
        system->cutoff_nm = pass == 0 ? 0 : 5; /* beyond every pair: no step in the energy */
        for (int i = 0; i < N; i++) {
            s.charges[i] = ddmd_random_uniform(&random) - 0.5;
            s.sigma[i] = 0.1 + 0.1 * ddmd_random_uniform(&random);
            s.epsilon[i] = ddmd_random_uniform(&random);
            s.radius[i] = 0.05 + 0.3 * ddmd_random_uniform(&random);
            s.scale[i] = 0.3 + ddmd_random_uniform(&random);
            for (int x = 0; x < 3; x++)
                positions[3 * i + x] = (x == 0   ? i % 3
                                        : x == 1 ? i / 3 % 2
                                                 : i / 6) *
                                           0.25 +
                                       0.1 * ddmd_random_uniform(&random);
        }
        assert_forces(system, positions, 2e-4);
    }
}

static void test_bead_chain_forces(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_system *system = NULL;
    ddmd_structure *structure = NULL;
    ASSERT_OK(ddmd_system_create_bead_chain(12, &system, &err), &err);
    ASSERT_OK(ddmd_bead_chain_build(12, DDMD_PEPTIDE_HELIX, &structure, &err), &err);
    ddmd_random random;
    ddmd_random_init(&random, 6, DDMD_RANDOM_TEST, 0, 0);
    for (int i = 0; i < 36; i++)
        structure->positions[i] += 0.03 * ddmd_random_normal(&random);
    assert_forces(system, structure->positions, 1e-4);
    ddmd_structure_destroy(&structure);
    ddmd_system_destroy(&system);
}

static void test_not_finite(void **state)
{
    (void)state;
    stage s;
    ddmd_system *system = set_up(&s, 3);
    system->has_nonbonded = true;
    s.charges[0] = s.charges[2] = 1;
    double positions[9] = {0, 0, 0, 1, 0, 0, 0, 0, 0}, forces[9] = {7};
    ddmd_energy energy = {.total = 42};
    ddmd_error err = {0};
    assert_int_equal(ddmd_system_energy(system, positions, &energy, forces, &err), DDMD_NUMERIC);
    assert_string_equal(err.message,
                        "toy: the energy is not finite: atoms 0 and 2 (counted from 0) "
                        "are at the same place");
    positions[4] = NAN;
    assert_int_equal(ddmd_system_energy(system, positions, &energy, forces, &err), DDMD_NUMERIC);
    assert_string_equal(err.message, "toy: the position of atom 1 (counted from 0) is not finite");
    assert_true(energy.total == 42 && forces[0] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bond),
        cmocka_unit_test(test_angle),
        cmocka_unit_test(test_torsion),
        cmocka_unit_test(test_nonbonded),
        cmocka_unit_test(test_cutoff),
        cmocka_unit_test(test_ion),
        cmocka_unit_test(test_distant_ions),
        cmocka_unit_test(test_forces),
        cmocka_unit_test(test_bead_chain_forces),
        cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
