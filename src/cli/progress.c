#include "progress.h"

#include "cli.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Seconds between progress lines where there is no terminal. */
static const double PLAIN_INTERVAL_S = 30;

void cli_format_time(double seconds, char *buffer, size_t size)
{
    long s = lround(seconds < 0 ? 0 : seconds);
    if (s >= 3600)
        snprintf(buffer, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(buffer, size, "%ld:%02ld", s / 60, s % 60);
}

const char *cli_iterations_name(const ddmd_campaign_status *campaign)
{
    return strcmp(campaign->mode, "streaming") == 0 ? "rankings" : "rounds";
}

void cli_progress_init(cli_progress *p)
{
    *p = (cli_progress){0};
    pthread_mutex_init(&p->lock, NULL);
    const char *kind = getenv("TERM");
    p->terminal = isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

static void clear_line(cli_progress *p)
{
    if (p->line_shown)
        fputs("\r\033[K", stderr);
    p->line_shown = false;
}

void cli_progress_clear(cli_progress *p)
{
    pthread_mutex_lock(&p->lock);
    clear_line(p);
    fflush(stderr);
    pthread_mutex_unlock(&p->lock);
}

void cli_progress_destroy(cli_progress *p)
{
    cli_progress_clear(p);
    pthread_mutex_destroy(&p->lock);
}

static int width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

/* "####------", or nothing where the fraction is not known. */
static void draw_bar(double fraction, char bar[16])
{
    enum { CELLS = 10 };
    if (!(fraction >= 0 && fraction <= 1)) {
        *bar = '\0';
        return;
    }
    int full = (int)(fraction * CELLS + 0.5);
    bar[0] = '[';
    for (int i = 0; i < CELLS; i++)
        bar[i + 1] = i < full ? '#' : '-';
    memcpy(bar + CELLS + 1, "] ", 3);
}

static void format_line(const ddmd_campaign_progress *now, bool with_bar, char *line, size_t size)
{
    ddmd_decimal decimal;
    char bar[16] = "", of[32] = "", best[48] = "", speed[48] = "", elapsed[32], limit[48] = "";
    if (with_bar)
        draw_bar(now->fraction, bar);
    if (now->rounds)
        snprintf(of, sizeof of, "/%u", now->rounds);
    if (isfinite(now->best_rmsd_angstrom))
        snprintf(best, sizeof best, " | best %.2f A", now->best_rmsd_angstrom);
    if (isfinite(now->ns_per_day))
        snprintf(speed, sizeof speed, ", %s ns/day", ddmd_text_decimal(now->ns_per_day, decimal));
    cli_format_time(now->elapsed_s, elapsed, sizeof elapsed);
    if (now->wall_limit_s > 0) {
        char text[32];
        cli_format_time(now->wall_limit_s, text, sizeof text);
        snprintf(limit, sizeof limit, " of %s", text);
    }
    snprintf(line, size, "round %u%s %s %s%s | %s ns%s%s | %s%s", now->round, of,
             ddmd_phase_name(now->phase), bar, now->doing,
             ddmd_text_decimal(now->simulated_ns, decimal), speed, best, elapsed, limit);
}

void cli_progress_show(void *user, const ddmd_campaign_progress *now)
{
    cli_progress *p = user;
    char line[512];
    pthread_mutex_lock(&p->lock);
    if (p->terminal) {
        format_line(now, true, line, sizeof line);
        clear_line(p);
        fprintf(stderr, "%.*s", width() - 1, line);
        fflush(stderr);
        p->line_shown = true;
    } else if (now->elapsed_s - p->last_plain_s >= PLAIN_INTERVAL_S) {
        format_line(now, false, line, sizeof line);
        fprintf(stderr, "%s\n", line);
        p->last_plain_s = now->elapsed_s;
    }
    pthread_mutex_unlock(&p->lock);
}

void cli_progress_log(void *user, enum ddmd_log_level level, const char *line)
{
    cli_progress *p = user;
    pthread_mutex_lock(&p->lock);
    clear_line(p);
    cli_print_log(NULL, level, line);
    pthread_mutex_unlock(&p->lock);
}
