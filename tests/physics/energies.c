/*
 * Systems, energies and forces of whole proteins against OpenMM's Reference platform, as recorded
 * in energies.json of the reference data.
 */
#include "ddmd/system.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The figures were written with six digits after the point. */
#define ASSERT_AS_WRITTEN(value, expected, what)                              \
    do {                                                                      \
        double v = (value), e = (expected);                                   \
        if (!(fabs(v - e) <= 1e-6 + 1e-10 * fabs(e)))                         \
            fail_msg("%s, %s: %.9f where OpenMM has %.9f", name, what, v, e); \
    } while (0)

static ddmd_force_field *load(const char *const *files, size_t n)
{
    ddmd_error err = {0};
    ddmd_force_field *ff = NULL;
    if (ddmd_force_field_load(files, n, &ff, &err) != DDMD_OK) {
        print_message("%s\n", err.message);
        skip();
    }
    return ff;
}

static ddmd_structure *read_structure(const char *file)
{
    ddmd_error err = {0};
    ddmd_structure *structure = NULL;
    const char *path = test_data(file);
    if (!path)
        skip();
    ASSERT_OK(ddmd_structure_read_pdb(path, &structure, &err), &err);
    return structure;
}

static ddmd_system *create(const ddmd_structure *structure, const ddmd_force_field *ff,
                           ddmd_system_options options)
{
    ddmd_error err = {0};
    ddmd_system *system = NULL;
    ASSERT_OK(ddmd_system_create(structure, ff, &options, &system, &err), &err);
    return system;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_non_null(value);
    return json_number_value(value);
}

static void check_forces(const char *name, const json_t *expected, const double *forces, int32_t n)
{
    double sum = 0, largest = 0;
    for (int32_t i = 0; i < 3 * n; i++) {
        sum += forces[i] * forces[i];
        largest = fmax(largest, fabs(forces[i]));
    }
    ASSERT_AS_WRITTEN(sqrt(sum / n), number(expected, "force_rms_kJ_per_mol_nm"), "force RMS");
    ASSERT_AS_WRITTEN(largest, number(expected, "force_max_component_kJ_per_mol_nm"),
                      "largest force");
    const json_t *first = json_object_get(expected, "force_first_atom_kJ_per_mol_nm");
    for (size_t x = 0; x < 3; x++)
        ASSERT_AS_WRITTEN(forces[x], json_number_value(json_array_get(first, x)),
                          "force on the first atom");
}

static void check_energies(const char *name, const json_t *expected, const ddmd_system *system,
                           const double *positions)
{
    ddmd_error err = {0};
    ddmd_energy energy;
    double *forces = calloc((size_t)system->n_atoms * 3, sizeof *forces);
    assert_non_null(forces);
    ASSERT_OK(ddmd_system_energy(system, positions, &energy, forces, &err), &err);
    const json_t *terms = json_object_get(expected, "terms_kJ_per_mol");
    ASSERT_AS_WRITTEN(energy.bond, number(terms, "HarmonicBondForce"), "bonds");
    ASSERT_AS_WRITTEN(energy.angle, number(terms, "HarmonicAngleForce"), "angles");
    ASSERT_AS_WRITTEN(energy.torsion, number(terms, "PeriodicTorsionForce"), "torsions");
    ASSERT_AS_WRITTEN(energy.nonbonded, number(terms, "NonbondedForce"), "nonbonded");
    if (system->has_gbsa)
        ASSERT_AS_WRITTEN(energy.gbsa, number(terms, "GBSAOBCForce"), "GBSA");
    ASSERT_AS_WRITTEN(energy.total, number(expected, "potential_kJ_per_mol"), "total");
    check_forces(name, expected, forces, system->n_atoms);
    free(forces);
}

static void check_all(const char *kind, const char *const *files, size_t n_files)
{
    const char *path = test_data("energies.json");
    if (!path)
        skip();
    json_error_t error;
    json_t *figures = json_load_file(path, 0, &error);
    if (!figures)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    ddmd_force_field *ff = load(files, n_files);
    const char *name;
    json_t *entry;
    int n = 0;
    json_object_foreach(json_object_get(figures, "protein_pdb"), name, entry)
    {
        const json_t *expected = json_object_get(entry, kind);
        ddmd_structure *structure =
            read_structure(json_string_value(json_object_get(entry, "file")));
        assert_int_equal(structure->n_atoms, json_integer_value(json_object_get(entry, "atoms")));
        ddmd_system *system = create(structure, ff, (ddmd_system_options){0});
        double charge = 0;
        for (int32_t i = 0; i < system->n_atoms; i++)
            charge += system->charges[i];
        ASSERT_AS_WRITTEN(charge, number(entry, "net_charge_e"), "net charge");
        check_energies(name, expected, system, structure->positions);
        ddmd_system_destroy(&system);
        ddmd_structure_destroy(&structure);
        n++;
    }
    assert_true(n >= 8);
    ddmd_force_field_destroy(&ff);
    json_decref(figures);
}

static void test_obc(void **state)
{
    (void)state;
    static const char *const files[] = {"amber99sbildn.xml", "amber99_obc.xml"};
    check_all("obc", files, 2);
}

static void test_vacuum(void **state)
{
    (void)state;
    static const char *const files[] = {"amber99sbildn.xml"};
    check_all("vacuum", files, 1);
}

/* Numbers of terms of OpenMM 7.7's createSystem, without constraints and with HBonds. */
static void test_numbers_of_terms(void **state)
{
    (void)state;
    static const struct {
        const char *pdb;
        const char *files[2];
        size_t n_files;
        bool constrain;
        int32_t bonds, angles, torsions, exceptions, constraints;
    } cases[] = {
        {"prepared/plpro_6w9c_A.pdb", {"amber99sbildn.xml"}, 1, false, 4980, 8970, 14973, 26898, 0},
        {"prepared/plpro_6w9c_A.pdb", {"amber14-all.xml"}, 1, true, 2546, 8970, 17222, 26898, 2434},
        {"prepared/villin_1yrf.pdb", {"amber99sbildn.xml"}, 1, true, 296, 1067, 1754, 3186, 293},
        {"structures/ntl9/unfolded.pdb",
         {"amber99sbildn.xml"},
         1,
         true,
         305,
         1151,
         1894,
         3430,
         325},
        {"structures/trpcage/1l2y-model1.pdb",
         {"amber99sbildn.xml"},
         1,
         false,
         310,
         565,
         938,
         1687,
         0},
        {"structures/bba/1FME-folded-model1.pdb",
         {"amberfb15.xml"},
         1,
         false,
         508,
         910,
         2219,
         2735,
         0},
        {"structures/villin/villin_solvated.pdb",
         {"amber14-all.xml", "amber14/tip3p.xml"},
         2,
         true,
         296,
         1067,
         1943,
         11469,
         8576},
        {"structures/villin/villin_solvated.pdb",
         {"amber99sbildn.xml", "tip3p.xml"},
         2,
         false,
         6111,
         3828,
         1754,
         11469,
         0},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        ddmd_force_field *ff = load(cases[c].files, cases[c].n_files);
        ddmd_structure *structure = read_structure(cases[c].pdb);
        ddmd_system *system = create(
            structure, ff, (ddmd_system_options){.constrain_hydrogen_bonds = cases[c].constrain});
        print_message("%s with %s\n", cases[c].pdb, cases[c].files[0]);
        assert_int_equal(system->n_bonds, cases[c].bonds);
        assert_int_equal(system->n_angles, cases[c].angles);
        assert_int_equal(system->n_torsions, cases[c].torsions);
        assert_int_equal(system->n_exceptions, cases[c].exceptions);
        assert_int_equal(system->n_constraints, cases[c].constraints);
        ddmd_system_destroy(&system);
        ddmd_structure_destroy(&structure);
        ddmd_force_field_destroy(&ff);
    }
}

/* Repartitioning moves mass between atoms, and none from or to water. */
static void test_hydrogen_mass(void **state)
{
    (void)state;
    static const char *const files[] = {"amber99sbildn.xml", "tip3p.xml"};
    ddmd_force_field *ff = load(files, 2);
    ddmd_structure *structure = read_structure("structures/villin/villin_solvated.pdb");
    ddmd_system *plain = create(structure, ff, (ddmd_system_options){0});
    ddmd_system *heavy = create(structure, ff, (ddmd_system_options){.hydrogen_mass_amu = 3});
    double difference = 0;
    for (int32_t i = 0; i < plain->n_atoms; i++) {
        const ddmd_atom *atom = &structure->atoms[i];
        bool water = strcmp(structure->residues[atom->residue].name, "HOH") == 0;
        difference += heavy->masses[i] - plain->masses[i];
        if (water)
            assert_true(heavy->masses[i] == plain->masses[i]);
        else if (strcmp(atom->element, "H") == 0)
            assert_true(heavy->masses[i] == 3);
    }
    assert_true(fabs(difference) < 1e-9);
    ddmd_system_destroy(&plain);
    ddmd_system_destroy(&heavy);
    ddmd_structure_destroy(&structure);
    ddmd_force_field_destroy(&ff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_obc),
        cmocka_unit_test(test_vacuum),
        cmocka_unit_test(test_numbers_of_terms),
        cmocka_unit_test(test_hydrogen_mass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
