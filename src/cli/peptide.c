#include "cli.h"

#include "ddmd/peptide.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "ddmd peptide SEQUENCE -o FILE.pdb [--fold extended|helix]\n"
    "\n"
    "Build a peptide with all hydrogens from its one-letter sequence, with optional caps:\n"
    "ACE- in front, -NME or -NH2 behind; without them the termini are charged.\n"
    "\n"
    "  --fold FOLD        extended (default) or helix\n"
    "  -o, --output FILE  where to write it; replaced where it exists\n";

int cli_peptide(int argc, char **argv)
{
    static const struct option options[] = {
        {"fold", required_argument, NULL, 'f'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    enum ddmd_peptide_fold fold = DDMD_PEPTIDE_EXTENDED;
    const char *output = NULL;
    for (int c; (c = getopt_long(argc, argv, ":o:h", options, NULL)) != -1;)
        switch (c) {
        case 'f':
            if (strcmp(optarg, "helix") == 0)
                fold = DDMD_PEPTIDE_HELIX;
            else if (strcmp(optarg, "extended") != 0)
                return cli_usage("peptide", "--fold %s: extended or helix", optarg);
            break;
        case 'o':
            output = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return cli_flush();
        default:
            return cli_bad_option("peptide", argv, c);
        }
    if (argc - optind != 1)
        return cli_usage("peptide", "one sequence is needed");
    if (!output)
        return cli_usage("peptide", "-o FILE.pdb is needed");

    ddmd_structure *structure = NULL;
    ddmd_error err = {0};
    enum ddmd_status status = ddmd_peptide_build(argv[optind], fold, &structure, &err);
    if (status == DDMD_OK)
        status = ddmd_structure_write_pdb(structure, structure->positions, 1, output, &err);
    int exit_status;
    if (status == DDMD_OK) {
        printf("wrote %s: %d residues, %d atoms\n", output, structure->n_residues,
               structure->n_atoms);
        exit_status = cli_flush();
    } else {
        exit_status = cli_fail(status, &err);
    }
    ddmd_structure_destroy(&structure);
    return exit_status;
}
