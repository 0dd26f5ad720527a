/* What engine openmm does beyond the contract: platforms, serialized Systems, other solvents. */
#include "core/text.h"
#include "ddmd/engine.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATOMS = 4 };

static ddmd_engine_options good_options(void)
{
    return (ddmd_engine_options){.temperature_kelvin = 300,
                                 .friction_per_ps = 1,
                                 .timestep_fs = 1,
                                 .seed = 3,
                                 .threads_per_replica = 1};
}

static void need_openmm(void)
{
    for (size_t e = 0; e < ddmd_engine_count(); e++) {
        ddmd_engine_info info;
        ddmd_engine_describe(e, &info);
        if (strcmp(info.name, "openmm") == 0 && !info.available) {
            print_message("engine openmm: %s\n", info.unavailable);
            skip();
        }
    }
}

static double masses[ATOMS] = {12, 14, 16, 1};
static double charges[ATOMS] = {0.4, -0.5, -0.2, 0.3};
static double sigmas[ATOMS] = {0.32, 0.3, 0.28, 0.2};
static double epsilons[ATOMS] = {0.4, 0.6, 0.8, 0.1};
static double radii[ATOMS] = {0.17, 0.155, 0.15, 0.12};
static double scales[ATOMS] = {0.72, 0.79, 0.85, 0.85};
static ddmd_exception exceptions[] = {{0, 1, 0, 0.3, 0}, {1, 2, 0.05, 0.29, 0.3}};
static const double positions[ATOMS * 3] = {0,    0,    0.01, 0.31, 0.02, 0,
                                            0.12, 0.33, 0.1,  0.05, 0.2,  -0.28};

/* OBC1 in the sense of the AMBER manual, igb=2. */
static ddmd_system make_system(void)
{
    return (ddmd_system){.n_atoms = ATOMS,
                         .masses = masses,
                         .n_exceptions = 2,
                         .exceptions = exceptions,
                         .has_nonbonded = true,
                         .charges = charges,
                         .sigma_nm = sigmas,
                         .epsilon = epsilons,
                         .gb_charges = charges,
                         .gb_radius_nm = radii,
                         .gb_scale = scales,
                         .gb_alpha = 0.8,
                         .gb_beta = 0,
                         .gb_gamma = 2.909125,
                         .solute_dielectric = 1,
                         .solvent_dielectric = 78.5,
                         .surface_area_energy = 2.25936};
}

static void compare_with_reference(const ddmd_system *system)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    ddmd_engine_options options = good_options();
    double forces[3 * ATOMS], expected[3 * ATOMS];
    ddmd_energy energy, wanted;
    ASSERT_OK(ddmd_engine_create("openmm", system, &options, 1, &engine, &err), &err);
    ASSERT_OK(ddmd_engine_energy(engine, positions, &energy, forces, &err), &err);
    ASSERT_OK(ddmd_system_energy(system, positions, &wanted, expected, &err), &err);
    /* OpenMM 8 has other digits of the Coulomb constant: 1e-8 of it. */
#define COMPARE(term)                                                            \
    if (!(fabs(energy.term - wanted.term) <= 1e-7 * fmax(1, fabs(wanted.term)))) \
        fail_msg(#term " is %.9g, not %.9g kJ/mol", energy.term, wanted.term);
    COMPARE(total)
    DDMD_ENERGY_TERM_MAP(COMPARE)
#undef COMPARE
    for (int i = 0; i < 3 * ATOMS; i++)
        assert_true(fabs(forces[i] - expected[i]) <= 1e-7 * fmax(1000, fabs(expected[i])));
    ddmd_engine_destroy(&engine);
}

static void other_solvents_are_those_of_the_reference(void **state)
{
    (void)state;
    need_openmm();
    ddmd_system system = make_system();
    compare_with_reference(&system);
    system.has_gbsa = true; /* OBC1 */
    compare_with_reference(&system);
    system.gb_alpha = 1, system.gb_beta = 0.8, system.gb_gamma = 4.85; /* OBC2 */
    compare_with_reference(&system);
}

/* One pair lies beyond the cutoff. */
static void a_cutoff_is_that_of_the_reference(void **state)
{
    (void)state;
    need_openmm();
    ddmd_system system = make_system();
    system.cutoff_nm = 0.38;
    compare_with_reference(&system);
}

static void refuse(ddmd_engine_options options, enum ddmd_status expected, const char *what)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    const ddmd_system system = make_system();
    assert_int_equal(ddmd_engine_create("openmm", &system, &options, 1, &engine, &err), expected);
    if (!strstr(err.message, what))
        fail_msg("'%s' does not say '%s'", err.message, what);
}

static void platforms_are_named(void **state)
{
    (void)state;
    need_openmm();
    ddmd_error err = {0};
    const ddmd_system system = make_system();
    ddmd_engine_options options = good_options();
    options.platform = "abacus";
    refuse(options, DDMD_CONFIG, "there are: Reference");
    options.platform = "reference";
    options.precision = "double";
    refuse(options, DDMD_CONFIG, "Reference has no choice of precision");
    options.precision = "quadruple";
    refuse(options, DDMD_CONFIG, "single, mixed and double");
    options.precision = NULL;

    /* OpenMM's Reference platform draws the random numbers of all contexts from one generator. */
    ddmd_engine *engine = NULL;
    ASSERT_OK(ddmd_engine_create("openmm", &system, &options, 1, &engine, &err), &err);
    assert_string_equal(ddmd_engine_device(engine), "Reference");
    assert_int_equal(ddmd_engine_capabilities(engine) & DDMD_ENGINE_DETERMINISTIC, 0);
    assert_true(ddmd_engine_capabilities(engine) & DDMD_ENGINE_IMPLICIT_SOLVENT);
    ddmd_engine_destroy(&engine);
}

/* With several threads OpenMM adds up forces in the order in which they come. */
static void only_one_thread_is_deterministic(void **state)
{
    (void)state;
    need_openmm();
    ddmd_error err = {0};
    const ddmd_system system = make_system();
    for (int threads = 1; threads <= 2; threads++) {
        ddmd_engine *engine = NULL;
        ddmd_engine_options options = good_options();
        options.platform = "cpu";
        options.threads_per_replica = threads;
        if (ddmd_engine_create("openmm", &system, &options, 1, &engine, &err) != DDMD_OK) {
            print_message("%s\n", err.message);
            skip();
        }
        unsigned capabilities = ddmd_engine_capabilities(engine);
        assert_int_equal((capabilities & DDMD_ENGINE_DETERMINISTIC) != 0, threads == 1);
        assert_string_equal(ddmd_engine_device(engine),
                            threads == 1 ? "CPU, 1 thread" : "CPU, 2 threads");
        ddmd_engine_destroy(&engine);
    }
}

#define XML_HEAD                                                                          \
    "<?xml version=\"1.0\" ?>\n<!-- by hand -->\n<System type=\"System\" version=\"1\">"  \
    "<PeriodicBoxVectors><A x=\"2\" y=\"0\" z=\"0\"/><B x=\"0\" y=\"2\" z=\"0\"/>"        \
    "<C x=\"0\" y=\"0\" z=\"2\"/></PeriodicBoxVectors><Particles><Particle mass=\"12\"/>" \
    "<Particle mass=\"14\"/><Particle mass=\"16\"/><Particle mass=\"1\"/></Particles>"
#define XML_FORCES                                                                         \
    "<Constraints/><Forces>"                                                               \
    "<Force forceGroup=\"0\" type=\"HarmonicBondForce\" usesPeriodic=\"0\" version=\"2\">" \
    "<Bonds><Bond d=\".3\" k=\"1000\" p1=\"0\" p2=\"1\"/></Bonds></Force>"                 \
    "<Force forceGroup=\"0\" frequency=\"10\" type=\"CMMotionRemover\" version=\"1\"/>"
#define XML_EXTERNAL                                                                            \
    "<Force type=\"CustomExternalForce\" version=\"1\" forceGroup=\"0\" energy=\"5*x^2\">"      \
    "<PerParticleParameters/><GlobalParameters/><Particles><Particle index=\"3\"/></Particles>" \
    "</Force>"
#define XML_TAIL "</Forces></System>"

static ddmd_system serialized(char *xml)
{
    return (ddmd_system){
        .name = "system.xml", .n_atoms = ATOMS, .masses = masses, .openmm_xml = xml};
}

static void a_serialized_system_runs(void **state)
{
    (void)state;
    need_openmm();
    char xml[] = XML_HEAD XML_FORCES XML_EXTERNAL XML_TAIL;
    const ddmd_system system = serialized(xml);
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    ddmd_engine_options options = good_options();
    ASSERT_OK(ddmd_engine_create("openmm", &system, &options, 1, &engine, &err), &err);
    ddmd_energy energy;
    double forces[3 * ATOMS], stretch = hypot(hypot(0.31, 0.02), 0.01) - 0.3;
    ASSERT_OK(ddmd_engine_energy(engine, positions, &energy, forces, &err), &err);
    assert_true(fabs(energy.bond - 500 * stretch * stretch) < 1e-12);
    assert_true(fabs(energy.other - 5 * 0.05 * 0.05) < 1e-12);
    assert_true(fabs(energy.total - energy.bond - energy.other) < 1e-12);
    assert_true(fabs(forces[9] + 10 * 0.05) < 1e-12);

    /* Not moved to the origin: the external force knows where it is. */
    float far[3 * ATOMS], read[3 * ATOMS];
    for (int i = 0; i < 3 * ATOMS; i++)
        far[i] = (float)positions[i] + (i % 3 == 1 ? 100 : 0);
    const ddmd_engine_start start = {.positions = far};
    ddmd_engine_frame frame = {.positions = read};
    ASSERT_OK(ddmd_engine_start_replica(engine, 0, &start, &err), &err);
    ASSERT_OK(ddmd_engine_read(engine, 0, &frame, &err), &err);
    assert_memory_equal(read, far, sizeof far);
    ASSERT_OK(ddmd_engine_advance(engine, 100, &err), &err);
    assert_int_equal(ddmd_engine_replica_state(engine, 0), DDMD_REPLICA_RUNNING);
    ddmd_engine_destroy(&engine);
}

static void refuse_xml(char *xml, enum ddmd_status expected, const char *what)
{
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    const ddmd_engine_options options = good_options();
    const ddmd_system system = serialized(xml);
    assert_int_equal(ddmd_engine_create("openmm", &system, &options, 1, &engine, &err), expected);
    assert_null(engine);
    if (!strstr(err.message, what))
        fail_msg("'%s' does not say '%s'", err.message, what);
}

static void bad_serialized_systems_are_refused(void **state)
{
    (void)state;
    need_openmm();
    static const struct {
        const char *xml;
        enum ddmd_status status;
        const char *what;
    } cases[] = {
        {"", DDMD_FORMAT, "no element"},
        {"ATOM      1", DDMD_FORMAT, "no element"},
        {"<State type=\"State\" version=\"1\"></State>", DDMD_FORMAT, "not <System>"},
        {"<System type=\"State\" version=\"1\"></System>", DDMD_FORMAT, "does not fit"},
        {"<System version=\"1\"></System>", DDMD_FORMAT, "no type"},
        {"<System type=\"System\" type=\"State\"/>", DDMD_FORMAT, "does not fit"},
        {"<System type=\"System\" version=\"1\"", DDMD_FORMAT, "does not end"},
        {"<System type=\"System version=1", DDMD_FORMAT, "quoted"},
        {"<System type=\"System\" version=\"1\"/>", DDMD_FORMAT, "cannot read"},
        {"<!DOCTYPE a><System type=\"System\"/>", DDMD_FORMAT, "document type"},
        {XML_HEAD XML_FORCES, DDMD_FORMAT, "system.xml"},
        {XML_HEAD "<Constraints/><Forces><Force type=\"System\" version=\"1\"/>" XML_TAIL,
         DDMD_FORMAT, "does not fit"},
        {XML_HEAD "<Constraints/><Forces><Function type=\"Continuous1DFunction\"/>" XML_TAIL,
         DDMD_FORMAT, "does not fit"},
        {XML_HEAD "<Constraints/><Forces><Force type=\"NoSuchForce\" version=\"1\"/>" XML_TAIL,
         DDMD_FORMAT, "cannot read"},
        {XML_HEAD
         "<Constraints><Constraint d=\".1\" p1=\"0\" p2=\"9\"/></Constraints><Forces>" XML_TAIL,
         DDMD_FORMAT, "a constraint names"},
        {XML_HEAD XML_FORCES "<Force forceGroup=\"0\" frequency=\"25\" pressure=\"1\" "
                             "randomSeed=\"0\" temperature=\"300\" type=\"MonteCarloBarostat\" "
                             "version=\"1\"/>" XML_TAIL,
         DDMD_UNSUPPORTED, "MonteCarloBarostat"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char *xml = strdup(cases[k].xml);
        refuse_xml(xml, cases[k].status, cases[k].what);
        free(xml);
    }

    ddmd_text deep = {0};
    ddmd_text_add(&deep, "<System type=\"System\">");
    for (int depth = 0; depth < 100000; depth++)
        ddmd_text_add(&deep, "<a>");
    refuse_xml(deep.bytes, DDMD_FORMAT, "nested too deeply");
    ddmd_text_clear(&deep);
}

/* Every prefix of a good file is refused or read, and nothing crashes. */
static void truncated_serialized_systems_are_refused(void **state)
{
    (void)state;
    need_openmm();
    static const char whole[] = XML_HEAD XML_FORCES XML_TAIL;
    for (size_t length = 0; length + 1 < sizeof whole; length += 7) {
        ddmd_engine *engine = NULL;
        const ddmd_engine_options options = good_options();
        char *xml = strndup(whole, length);
        const ddmd_system system = serialized(xml);
        assert_int_not_equal(ddmd_engine_create("openmm", &system, &options, 1, &engine, NULL),
                             DDMD_OK);
        assert_null(engine);
        free(xml);
    }
}

static void another_number_of_atoms_is_refused(void **state)
{
    (void)state;
    need_openmm();
    char xml[] = XML_HEAD XML_FORCES XML_TAIL;
    ddmd_system system = serialized(xml);
    system.n_atoms = 3;
    ddmd_error err = {0};
    ddmd_engine *engine = NULL;
    const ddmd_engine_options options = good_options();
    assert_int_equal(ddmd_engine_create("openmm", &system, &options, 1, &engine, &err),
                     DDMD_CONFIG);
    assert_non_null(strstr(err.message, "4 particles"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_solvents_are_those_of_the_reference),
        cmocka_unit_test(a_cutoff_is_that_of_the_reference),
        cmocka_unit_test(platforms_are_named),
        cmocka_unit_test(only_one_thread_is_deterministic),
        cmocka_unit_test(a_serialized_system_runs),
        cmocka_unit_test(bad_serialized_systems_are_refused),
        cmocka_unit_test(truncated_serialized_systems_are_refused),
        cmocka_unit_test(another_number_of_atoms_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
