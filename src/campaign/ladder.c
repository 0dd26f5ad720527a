#include "campaign/ladder.h"

#include <math.h>

double ddmd_ladder_temperature(const ddmd_config *config, int replica)
{
    const ddmd_real_list *temperatures = &config->simulation.temperature_kelvin;
    return temperatures->items[(size_t)replica % temperatures->n];
}

static size_t greatest_divisor(size_t a, size_t b)
{
    while (b > 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

size_t ddmd_ladder_start(const ddmd_config *config, size_t n_starts, int replica)
{
    size_t n_temperatures = config->simulation.temperature_kelvin.n;
    size_t shifts = greatest_divisor(n_temperatures, n_starts);
    size_t turn = n_temperatures / shifts * n_starts; /* both begin anew after so many replicas */
    return ((size_t)replica + (size_t)replica / turn % shifts) % n_starts;
}

void ddmd_ladder_scale(float *velocities, size_t n, double from, double to)
{
    if (from == to)
        return;
    double factor = sqrt(to / from);
    for (size_t i = 0; i < n; i++)
        velocities[i] = (float)(factor * velocities[i]);
}
