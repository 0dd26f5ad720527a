#include "campaign/replay.h"

#include <stdio.h>
#include <string.h>

static bool differ(ddmd_replay_result *result, const char *value, double stored, double simulated)
{
    snprintf(result->value, sizeof result->value, "%s", value);
    result->stored = stored;
    result->simulated = simulated;
    return false;
}

/* Bits, since -0 and NaN have their own ideas of being equal. */
static bool same_float(float a, float b)
{
    uint32_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

static bool same_double(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

/* [n_atoms][3] */
static bool equal_vectors(const float *stored, const float *simulated, size_t n_atoms,
                          const char *name, ddmd_replay_result *result)
{
    char value[64];
    size_t i = 0;
    while (i < n_atoms * 3 && same_float(stored[i], simulated[i]))
        i++;
    if (i == n_atoms * 3)
        return true;
    snprintf(value, sizeof value, "%s %c of atom %zu", name, "xyz"[i % 3], i / 3);
    return differ(result, value, (double)stored[i], (double)simulated[i]);
}

static bool equal_numbers(double stored, double simulated, const char *name,
                          ddmd_replay_result *result)
{
    return same_double(stored, simulated) || differ(result, name, stored, simulated);
}

bool ddmd_replay_equal(const ddmd_frame *stored, const ddmd_frame *simulated, size_t n_atoms,
                       ddmd_replay_result *result)
{
    return equal_numbers((double)stored->step, (double)simulated->step, "step", result) &&
           equal_vectors(stored->positions, simulated->positions, n_atoms, "position", result) &&
           equal_vectors(stored->velocities, simulated->velocities, n_atoms, "velocity", result) &&
           equal_numbers(stored->potential_energy, simulated->potential_energy, "potential energy",
                         result) &&
           equal_numbers(stored->kinetic_energy, simulated->kinetic_energy, "kinetic energy",
                         result);
}
