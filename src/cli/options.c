#include "options.h"

#include "cli.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

/* What getopt_long() answers is the option's number from here on, or its letter. */
enum { MOST_OPTIONS = 16, FIRST = 256 };

static bool add_override(cli_overrides *overrides, const char *value)
{
    const char **grown = realloc(overrides->items, (overrides->n + 1) * sizeof *overrides->items);
    if (!grown) {
        fprintf(stderr, "ddmd: out of memory\n");
        return false;
    }
    grown[overrides->n++] = value;
    overrides->items = grown;
    return true;
}

/* CLI_DONE, or how to end after it was said what is wrong. */
static int take(const char *command, const cli_option *o, const char *value)
{
    if (o->overrides)
        return add_override(o->overrides, value) ? CLI_DONE : CLI_FAILED;
    if (o->count) {
        long count;
        if (!ddmd_text_to_long(value, &count) || count < 1 || count > (long)o->most)
            return cli_usage(command, "--%s %s: it must be a whole number from 1 to %.0f", o->name,
                             value, o->most);
        *o->count = count;
    }
    if (o->number) {
        double number;
        if (!ddmd_text_to_double(value, &number) || !(number >= o->least && number <= o->most))
            return cli_usage(command, "--%s %s: it must be a number from %.10g to %.10g", o->name,
                             value, o->least, o->most);
        *o->number = number;
    }
    if (o->flag)
        *o->flag = true;
    if (o->text)
        *o->text = value;
    return CLI_DONE;
}

static int has_value(const cli_option *o)
{
    if (o->flag)
        return o->text ? optional_argument : no_argument;
    return required_argument;
}

bool cli_read_options(const char *command, int argc, char **argv, const cli_option *options,
                      const char *help, int *exit_status)
{
    struct option table[MOST_OPTIONS + 2] = {{"help", no_argument, NULL, 'h'}};
    char letters[2 * MOST_OPTIONS + 3] = ":h", *end = letters + 2;
    for (int i = 0; i < MOST_OPTIONS && options[i].name; i++) {
        const cli_option *o = &options[i];
        table[i + 1] = (struct option){o->name, has_value(o), NULL, FIRST + i};
        if (o->letter)
            *end++ = o->letter;
        if (o->letter && has_value(o) == required_argument)
            *end++ = ':';
    }
    for (int c; (c = getopt_long(argc, argv, letters, table, NULL)) != -1;) {
        const cli_option *o = c >= FIRST ? &options[c - FIRST] : options;
        while (c < FIRST && o->name && o->letter != c)
            o++;
        if (c == 'h') {
            fputs(help, stdout);
            *exit_status = cli_flush();
            return false;
        }
        *exit_status = o->name ? take(command, o, optarg) : cli_bad_option(command, argv, c);
        if (*exit_status != CLI_DONE)
            return false;
    }
    return true;
}
