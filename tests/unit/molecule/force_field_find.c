/* Where force-field files are looked for, and files that include others. */
#include "core/file.h"
#include "molecule/force_field_data.h"
#include "support/cmocka.h"
#include "support/data.h"
#include "toy_molecule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void write_file(const char *path, const char *text)
{
    ddmd_error err = {0};
    ASSERT_OK(ddmd_file_replace(path, text, strlen(text), &err), &err);
}

/* Nothing but what the test sets up is found, besides what the system has installed. */
static int forget_environment(void **state)
{
    (void)state;
    unsetenv("DDMD_FORCE_FIELD_PATH");
    unsetenv("CONDA_PREFIX");
    unsetenv("VIRTUAL_ENV");
    return 0;
}

static void assert_found(const char *name, const char *expected)
{
    ddmd_error err = {0};
    char *path = NULL;
    ASSERT_OK(ddmd_force_field_find(name, &path, &err), &err);
    assert_string_equal(path, expected);
    free(path);
}

static void test_path_itself(void **state)
{
    (void)state;
    const char *path = test_scratch("here.xml");
    write_file(path, "<ForceField/>");
    assert_found(path, path);
}

static void test_search_path(void **state)
{
    (void)state;
    char directories[8192];
    mkdir(test_scratch("one"), 0777);
    mkdir(test_scratch("two"), 0777);
    write_file(test_scratch("two/ddmd-test.xml"), "<ForceField/>");
    snprintf(directories, sizeof directories, ":%s::%s:", test_scratch("one"), test_scratch("two"));
    setenv("DDMD_FORCE_FIELD_PATH", directories, 1);
    assert_found("ddmd-test.xml", test_scratch("two/ddmd-test.xml"));
}

static void test_conda(void **state)
{
    (void)state;
    static const char *const folders[] = {
        "env",
        "env/lib",
        "env/lib/python3.12",
        "env/lib/python3.12/site-packages",
        "env/lib/python3.12/site-packages/openmm",
        "env/lib/python3.12/site-packages/openmm/app",
        "env/lib/python3.12/site-packages/openmm/app/data",
    };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        mkdir(test_scratch(folders[i]), 0777);
    char file[4096];
    snprintf(file, sizeof file, "%s/ddmd-test2.xml", test_scratch(folders[6]));
    write_file(file, "<ForceField/>");
    setenv("CONDA_PREFIX", test_scratch("env"), 1);
    assert_found("ddmd-test2.xml", file);
    unsetenv("CONDA_PREFIX");
    setenv("VIRTUAL_ENV", test_scratch("env"), 1);
    assert_found("ddmd-test2.xml", file);
}

static void test_not_found(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *path = NULL;
    setenv("DDMD_FORCE_FIELD_PATH", "/nowhere/at/all", 1);
    setenv("CONDA_PREFIX", "/no/conda", 1);
    assert_int_equal(ddmd_force_field_find("ddmd-missing.xml", &path, &err), DDMD_CONFIG);
    assert_null(path);
    assert_says(err.message, "force field ddmd-missing.xml was not found; OpenMM's files come ");
    assert_says(err.message, "looked at: the path itself, /nowhere/at/all, "
                             "/no/conda/lib/python3*/site-packages/openmm/app/data, ");
    assert_says(err.message, "python3-openmm (Debian 12: python3-simtk)");
    assert_says(err.message, "conda install openmm");
    assert_int_equal(ddmd_force_field_find("", &path, &err), DDMD_CONFIG);
    assert_int_equal(ddmd_force_field_load(NULL, 0, NULL, &err), DDMD_CONFIG);
}

static void test_misspelt(void **state)
{
    (void)state;
    ddmd_error err = {0};
    char *path = NULL;
    mkdir(test_scratch("names"), 0777);
    write_file(test_scratch("names/ddmd-one.xml"), "<ForceField/>");
    write_file(test_scratch("names/ddmd-other.xml"), "<ForceField/>");
    setenv("DDMD_FORCE_FIELD_PATH", test_scratch("names"), 1);
    assert_int_equal(ddmd_force_field_find("ddmd_other.xml", &path, &err), DDMD_CONFIG);
    assert_says(err.message, "ddmd_other.xml was not found; did you mean ddmd-other.xml?; ");
}

static void test_include(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_force_field *ff = NULL;
    mkdir(test_scratch("inc"), 0777);
    mkdir(test_scratch("inc/parts"), 0777);
    /* Both files include each other: each is read once. */
    write_file(test_scratch("inc/all.xml"), "<ForceField><Include file=\"parts/types.xml\"/>"
                                            "<Residues><Residue name=\"A\"><Atom name=\"X\" "
                                            "type=\"x\"/></Residue></Residues></ForceField>");
    write_file(test_scratch("inc/parts/types.xml"),
               "<ForceField><Include file=\"types.xml\"/><AtomTypes>"
               "<Type name=\"x\" class=\"X\" element=\"C\" mass=\"1\"/></AtomTypes></ForceField>");
    const char *name = test_scratch("inc/all.xml");
    ASSERT_OK(ddmd_force_field_load(&name, 1, &ff, &err), &err);
    assert_int_equal(ff->n_sources, 2);
    assert_int_equal(ff->n_types, 1);
    ddmd_force_field_destroy(&ff);

    write_file(test_scratch("inc/all.xml"),
               "<ForceField><Include file=\"gone.xml\"/></ForceField>");
    assert_int_equal(ddmd_force_field_load(&name, 1, &ff, &err), DDMD_CONFIG);
    assert_says(err.message, "inc/all.xml: force field gone.xml was not found");
    assert_null(ff);
}

static void test_directory(void **state)
{
    (void)state;
    ddmd_error err = {0};
    ddmd_force_field *ff = NULL;
    const char *name = "/tmp";
    assert_int_equal(ddmd_force_field_load(&name, 1, &ff, &err), DDMD_IO);
    assert_says(err.message, "not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_path_itself, forget_environment),
        cmocka_unit_test_setup(test_search_path, forget_environment),
        cmocka_unit_test_setup(test_conda, forget_environment),
        cmocka_unit_test_setup(test_not_found, forget_environment),
        cmocka_unit_test_setup(test_misspelt, forget_environment),
        cmocka_unit_test_setup(test_include, forget_environment),
        cmocka_unit_test_setup(test_directory, forget_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
