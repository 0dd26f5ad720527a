#include "model/cvae/members.h"

#include "core/parallel.h"

#include <omp.h>

struct call {
    void (*work)(void *user, int member);
    void *user;
};

/* OpenMP keeps its number of threads for each thread that calls it. */
static void run(void *user, size_t begin, size_t end, int worker)
{
    (void)worker;
    const struct call *call = user;
    omp_set_num_threads(1);
    for (size_t member = begin; member < end; member++)
        call->work(call->user, (int)member);
}

void ddmd_members_run(int n, void (*work)(void *user, int member), void *user)
{
    struct call call = {.work = work, .user = user};
    int threads = omp_get_max_threads();
    ddmd_parallel_for((size_t)n, 1, n, run, &call);
    omp_set_num_threads(threads);
}

size_t ddmd_share(size_t count, int n, int member)
{
    size_t each = count / (size_t)n, left = count % (size_t)n, m = (size_t)member;
    return m * each + (m < left ? m : left);
}
