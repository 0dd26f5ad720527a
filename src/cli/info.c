#include "cli.h"

#include "ddmd/engine.h"
#include "ddmd/force_field.h"
#include "ddmd/model.h"
#include "ddmd/select.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] = "ddmd info [--json]\n"
                           "\n"
                           "Version, engines, models, strategies, and where force fields are "
                           "found.\n";

static const char *const probe_file = "amber99sbildn.xml";

static void print_part(const char *name, const char *summary, bool available, const char *why,
                       const char *detail)
{
    printf("  %-12s %s\n", name, summary);
    if (!available)
        printf("  %-12s not available: %s\n", "", why);
    else if (*detail)
        printf("  %-12s %s\n", "", detail);
}

static int print_text(void)
{
    printf("ddmd %s\n\nengines\n", DDMD_VERSION);
    for (size_t i = 0; i < ddmd_engine_count(); i++) {
        ddmd_engine_info info;
        ddmd_engine_describe(i, &info);
        print_part(info.name, info.summary, info.available, info.unavailable, info.detail);
    }
    printf("\nmodels\n");
    for (size_t i = 0; i < ddmd_model_count(); i++) {
        ddmd_model_info info;
        ddmd_model_describe(i, &info);
        print_part(info.name, info.summary, info.available, info.unavailable, info.detail);
    }
    printf("\nstrategies\n");
    for (size_t i = 0; i < ddmd_strategy_count(); i++) {
        ddmd_strategy_info info;
        ddmd_strategy_describe(i, &info);
        print_part(info.name, info.summary, true, NULL, "");
    }
    char *path = NULL;
    ddmd_error err = {0};
    printf("\nforce fields\n");
    if (ddmd_force_field_find(probe_file, &path, &err) == DDMD_OK)
        printf("  %s is found at %s\n", probe_file, path);
    else
        printf("  %s\n", err.message);
    free(path);
    return cli_flush();
}

static json_t *part(const char *name, const char *summary, bool available, const char *why,
                    const char *detail)
{
    return json_pack("{s:s, s:s, s:b, s:s}", "name", name, "summary", summary, "available",
                     (int)available, "detail", available ? detail : why);
}

static int print_json(void)
{
    json_t *engines = json_array(), *models = json_array(), *strategies = json_array();
    for (size_t i = 0; i < ddmd_engine_count(); i++) {
        ddmd_engine_info info;
        ddmd_engine_describe(i, &info);
        json_array_append_new(
            engines, part(info.name, info.summary, info.available, info.unavailable, info.detail));
    }
    for (size_t i = 0; i < ddmd_model_count(); i++) {
        ddmd_model_info info;
        ddmd_model_describe(i, &info);
        json_array_append_new(
            models, part(info.name, info.summary, info.available, info.unavailable, info.detail));
    }
    for (size_t i = 0; i < ddmd_strategy_count(); i++) {
        ddmd_strategy_info info;
        ddmd_strategy_describe(i, &info);
        json_array_append_new(strategies, part(info.name, info.summary, true, NULL, ""));
    }
    char *path = NULL;
    json_t *force_field = json_null();
    if (ddmd_force_field_find(probe_file, &path, NULL) == DDMD_OK)
        force_field = json_string(path);
    free(path);
    return cli_print_json(json_pack("{s:s, s:o, s:o, s:o, s:o}", "version", DDMD_VERSION, "engines",
                                    engines, "models", models, "strategies", strategies, probe_file,
                                    force_field));
}

int cli_info(int argc, char **argv)
{
    bool json = false;
    const cli_option options[] = {{"json", .flag = &json}, {0}};
    int exit_status;
    if (!cli_read_options("info", argc, argv, options, help, &exit_status))
        return exit_status;
    if (optind < argc)
        return cli_usage("info", "'%s' is one argument too many", argv[optind]);
    return json ? print_json() : print_text();
}
