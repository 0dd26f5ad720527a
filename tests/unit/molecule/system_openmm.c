/* Systems from OpenMM's XmlSerializer. */
#include "core/file.h"
#include "ddmd/system.h"
#include "support/cmocka.h"
#include "support/data.h"
#include "toy_molecule.h"

#include <string.h>

static const toy_atom water[] = {{"O", "O", 0}, {"H1", "H", 0}, {"H2", "H", 0}};
static const char *const names[] = {"HOH"};
static const int bonds[][2] = {{0, 1}, {0, 2}};

static enum ddmd_status read_text(const char *text, ddmd_system **system, ddmd_error *err)
{
    ddmd_error e = {0};
    ddmd_structure *structure = toy_structure(water, 3, names, 1, bonds, 2);
    const char *path = test_scratch("system.xml");
    ASSERT_OK(ddmd_file_replace(path, text, strlen(text), &e), &e);
    enum ddmd_status status = ddmd_system_read_openmm(path, structure, system, err);
    ddmd_structure_destroy(&structure);
    return status;
}

#define HEAD \
    "<?xml version=\"1.0\" ?>\n<System openmmVersion=\"7.7\" type=\"System\" version=\"1\">\n"
#define PARTICLES                                                    \
    "<Particles>\n<Particle mass=\"16\"/>\n<Particle mass=\"1\"/>\n" \
    "<Particle mass=\"0\"><AverageSite2/></Particle>\n</Particles>\n"
#define FORCES "<Forces><Force k=\"1\" type=\"CustomThing\"/></Forces>\n</System>\n"

static void test_read(void **state)
{
    (void)state;
    static const char text[] =
        HEAD PARTICLES "<Constraints><Constraint d=\".1\" p1=\"0\" p2=\"1\"/></Constraints>" FORCES;
    ddmd_error err = {0};
    ddmd_system *system = NULL;
    ASSERT_OK(read_text(text, &system, &err), &err);
    assert_int_equal(system->n_atoms, 3);
    assert_true(system->masses[0] == 16 && system->masses[1] == 1 && system->masses[2] == 0);
    assert_int_equal(system->n_constraints, 1);
    assert_true(system->constraints[0].length_nm == 0.1);
    assert_int_equal(ddmd_system_degrees_of_freedom(system), 5);
    assert_string_equal(system->openmm_xml, text);

    double positions[9] = {0}, forces[9];
    ddmd_energy energy = {.total = 42};
    assert_int_equal(ddmd_system_energy(system, positions, &energy, forces, &err),
                     DDMD_UNSUPPORTED);
    assert_says(err.message, "use engine: openmm");
    assert_true(energy.total == 42);
    ddmd_system_destroy(&system);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        enum ddmd_status status;
    } cases[] = {
        {"<ForceField/>", "a force field goes into force_field", DDMD_FORMAT},
        {HEAD PARTICLES, "the XML is not well formed", DDMD_FORMAT},
        {HEAD PARTICLES "</System>", "a System without <Forces>", DDMD_FORMAT},
        {HEAD "<Particles><Particle mass=\"1\"/></Particles>" FORCES,
         "the System has 1 particles, but toy.pdb has 3 atoms", DDMD_CONFIG},
        {HEAD "<Particles>\n<Particle/></Particles>" FORCES,
         "system.xml:4: <Particle> has no attribute \"mass\"", DDMD_FORMAT},
        {HEAD "<Particles>\n<Particle mass=\"-1\"/></Particles>" FORCES,
         "system.xml:4: a negative mass", DDMD_FORMAT},
        {HEAD PARTICLES
         "<Constraints><Constraint d=\"0.1\" p1=\"0\" p2=\"3\"/></Constraints>" FORCES,
         "a constraint between particles 0 and 3 of 3", DDMD_FORMAT},
        {HEAD PARTICLES "<Constraints><Constraint d=\"0\" p1=\"0\" p2=\"1\"/></Constraints>" FORCES,
         "system.xml:8: a constraint of 0 nm", DDMD_FORMAT},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        ddmd_error err = {0};
        ddmd_system *system = NULL;
        assert_int_equal(read_text(cases[c].text, &system, &err), cases[c].status);
        assert_says(err.message, cases[c].message);
        assert_null(system);
    }
    ddmd_error err = {0};
    ddmd_system *system = NULL;
    assert_int_equal(ddmd_system_read_openmm("/no/such.xml", NULL, &system, &err), DDMD_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
