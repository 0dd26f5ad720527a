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
    const char *output = NULL, *fold_name = "extended";
    const cli_option options[] = {
        {"fold", .text = &fold_name},
        {"output", 'o', .text = &output},
        {0},
    };
    int exit_status;
    if (!cli_read_options("peptide", argc, argv, options, help, &exit_status))
        return exit_status;
    bool helix = strcmp(fold_name, "helix") == 0;
    if (!helix && strcmp(fold_name, "extended") != 0)
        return cli_usage("peptide", "--fold %s: extended or helix", fold_name);
    if (argc - optind != 1)
        return cli_usage("peptide", "one sequence is needed");
    if (!output)
        return cli_usage("peptide", "-o FILE.pdb is needed");

    ddmd_structure *structure = NULL;
    ddmd_error err = {0};
    enum ddmd_status status = ddmd_peptide_build(
        argv[optind], helix ? DDMD_PEPTIDE_HELIX : DDMD_PEPTIDE_EXTENDED, &structure, &err);
    if (status == DDMD_OK)
        status = ddmd_structure_write_pdb(structure, structure->positions, 1, output, &err);
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
