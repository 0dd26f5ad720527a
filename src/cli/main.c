#include "cli.h"

#include "core/text.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, arguments, summary) {#name, arguments, summary, cli_##name},
#include "commands.def"
#undef COMMAND
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *to)
{
    fprintf(to, "ddmd %s: molecular-dynamics ensembles steered by deep learning\n\n", DDMD_VERSION);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  ddmd %-8s %-46s %s\n", commands[i].name, commands[i].arguments,
                commands[i].summary);
    fprintf(to, "\nddmd COMMAND --help says more of a command. Start with: ddmd init\n"
                "Exit status: 0 done, 1 failed while running, 2 bad usage or input, 130 "
                "interrupted (state saved).\n");
}

static int unknown_command(const char *name)
{
    const char *names[N_COMMANDS];
    for (int i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    const char *nearest = ddmd_text_nearest(name, names, N_COMMANDS);
    if (nearest)
        fprintf(stderr, "ddmd: no command '%s' (did you mean '%s'?)\n", name, nearest);
    else
        fprintf(stderr, "ddmd: no command '%s' (`ddmd help` lists them)\n", name);
    return CLI_BAD_INPUT;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_BAD_INPUT;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_help(stdout);
        return cli_flush();
    }
    if (strcmp(name, "--version") == 0) {
        printf("ddmd %s\n", DDMD_VERSION);
        return cli_flush();
    }
    if (strcmp(name, "role") == 0) /* how a streaming campaign starts its processes */
        return cli_role(argc - 1, argv + 1);
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return unknown_command(name);
}
