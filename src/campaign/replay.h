/* The parts of ddmd_campaign_replay(). */
#ifndef DDMD_CAMPAIGN_REPLAY_H
#define DDMD_CAMPAIGN_REPLAY_H

#include "ddmd/campaign.h"

/*
 * Are step, positions, velocities ([n_atoms][3]) and energies of two frames equal, bit by bit?
 * Where not, *result has the first value that is not.
 */
bool ddmd_replay_equal(const ddmd_frame *stored, const ddmd_frame *simulated, size_t n_atoms,
                       ddmd_replay_result *result);

#endif
