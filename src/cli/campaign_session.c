#include "campaign_session.h"

#include "cli.h"
#include "core/text.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A signal handler can reach nothing else. */
static atomic_int stop_asked;

static void on_signal(int signal_number)
{
    (void)signal_number;
    if (atomic_fetch_add(&stop_asked, 1) > 0)
        _exit(CLI_INTERRUPTED);
    static const char text[] = "\nstopping; press again to end at once\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
}

void cli_session_begin(cli_session *s, bool quiet)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error of the write, not a death */

    cli_progress_init(&s->progress);
    s->log = (ddmd_log){
        .write = cli_progress_log,
        .user = &s->progress,
        .minimum = quiet ? DDMD_LOG_WARNING : DDMD_LOG_INFO,
    };
    s->options = (ddmd_campaign_options){
        .log = &s->log,
        .progress = quiet ? NULL : cli_progress_show,
        .user = &s->progress,
        .stop = &stop_asked,
    };
}

static void print_results(const char *run_dir)
{
    ddmd_campaign_status s;
    ddmd_error err = {0};
    if (ddmd_campaign_status_read(run_dir, &s, &err) != DDMD_OK) {
        fprintf(stderr, "ddmd: %s\n", err.message);
        return;
    }
    char elapsed[32];
    ddmd_decimal simulated, rate;
    cli_format_time(s.elapsed_s, elapsed, sizeof elapsed);
    printf("\n%-10s %s: %s\n", s.campaign, ddmd_campaign_state_name(s.state), s.reason);
    if (isfinite(s.best_rmsd_angstrom))
        printf("best RMSD  %.2f angstrom (simulation %lld, frame %lld)\n", s.best_rmsd_angstrom,
               (long long)s.best_simulation, (long long)s.best_frame);
    printf("simulated  %s ns in %llu simulations, %llu frames, %u %s, %s (%s ns/day)\n",
           ddmd_text_decimal(s.simulated_ns, simulated), (unsigned long long)s.simulations_started,
           (unsigned long long)s.frames, s.iterations, cli_iterations_name(&s), elapsed,
           ddmd_text_decimal(s.ns_per_day, rate));
    if (s.model_version > 0)
        printf("model      version %u, loss %.2f, held out %.2f\n", s.model_version, s.train_loss,
               s.validation_loss);
    printf("results    %s (look around with: ddmd status %s)\n", run_dir, run_dir);
}

int cli_session_end(cli_session *s, const char *command, const char *run_dir,
                    enum ddmd_status status, const ddmd_mistakes *mistakes, const ddmd_error *err)
{
    cli_progress_destroy(&s->progress);
    if (status == DDMD_OK) {
        print_results(run_dir);
        return cli_flush();
    }
    if (mistakes->n)
        return cli_mistakes(command, mistakes);
    if (status == DDMD_CANCELLED) {
        fprintf(stderr, "stopped; go on with: ddmd resume %s\n", run_dir);
        return CLI_INTERRUPTED;
    }
    int exit_status = cli_fail(status, err);
    /* past the checks it is a failure of the run, whatever its kind */
    return exit_status == CLI_BAD_INPUT && status != DDMD_CONFIG ? CLI_FAILED : exit_status;
}
