#include "launch/local.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child; only calls that are safe between fork and exec. */
__attribute__((noreturn)) static void become(const char *const *argv, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died in between */
        _exit(1);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0 && null != STDIN_FILENO) {
        dup2(null, STDIN_FILENO);
        close(null);
    }
    execv("/proc/self/exe", (char *const *)argv);
    _exit(127);
}

enum ddmd_status ddmd_launch_start(const char *const *argv, pid_t *pid, ddmd_error *err)
{
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        return ddmd_error_set(err, DDMD_EXTERNAL, "cannot start a process: %s", strerror(errno));
    if (child == 0)
        become(argv, parent);
    *pid = child;
    return DDMD_OK;
}

static void describe(int state, char *how, size_t size)
{
    if (WIFSIGNALED(state))
        snprintf(how, size, "killed by signal %d (%s)", WTERMSIG(state),
                 strsignal(WTERMSIG(state)));
    else
        snprintf(how, size, "exit status %d", WEXITSTATUS(state));
}

bool ddmd_launch_ended(pid_t pid, char *how, size_t size)
{
    int state;
    pid_t result;
    do
        result = waitpid(pid, &state, WNOHANG);
    while (result < 0 && errno == EINTR);
    if (result == 0)
        return false;
    if (result < 0)
        snprintf(how, size, "%s", strerror(errno));
    else
        describe(state, how, size);
    return true;
}

void ddmd_launch_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}
