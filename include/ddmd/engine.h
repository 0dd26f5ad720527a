/*
 * Engines advance batches of replicas of one system.
 *
 * A replica is a slot. It is idle until it is started from positions and velocities; then every
 * call of ddmd_engine_advance() moves it on, until it is stopped, started anew, or has failed
 * (NaN, energy out of bounds, an exception in a library). A failed replica does not disturb the
 * others and can be started again.
 *
 * The dynamics is Langevin (middle splitting: Zhang, Liu, Yan, Zhang, Liu, J. Phys. Chem. A 123,
 * 6056, 2019, as OpenMM's LangevinMiddleIntegrator), or NVE (leapfrog Verlet) where friction is 0.
 * In both, the velocities of a frame belong to the middle of the step that led to it, as OpenMM's
 * do; a start from positions and velocities of a frame goes on from just there. The kinetic energy
 * is that of these velocities without their component along constraints; under NVE that of
 * velocities brought to the time of the positions.
 *
 * With gb_interval_steps = k above 1 the forces of generalized Born solvent and its surface act as
 * an impulse, k times as strong, at every step whose number is divisible by k, and at no other
 * (r-RESPA: Tuckerman, Berne, Martyna, J. Chem. Phys. 97, 1990, 1992). Energies of frames are
 * complete.
 *
 * A trajectory is a function of (seed, simulation_id, first_step, positions, velocities, number of
 * steps of each advance) and the build alone: not of the other replicas, nor of the number of
 * threads. An engine that cannot promise that on some platform lacks DDMD_ENGINE_DETERMINISTIC.
 *
 * An engine object is used by one thread at a time; different objects may be used at once.
 */
#ifndef DDMD_ENGINE_H
#define DDMD_ENGINE_H

#include "ddmd/log.h"
#include "ddmd/system.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ddmd_engine ddmd_engine;

typedef struct ddmd_engine_options {
    double temperature_kelvin; /* used where a start does not give its own; > 0 */
    double friction_per_ps;    /* >= 0; 0: NVE (Verlet) */
    double timestep_fs;        /* > 0 */
    uint64_t seed;             /* the campaign's */
    int gb_interval_steps;   /* generalized Born forces act at every so many steps; 0 or 1: each */
    int threads_per_replica; /* openmm on CPU; >= 1 */
    const char *platform;    /* openmm: CUDA, OpenCL, CPU, Reference; NULL: the fastest there */
    const char *precision;   /* openmm: single, mixed, double; NULL: the platform's default */
    double constraint_tolerance; /* relative; 0: 1e-6 */
    const ddmd_log *log;         /* may be NULL */
} ddmd_engine_options;

/* What a replica is started from. Everything is copied. */
typedef struct ddmd_engine_start {
    uint32_t simulation_id;
    uint64_t first_step;       /* step number of the start in its simulation */
    double temperature_kelvin; /* 0: the engine's */
    const float *positions;    /* [n_atoms][3], nm */
    const float *velocities;   /* [n_atoms][3], nm/ps; NULL: drawn at the temperature from
                                  (seed, simulation_id), constraints respected */
} ddmd_engine_start;

enum ddmd_replica_state { DDMD_REPLICA_IDLE, DDMD_REPLICA_RUNNING, DDMD_REPLICA_FAILED };

/*
 * A frame as an engine gives it; the caller owns the arrays, either may be NULL.
 *
 * Molecules drift, and positions may jump by a translation from one frame to the next: engine
 * ensemble moves a replica whose centroid (mean position of the atoms) is farther than 1 nm from
 * the origin back there, after every step whose number is divisible by 1000. Velocities, energies,
 * RMSD (which superposes) and contact maps do not see it; whoever measures diffusion has to undo
 * it.
 */
typedef struct ddmd_engine_frame {
    uint64_t step;
    float *positions;        /* [n_atoms][3], nm */
    float *velocities;       /* [n_atoms][3], nm/ps */
    double potential_energy; /* kJ/mol */
    double kinetic_energy;   /* kJ/mol */
} ddmd_engine_frame;

enum ddmd_engine_capability {
    DDMD_ENGINE_DETERMINISTIC = 1 << 0, /* the same start gives the same bits */
    DDMD_ENGINE_IMPLICIT_SOLVENT = 1 << 1,
    DDMD_ENGINE_CONSTRAINTS = 1 << 2,
    DDMD_ENGINE_OPENMM_XML = 1 << 3, /* takes systems with openmm_xml */
    DDMD_ENGINE_PERIODIC = 1 << 4,
    DDMD_ENGINE_BATCHED = 1 << 5,    /* replicas of one object share instructions: give it many */
    DDMD_ENGINE_GB_INTERVAL = 1 << 6 /* takes gb_interval_steps above 1 */
};

/* What is known of an engine by name. */
typedef struct ddmd_engine_info {
    const char *name;
    const char *summary;
    bool available;          /* compiled in and its libraries work here */
    const char *unavailable; /* why not, and what to install; NULL where available */
    unsigned capabilities;
    char detail[256]; /* "OpenMM 7.7, platforms Reference CPU OpenCL" */
} ddmd_engine_info;

size_t ddmd_engine_count(void);
/* index < ddmd_engine_count(). The capabilities are those that the engine has at its best;
   ddmd_engine_capabilities() tells those of an engine object on its platform. */
void ddmd_engine_describe(size_t index, ddmd_engine_info *info);

/*
 * CONFIG: no engine of that name (the message lists them) or options out of range.
 * UNSUPPORTED: not compiled in, or the engine cannot do something that the system needs; the
 * message names it and says which engine can.
 */
enum ddmd_status ddmd_engine_create(const char *name, const ddmd_system *system,
                                    const ddmd_engine_options *options, int n_replicas,
                                    ddmd_engine **engine, ddmd_error *err);
void ddmd_engine_destroy(ddmd_engine **engine);

const char *ddmd_engine_name(const ddmd_engine *engine);
unsigned ddmd_engine_capabilities(const ddmd_engine *engine);
/* "CPU, 1 thread", "avx512"; what it runs on. */
const char *ddmd_engine_device(const ddmd_engine *engine);

/*
 * Start (or start anew) one replica. NUMERIC: positions, velocities or the energy there are not
 * finite, or the energy is beyond 1e7 kJ/mol; the replica is then FAILED, the others are untouched.
 * A molecule whose centroid is more than 5 nm from the origin is moved there, since float32
 * coordinates are finest near it (not where the system has openmm_xml: it may know of places).
 */
enum ddmd_status ddmd_engine_start_replica(ddmd_engine *engine, int replica,
                                           const ddmd_engine_start *start, ddmd_error *err);
void ddmd_engine_stop_replica(ddmd_engine *engine, int replica);

/*
 * Advance every running replica by n_steps. A replica that fails on the way becomes FAILED with a
 * reason and the call still succeeds; the call itself fails only where the engine as a whole does.
 */
enum ddmd_status ddmd_engine_advance(ddmd_engine *engine, int64_t n_steps, ddmd_error *err);

enum ddmd_replica_state ddmd_engine_replica_state(const ddmd_engine *engine, int replica);
/* Why it failed; "" otherwise. Valid until the next call on this replica. */
const char *ddmd_engine_failure(const ddmd_engine *engine, int replica);

/* Read a running replica. INVALID where it is not running. */
enum ddmd_status ddmd_engine_read(ddmd_engine *engine, int replica, ddmd_engine_frame *frame,
                                  ddmd_error *err);

/*
 * Single-point energy by term, and forces ([n_atoms][3], kJ/(mol nm), may be NULL), of positions
 * ([n_atoms][3], nm). Constraints play no part. Leaves the replicas as they are.
 */
enum ddmd_status ddmd_engine_energy(ddmd_engine *engine, const double *positions,
                                    ddmd_energy *energy, double *forces, ddmd_error *err);

/*
 * Minimise positions in place until the root-mean-square force component is below `tolerance`
 * (kJ/(mol nm)) or max_iterations (0: no bound) are done; constraints hold at the end.
 */
enum ddmd_status ddmd_engine_minimize(ddmd_engine *engine, double *positions, double tolerance,
                                      int max_iterations, ddmd_error *err);

#ifdef __cplusplus
}
#endif
#endif
