/* What a user is told: every mistake with its line, and a hint. */
#include "core/text.h"
#include "support.h"
#include "support/cmocka.h"

#include <string.h>

#define SOURCE "system: {sequence: AAAA, reference: helix}\n" /* line 1 of most cases */

static const struct {
    const char *yaml, *override, *mistakes;
} cases[] = {
    /* words */
    {SOURCE "sede: 1", NULL, "run.yaml:2: unknown key 'sede' (did you mean 'seed'?)"},
    {SOURCE "simulation:\n  replcas: 3", NULL,
     "run.yaml:3: unknown key 'replcas' in simulation (did you mean 'replicas'?)"},
    {SOURCE "replicas: 3", NULL,
     "run.yaml:2: unknown key 'replicas' (its place is "
     "simulation.replicas)"},
    {SOURCE "stop: {max_samples: 3}", NULL,
     "run.yaml:2: unknown key 'max_samples' in stop (its place is model.max_samples or "
     "selection.max_samples)"},
    {SOURCE "simulation: {contact_map: {}}", NULL,
     "run.yaml:2: unknown key 'contact_map' in simulation (its place is features.contact_map)"},
    {SOURCE "simulation.replicas: 3", NULL,
     "run.yaml:2: unknown key 'simulation.replicas' (write 'replicas' inside the section "
     "simulation)"},
    {SOURCE "colour: red", NULL,
     "run.yaml:2: unknown key 'colour' (known here: campaign, mode, seed, system, simulation, "
     "features, model, selection, streaming, stop)"},
    {SOURCE "features: {rmsd: {colour: red}}", NULL,
     "run.yaml:2: unknown key 'colour' in features.rmsd (known here: atoms)"},
    {SOURCE "? [a]\n: b", NULL, "run.yaml:2: a key must be a word, not a list or a mapping"},
    {SOURCE "seed: 1\nseed: 2", NULL, "run.yaml:3: key 'seed' is given twice (first on line 2)"},

    /* values */
    {SOURCE "seed: -1", NULL,
     "run.yaml:2: seed must be a whole number from 0 to 9223372036854775807, not '-1'"},
    {SOURCE "seed: 9223372036854775808", NULL,
     "run.yaml:2: seed must be a whole number from 0 to 9223372036854775807, not "
     "'9223372036854775808'"},
    {SOURCE "simulation: {replicas: 0}", NULL,
     "run.yaml:2: simulation.replicas must be a whole number from 1 to 100000, not '0'"},
    {SOURCE "simulation: {replicas: 2.5}", NULL,
     "run.yaml:2: simulation.replicas must be a whole number from 1 to 100000, not '2.5'"},
    {SOURCE "simulation: {replicas: 0x10}", NULL,
     "run.yaml:2: simulation.replicas must be a whole number from 1 to 100000, not '0x10'"},
    {SOURCE "simulation: {replicas: '8'}", NULL,
     "run.yaml:2: simulation.replicas must be a whole number from 1 to 100000, not '8' (without "
     "quotes)"},
    {SOURCE "simulation: {replicas: [8]}", NULL,
     "run.yaml:2: simulation.replicas must be a whole number from 1 to 100000, not a list"},
    {SOURCE "simulation:\n  replicas:\n  workers: 1", NULL,
     "run.yaml:3: simulation.replicas must be a whole number from 1 to 100000, but nothing is "
     "given (leave the line out for the default)"},
    {SOURCE "simulation: {temperature_kelvin: 300 K}", NULL,
     "run.yaml:2: simulation.temperature_kelvin must be a number above 0 and at most 2000, or a "
     "list of them, in K, not '300 K' (the number alone, without a unit)"},
    {SOURCE "simulation: {temperature_kelvin: 0}", NULL,
     "run.yaml:2: simulation.temperature_kelvin must be a number above 0 and at most 2000, or a "
     "list of them, in K, not '0'"},
    {SOURCE "simulation: {temperature_kelvin: .nan}", NULL,
     "run.yaml:2: simulation.temperature_kelvin must be a number above 0 and at most 2000, or a "
     "list of them, in K, not '.nan'"},
    {SOURCE "simulation: {temperature_kelvin: [300, -20]}", NULL,
     "run.yaml:2: simulation.temperature_kelvin must be a number above 0 and at most 2000, or a "
     "list of them, in K, not '-20'"},
    {SOURCE "simulation: {temperature_kelvin: [300, [320]]}", NULL,
     "run.yaml:2: simulation.temperature_kelvin must be a number above 0 and at most 2000, or a "
     "list of them, in K, not a list"},
    {SOURCE "simulation: {temperature_kelvin: []}", NULL,
     "run.yaml:2: simulation.temperature_kelvin has 0 items; 1 to 1000 are possible"},
    {SOURCE "simulation: {temperature_kelvin: [300, 320, 340], replicas: 2}", NULL,
     "run.yaml:2: simulation.temperature_kelvin has 3 values, but simulation.replicas is 2 (each "
     "temperature needs a replica)"},
    {SOURCE "model: {dropout: 1}", NULL,
     "run.yaml:2: model.dropout must be a number of at least 0 and below 1, not '1'"},
    {SOURCE "system: {}\nmodel: {warm_start: 1}", NULL,
     "run.yaml:2: key 'system' is given twice (first on line 1)\n"
     "run.yaml:3: model.warm_start must be true or false, not '1'"},
    {SOURCE "simulation: {velocities: kep}", NULL,
     "run.yaml:2: simulation.velocities must be one of keep, draw, mixed, not 'kep' (did you mean "
     "'keep'?)"},
    {SOURCE "simulation: {precision: quadruple}", NULL,
     "run.yaml:2: simulation.precision must be one of single, mixed, double, not 'quadruple'"},
    {SOURCE "model: {latent_dim: []}", NULL,
     "run.yaml:2: model.latent_dim has 0 items; 1 to 32 are possible"},
    {SOURCE "model:\n  latent_dim:\n    - 3\n    - 600", NULL,
     "run.yaml:5: model.latent_dim must be a whole number from 1 to 512, or a list of them, not "
     "'600'"},
    {SOURCE "model: {filters: [1, 1, 1, 1, 1, 1, 1, 1, 1]}", NULL,
     "run.yaml:2: model.filters has 9 items; 1 to 8 are possible"},
    {SOURCE "campaign: a/b", NULL,
     "run.yaml:2: campaign must be a name (letters, digits, '-', '_' and '.'), not 'a/b'"},
    {SOURCE "campaign: ..", NULL,
     "run.yaml:2: campaign must be a name (letters, digits, '-', '_' and '.'), not '..'"},
    {SOURCE "features: {rmsd: {atoms: ''}}", NULL,
     "run.yaml:2: features.rmsd.atoms must be one line of at most 4096 bytes of text, not ''"},
    {SOURCE "features: {rmsd: {atoms: \"name\\nCA\\e[2J\"}}", NULL,
     "run.yaml:2: features.rmsd.atoms must be one line of at most 4096 bytes of text, not "
     "'name?CA?[2J'"},
    {SOURCE "features: {rmsd: {atoms: [name CA]}}", NULL,
     "run.yaml:2: features.rmsd.atoms must be one line of at most 4096 bytes of text, not a list"},
    {"system: {sequence: A, start: extnded}", NULL,
     "run.yaml:1: system.start must be helix, extended, or the path of a PDB file, not 'extnded' "
     "(did you mean 'extended'? a file of that name is ./extnded)"},
    {"system: {sequence: A, force_field: []}", NULL,
     "run.yaml:1: system.force_field has 0 items; 1 to 10000 are possible"},
    {"system: {bead_chain: 3}", NULL,
     "run.yaml:1: system.bead_chain must be 0, or a whole number from 4 to 10000, in beads, not "
     "'3'"},
    {SOURCE "simulation: fast", NULL,
     "run.yaml:2: section simulation must have 'key: value' lines inside"},
    {"- a\n- b", NULL,
     "run.yaml:1: the file must have 'key: value' lines inside\n"
     "run.yaml: nothing to simulate (give one of system.sequence, system.pdb and "
     "system.bead_chain)"},

    /* YAML itself */
    {"system:\n\tsequence: A", NULL,
     "run.yaml:2: not valid YAML: found character that cannot start any token, at column 1 (indent "
     "with spaces, not tabs)"},
    {"campaign: a: b", NULL,
     "run.yaml:1: not valid YAML: mapping values are not allowed in this context, at column 12 (a "
     "value that contains ': ' needs quotes around it)"},
    {"a: 1\nb: \xff", NULL, "run.yaml:2: not a text file in UTF-8: invalid leading UTF-8 octet"},
    {SOURCE "--- \nseed: 1", NULL,
     "run.yaml:2: a second document begins here (one file is one document)"},
    {SOURCE "simulation: &a {workers: 1}\nstop: *a", NULL,
     "run.yaml:3: aliases such as *a are not understood here (write the value again)"},
    {SOURCE "seed: !!int 3", NULL,
     "run.yaml:2: tags such as !!str are not understood here (leave it out)"},

    /* overrides */
    {SOURCE, "simulation.replicas=-1",
     "--set simulation.replicas=-1: simulation.replicas must be a whole number from 1 to 100000, "
     "not '-1'"},
    {SOURCE, "simulation.replcas=1",
     "--set simulation.replcas=1: unknown key 'replcas' in simulation (did you mean 'replicas'?)"},
    {SOURCE, "simulatoin.replicas=1",
     "--set simulatoin.replicas=1: unknown key 'simulatoin.replicas' (did you mean "
     "'simulation.replicas'?)"},
    {SOURCE, "replicas=1",
     "--set replicas=1: unknown key 'replicas' (its place is "
     "simulation.replicas)"},
    {SOURCE, "simulation.replicas",
     "--set simulation.replicas: expected key=value, such as simulation.replicas=4"},
    {SOURCE, "=4", "--set =4: expected key=value, such as simulation.replicas=4"},
    {SOURCE, "model.filters=[1",
     "--set model.filters=[1: not valid YAML: did not find expected "
     "',' or ']', at the end"},
    {SOURCE, "system.prmtop=x",
     "--set system.prmtop=x: system.prmtop is not available in this version (give system.pdb with "
     "system.force_field, or with system.openmm_system)"},
    {SOURCE "model: {strides: [1, 2]}", "model.filters=[4]",
     "run.yaml:2: model.strides has 2 items, but model.filters has 1 (one for each layer, or a "
     "single number for all)"},

    /* rules between keys */
    {"", NULL,
     "run.yaml: nothing to simulate (give one of system.sequence, system.pdb and "
     "system.bead_chain)"},
    {"seed: 1\nsystem:\n  reference: helix", NULL,
     "run.yaml:2: nothing to simulate (give one of system.sequence, system.pdb and "
     "system.bead_chain)"},
    {"system:\n  sequence: A\n  pdb: a.pdb\n  bead_chain: 5", NULL,
     "run.yaml:3: system.sequence and system.pdb are both given (give one of system.sequence, "
     "system.pdb and system.bead_chain)\n"
     "run.yaml:4: system.sequence and system.bead_chain are both given (give one of "
     "system.sequence, system.pdb and system.bead_chain)"},
    {"system: {sequence: A, openmm_system: a.xml}", NULL,
     "run.yaml:1: system.openmm_system needs system.pdb, the structure with the same atoms"},
    {"system:\n  pdb: a.pdb\n  start: helix\n  reference: extended", NULL,
     "run.yaml:4: system.reference: extended is built from system.sequence or system.bead_chain "
     "(with system.pdb, give a PDB file)\n"
     "run.yaml:3: system.start: helix is built from system.sequence or system.bead_chain (with "
     "system.pdb, give a PDB file)"},
    {"system:\n  pdb: a.pdb\n  openmm_system: a.xml\n  cutoff_nm: 1\n  constraints: none", NULL,
     "run.yaml:4: system.cutoff_nm has no effect with system.openmm_system (leave it out)\n"
     "run.yaml:5: system.constraints has no effect with system.openmm_system (leave it out)"},
    {"system: {bead_chain: 8, hydrogen_mass_amu: 3}", NULL,
     "run.yaml:1: system.hydrogen_mass_amu has no effect with system.bead_chain (leave it out)"},
    {SOURCE "simulation: {timestep_fs: 4}", NULL,
     "run.yaml:2: simulation.timestep_fs of 4 needs heavier hydrogens (system.hydrogen_mass_amu of "
     "at least 2, say 3; or at most 2.5 fs)"},
    {SOURCE "simulation: {timestep_fs: 8}", "system.hydrogen_mass_amu=3",
     "run.yaml:2: simulation.timestep_fs of 8 is too long for an all-atom system (at most 5)"},
    {"system:\n  sequence: A\n  constraints: none\nsimulation:\n  timestep_fs: 2.5", NULL,
     "run.yaml:5: simulation.timestep_fs of 2.5 is too long without constraints (at most 2, or "
     "system.constraints: hbonds)"},
    {SOURCE "simulation: {report_interval_ps: 1.001, segment_ns: 0.01001}", NULL,
     "run.yaml:2: simulation.report_interval_ps must be a whole number of time steps: 1.001 ps is "
     "500.5 of 2 fs (1 or 1.002 would do)"},
    {SOURCE "simulation: {gb_interval_steps: 2, report_interval_ps: 1.002, segment_ns: 0.501}",
     NULL,
     "run.yaml:2: simulation.report_interval_ps must be a whole number of gb_interval_steps: 1.002 "
     "ps is 250.5 of 4 fs (1 or 1.004 would do)"},
    {SOURCE "simulation: {gb_interval_steps: 3, report_interval_ps: 12, segment_ns: 0.48}", NULL,
     "run.yaml:2: simulation.gb_interval_steps of 3 with steps of 2 fs is too long (6 fs; at most "
     "4, or 8 with system.hydrogen_mass_amu of at least 2)"},
    {SOURCE
     "simulation: {gb_interval_steps: 3, timestep_fs: 4, report_interval_ps: 12, segment_ns: 0.48}",
     "system.hydrogen_mass_amu=3",
     "run.yaml:2: simulation.gb_interval_steps of 3 with steps of 4 fs is too long (12 fs; at most "
     "4, or 8 with system.hydrogen_mass_amu of at least 2)"},
    {SOURCE "simulation: {segment_ns: 0.015}", NULL,
     "run.yaml:2: simulation.segment_ns must be a whole number of report intervals: 0.015 ns is "
     "1.5 of 10 ps (0.01 or 0.02 would do)"},
    {SOURCE "simulation: {segment_ns: 0.005}", NULL,
     "run.yaml:2: simulation.segment_ns must be a whole number of report intervals: 0.005 ns is "
     "0.5 of 10 ps (0.01 would do)"},
    {SOURCE "simulation: {timestep_fs: 1e-300}", NULL,
     "run.yaml:2: simulation.report_interval_ps: 10 ps is more than 1000000000 time steps of "
     "1e-300 fs"},
    {SOURCE "model:\n  kernels: [3, 4, 3, 3]", NULL,
     "run.yaml:3: model.kernels must be odd, not 4 (so that a kernel has a middle)"},
    {SOURCE "selection: {min_outliers: 10, max_outliers: 9}", NULL,
     "run.yaml:2: selection.min_outliers (10) is more than selection.max_outliers (9)"},
    {SOURCE "selection: {max_outliers: 9}", NULL,
     "run.yaml:2: selection.min_outliers (1000) is more than selection.max_outliers (9)"},
    {"system: {sequence: A}\nstop: {rmsd_angstrom: 2}", NULL,
     "run.yaml:2: stop.rmsd_angstrom needs system.reference"},
    {SOURCE "selection: {cull_after_ns: 1}", NULL,
     "run.yaml:2: selection.cull_after_ns needs mode: streaming"},
    {SOURCE "selection:\n  strategy: fast\n  cull_after_ns: 1\nmode: streaming", NULL,
     "run.yaml:4: selection.cull_after_ns needs outliers (selection.candidates: dbscan, not "
     "states)"},
};

static void each_mistake_is_told_as_it_should_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_mistakes(cases[i].yaml, cases[i].override, cases[i].mistakes);
}

static void all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    assert_mistakes("sede: 1\n"
                    "system:\n"
                    "  sequence: AAA\n"
                    "  prmtop: x.prmtop\n"
                    "simulation:\n"
                    "  replicas: many\n"
                    "  report_interval_ps: 3\n"
                    "selection: {rank_by: rmsd}\n",
                    "stop.rounds=-1",
                    "run.yaml:1: unknown key 'sede' (did you mean 'seed'?)\n"
                    "run.yaml:4: system.prmtop is not available in this version (give system.pdb "
                    "with system.force_field, or with system.openmm_system)\n"
                    "run.yaml:6: simulation.replicas must be a whole number from 1 to 100000, not "
                    "'many'\n"
                    "--set stop.rounds=-1: stop.rounds must be a whole number from 0 to "
                    "1000000000, in rounds, not '-1'\n"
                    "run.yaml:5: simulation.segment_ns must be a whole number of report intervals: "
                    "0.5 ns is 166.6667 of 3 ps (0.498 or 0.501 would do)\n"
                    "run.yaml:8: strategy ml+rmsd (candidates: dbscan, rank_by: rmsd) needs "
                    "system.reference");
}

static void long_values_are_cut_between_characters(void **state)
{
    (void)state;
    assert_mistakes(
        SOURCE "campaign: /123456789012345678901234567890123456789012345678901234567890", NULL,
        "run.yaml:2: campaign must be a name (letters, digits, '-', '_' and '.'), not "
        "'/123456789012345678901234567890123456789012345678901234567...'");
    assert_mistakes(SOURCE "campaign: "
                           "/12345678901234567890123456789012345678901234567890123456\xc3\xa4\xc3"
                           "\xa4",
                    NULL,
                    "run.yaml:2: campaign must be a name (letters, digits, '-', '_' and '.'), not "
                    "'/12345678901234567890123456789012345678901234567890123456...'");
}

static void a_flood_of_mistakes_is_cut(void **state)
{
    (void)state;
    ddmd_text yaml = {0};
    for (int i = 0; i < 1000; i++)
        ddmd_text_add(&yaml, "zz%d: 1\n", i);
    ddmd_config *config = NULL;
    ddmd_mistakes mistakes = {0};
    assert_int_equal(parse_config(yaml.bytes, NULL, &config, &mistakes), DDMD_CONFIG);
    assert_int_equal(mistakes.n, 100);
    assert_string_equal(mistakes.lines[99],
                        "run.yaml: more than 99 mistakes: the rest is not listed");
    ddmd_mistakes_clear(&mistakes);
    assert_int_equal(mistakes.n, 0);
    ddmd_text_clear(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told_as_it_should_be),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(long_values_are_cut_between_characters),
        cmocka_unit_test(a_flood_of_mistakes_is_cut),
    };
    return cmocka_run_group_tests_name("mistakes", tests, NULL, NULL);
}
