/*
 * Energies and forces of whole proteins through engine openmm, against energies.json of the
 * reference data, which OpenMM's own Python layer computed.
 */
#include "ddmd/engine.h"
#include "support/cmocka.h"
#include "support/data.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct tolerances {
    double energy, force; /* relative to the size of a term, to the largest force */
} tolerances;

/* The same code in double, with figures of six digits after the point. */
static const tolerances EXACT = {1e-6, 1e-6};

/*
 * OpenMM's CPU platform computes nonbonded forces in float32: 6e-8 an operation, and thousands of
 * pairs whose contributions cancel to a tenth and less.
 */
static const tolerances SINGLE = {1e-5, 1e-5};

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_non_null(value);
    return json_number_value(value);
}

static void compare(const char *name, const char *what, double found, double expected,
                    double tolerance)
{
    if (!(fabs(found - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s, %s: %.9g, not %.9g", name, what, found, expected);
}

static void check_entry(const char *name, const json_t *expected, const ddmd_system *system,
                        const double *positions, const char *platform, tolerances allowed)
{
    static const struct {
        const char *name;
        size_t offset;
    } terms[] = {{"HarmonicBondForce", offsetof(ddmd_energy, bond)},
                 {"HarmonicAngleForce", offsetof(ddmd_energy, angle)},
                 {"PeriodicTorsionForce", offsetof(ddmd_energy, torsion)},
                 {"NonbondedForce", offsetof(ddmd_energy, nonbonded)},
                 {"GBSAOBCForce", offsetof(ddmd_energy, gbsa)}};
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    const ddmd_engine_options options = {.temperature_kelvin = 300,
                                         .timestep_fs = 1,
                                         .threads_per_replica = 1,
                                         .platform = platform};
    size_t n = (size_t)system->n_atoms * 3;
    double *forces = calloc(n, sizeof *forces);
    ddmd_energy energy;
    ASSERT_OK(ddmd_engine_create("openmm", system, &options, 1, &engine, &err), &err);
    ASSERT_OK(ddmd_engine_energy(engine, positions, &energy, forces, &err), &err);
    const json_t *wanted = json_object_get(expected, "terms_kJ_per_mol");
    for (size_t t = 0; t < sizeof terms / sizeof *terms; t++)
        if (json_object_get(wanted, terms[t].name)) {
            double found;
            memcpy(&found, (const char *)&energy + terms[t].offset, sizeof found);
            compare(name, terms[t].name, found, number(wanted, terms[t].name), allowed.energy);
        }
    compare(name, "total", energy.total, number(expected, "potential_kJ_per_mol"), allowed.energy);

    double square = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        square += forces[i] * forces[i] * 3 / (double)n;
        largest = fmax(largest, fabs(forces[i]));
    }
    double expected_largest = number(expected, "force_max_component_kJ_per_mol_nm");
    compare(name, "force RMS", sqrt(square), number(expected, "force_rms_kJ_per_mol_nm"),
            allowed.force);
    compare(name, "largest force", largest, expected_largest, allowed.force);
    const json_t *first = json_object_get(expected, "force_first_atom_kJ_per_mol_nm");
    for (size_t x = 0; x < 3; x++)
        if (!(fabs(forces[x] - json_number_value(json_array_get(first, x))) <=
              allowed.force * expected_largest))
            fail_msg("%s: force %zu on the first atom is %.9g", name, x, forces[x]);
    free(forces);
    ddmd_engine_destroy(&engine);
}

static bool has_platform(const char *name)
{
    for (size_t e = 0; e < ddmd_engine_count(); e++) {
        ddmd_engine_info info;
        ddmd_engine_describe(e, &info);
        if (strcmp(info.name, "openmm") == 0)
            return info.available && strstr(info.detail, name);
    }
    return false;
}

static void check_all(const char *kind, size_t n_files, const char *platform, tolerances allowed)
{
    static const char *const files[] = {"amber99sbildn.xml", "amber99_obc.xml"};
    ddmd_error err = {0};
    ddmd_force_field *force_field = NULL;
    const char *path = test_data("energies.json");
    if (!path)
        skip();
    if (!has_platform(platform ? platform : "Reference")) {
        print_message("OpenMM, or its platform, is not available here\n");
        skip();
    }
    if (ddmd_force_field_load(files, n_files, &force_field, &err) != DDMD_OK) {
        print_message("%s\n", err.message);
        skip();
    }
    json_t *figures = json_load_file(path, 0, NULL);
    assert_non_null(figures);
    const char *name;
    json_t *entry;
    int n = 0;
    json_object_foreach(json_object_get(figures, "protein_pdb"), name, entry)
    {
        const ddmd_system_options options = {0};
        ddmd_structure *structure = NULL;
        ddmd_system *system = NULL;
        path = test_data(json_string_value(json_object_get(entry, "file")));
        assert_non_null(path);
        ASSERT_OK(ddmd_structure_read_pdb(path, &structure, &err), &err);
        ASSERT_OK(ddmd_system_create(structure, force_field, &options, &system, &err), &err);
        check_entry(name, json_object_get(entry, kind), system, structure->positions, platform,
                    allowed);
        ddmd_system_destroy(&system);
        ddmd_structure_destroy(&structure);
        n++;
    }
    assert_true(n >= 8);
    json_decref(figures);
    ddmd_force_field_destroy(&force_field);
}

static void test_obc(void **state)
{
    (void)state;
    check_all("obc", 2, NULL, EXACT);
}

static void test_vacuum(void **state)
{
    (void)state;
    check_all("vacuum", 1, NULL, EXACT);
}

static void test_obc_on_cpu(void **state)
{
    (void)state;
    check_all("obc", 2, "CPU", SINGLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_obc),
        cmocka_unit_test(test_vacuum),
        cmocka_unit_test(test_obc_on_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
