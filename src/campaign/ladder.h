/* How temperatures and start structures are dealt out to the replicas. */
#ifndef DDMD_CAMPAIGN_LADDER_H
#define DDMD_CAMPAIGN_LADDER_H

#include "ddmd/config.h"

/*
 * Temperatures in turn: replica r has the (r mod n)th, for the whole campaign. Neighbours differ,
 * so that every worker, which has a contiguous share of the replicas, gets a mixture of all.
 */
double ddmd_ladder_temperature(const ddmd_config *config, int replica);

/*
 * The start structure of a replica's first simulation: in turn as well, and shifted by one whenever
 * both turns begin together, so that the starts are not tied to temperatures. Each of the first
 * n_temperatures x n_starts replicas has another pair of the two.
 */
size_t ddmd_ladder_start(const ddmd_config *config, size_t n_starts, int replica);

/*
 * Velocities ([n]) of a simulation at `from` kelvin for one at `to` kelvin: times sqrt(to / from),
 * as replica exchange does it (Sugita, Okamoto, Chem. Phys. Lett. 314, 141, 1999). What is
 * Maxwellian at the one is so at the other, and constraints stay respected.
 */
void ddmd_ladder_scale(float *velocities, size_t n, double from, double to);

#endif
