#include "cli.h"

#include "core/file.h"
#include "core/text.h"
#include "ddmd/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_examples(void)
{
    for (size_t i = 0; i < ddmd_example_count(); i++)
        printf("  %-14s %s\n", ddmd_example_name(i), ddmd_example_summary(i));
}

static int print_help(void)
{
    printf("ddmd init [EXAMPLE] [-o FILE]\n"
           "\n"
           "Write a commented example configuration to EXAMPLE.yaml (or FILE). Examples:\n");
    print_examples();
    return cli_flush();
}

static int unknown_example(const char *name)
{
    fprintf(stderr, "ddmd init: no example '%s'; there are:", name);
    for (size_t i = 0; i < ddmd_example_count(); i++)
        fprintf(stderr, " %s", ddmd_example_name(i));
    fprintf(stderr, "\n");
    return CLI_BAD_INPUT;
}

int cli_init(int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const char *output = NULL;
    for (int c; (c = getopt_long(argc, argv, ":o:h", options, NULL)) != -1;)
        switch (c) {
        case 'o':
            output = optarg;
            break;
        case 'h':
            return print_help();
        default:
            return cli_bad_option("init", argv, c);
        }
    if (argc - optind > 1)
        return cli_usage("init", "one example at a time");

    size_t example = 0;
    if (optind < argc) {
        while (example < ddmd_example_count() &&
               strcmp(argv[optind], ddmd_example_name(example)) != 0)
            example++;
        if (example == ddmd_example_count())
            return unknown_example(argv[optind]);
    }

    int exit_status = CLI_FAILED;
    char *path = NULL;
    ddmd_error err = {0};
    const char *text = ddmd_example_text(example);
    enum ddmd_status status =
        output ? ddmd_text_format(&path, &err, "%s", output)
               : ddmd_text_format(&path, &err, "%s.yaml", ddmd_example_name(example));
    if (status == DDMD_OK && ddmd_file_exists(path))
        status =
            ddmd_error_set(&err, DDMD_IO, "%s exists already (choose another name with -o)", path);
    if (status == DDMD_OK)
        status = ddmd_file_replace(path, text, strlen(text), &err);
    if (status != DDMD_OK) {
        exit_status = cli_fail(status, &err);
    } else {
        printf("wrote %s; run it with: ddmd run %s\n", path, path);
        exit_status = cli_flush();
    }
    free(path);
    return exit_status;
}
