#ifndef DDMD_CORE_CLOCK_H
#define DDMD_CORE_CLOCK_H

#ifdef __cplusplus
extern "C" {
#endif

/* Seconds since an arbitrary point; never goes back. */
double ddmd_clock_monotonic(void);

/* Seconds that processors have worked for this process, in all its threads. */
double ddmd_clock_cpu(void);

/* Seconds that a processor has worked for the calling thread. */
double ddmd_clock_thread(void);

/* Seconds since 1970-01-01 00:00 UTC. */
double ddmd_clock_wall(void);

#ifdef __cplusplus
}
#endif
#endif
