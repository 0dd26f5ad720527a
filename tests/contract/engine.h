/* What the parts of the engines' contract suite share. */
#ifndef DDMD_TEST_CONTRACT_ENGINE_H
#define DDMD_TEST_CONTRACT_ENGINE_H

#include "support/cmocka.h"

#include "contract/engine_systems.h"
#include "ddmd/engine.h"

/* An engine with a subject that it can run: what every test gets as its state. */
typedef struct engine_case {
    const char *engine;
    unsigned capabilities; /* of an engine object, on its platform */
    const test_subject *subject;
} engine_case;

typedef struct contract_test {
    const char *name;
    CMUnitTestFunction run;
} contract_test;

/* Each ends with {NULL}. */
extern const contract_test engine_state_tests[];
extern const contract_test engine_dynamics_tests[];
extern const contract_test engine_energy_tests[];

/* 300 K, 1/ps, the subject's time step. */
ddmd_engine_options case_options(const engine_case *c);
/* Fails the test where it fails. */
ddmd_engine *case_create(const engine_case *c, const ddmd_engine_options *options, int n_replicas);

size_t case_coordinates(const engine_case *c); /* 3 n_atoms */

/* The subject's positions in float32, after a short minimisation; the caller frees. */
float *case_positions(const engine_case *c);

/* Start a replica with drawn velocities; fails the test where it fails. */
void case_start(ddmd_engine *engine, int replica, uint32_t simulation_id, const float *positions);

/* Positions, then velocities ([2][3 n_atoms]) of a replica; the caller frees. */
float *case_read(const engine_case *c, ddmd_engine *engine, int replica);

/*
 * The subject's positions with two atoms so near to each other that the energy is still allowed at
 * the start, but the first steps tear the molecule apart; the caller frees.
 */
float *case_clash(const engine_case *c);

void assert_prefixed(const engine_case *c, const ddmd_error *err);

#endif
