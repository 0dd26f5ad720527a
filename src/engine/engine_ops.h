/*
 * What an engine implements. Callers use ddmd/engine.h, never this; engine.c checks arguments,
 * keeps each replica's state and reason, draws velocities, and puts the engine's name in front of
 * its errors.
 *
 * `self` is what create() made. Calls on one self never overlap. On failure a slot leaves self
 * usable unless its comment says otherwise.
 */
#ifndef DDMD_ENGINE_OPS_H
#define DDMD_ENGINE_OPS_H

#include "ddmd/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DDMD_ENGINE_API_VERSION = 1 };

/* Beyond this (kJ/mol, either sign) a potential or kinetic energy means that a replica blew up. */
#define DDMD_ENGINE_ENERGY_LIMIT 1e7

typedef struct ddmd_engine_ops {
    int api_version; /* DDMD_ENGINE_API_VERSION */
    const char *name;
    const char *summary; /* one line */
    unsigned capabilities;

    /* --- REQUIRED --- */

    /*
     * Check that the system can be run (UNSUPPORTED names what cannot) and make self with
     * n_replicas idle slots. system outlives self; options do not.
     */
    enum ddmd_status (*create)(const ddmd_system *system, const ddmd_engine_options *options,
                               int n_replicas, void **self, ddmd_error *err);
    void (*destroy)(void *self);

    /*
     * Put a start into slot `replica`; velocities and temperature are always given here. NUMERIC
     * where the energy there is not finite or too high.
     */
    enum ddmd_status (*start)(void *self, int replica, const ddmd_engine_start *start,
                              ddmd_error *err);

    /*
     * Advance the slots with running[replica] true by n_steps. A slot that blows up is marked
     * through failed(user, replica, reason); the others go on.
     */
    enum ddmd_status (*advance)(void *self, const bool *running, int64_t n_steps,
                                void (*failed)(void *user, int replica, const char *reason),
                                void *user, ddmd_error *err);

    enum ddmd_status (*read)(void *self, int replica, ddmd_engine_frame *frame, ddmd_error *err);

    enum ddmd_status (*energy)(void *self, const double *positions, ddmd_energy *energy,
                               double *forces, ddmd_error *err);

    enum ddmd_status (*minimize)(void *self, double *positions, double tolerance,
                                 int max_iterations, ddmd_error *err);

    /* --- OPTIONAL --- */

    /* Forget a slot. Default: nothing to do. */
    void (*stop)(void *self, int replica);

    /* Is it usable on this machine? Fill detail (size bytes). Default: yes, no detail. */
    bool (*probe)(char *detail, size_t size, const char **unavailable);

    /* What self runs on. Default: "CPU". */
    const char *(*device)(const void *self);

    /* What self can do, where that depends on how it was made. Default: `capabilities`. */
    unsigned (*self_capabilities)(const void *self);
} ddmd_engine_ops;

/* The engines of engines.def that are compiled in. */
#define ENGINE(name, summary, compiled_in, advice) extern const ddmd_engine_ops ddmd_engine_##name;
#include "engine/engines.def"
#undef ENGINE

#ifdef __cplusplus
}
#endif
#endif
