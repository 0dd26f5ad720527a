/* Contact maps made up for tests: two kinds of fold, with noise. */
#ifndef DDMD_TEST_MAPS_H
#define DDMD_TEST_MAPS_H

#include "ddmd/geometry.h"
#include "ddmd/random.h"

#include <stdlib.h>

/*
 * n_maps packed maps: helices (contacts up to i, i+4) where the index is even, hairpins (the
 * antidiagonal) where it is odd; each bit is flipped with probability `noise`. The caller frees.
 */
static inline uint8_t *test_maps(size_t n_residues, size_t n_maps, double noise, uint32_t stream)
{
    size_t bytes = ddmd_contact_map_bytes(n_residues);
    uint8_t *maps = calloc(n_maps ? n_maps : 1, bytes);
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, stream, 0);
    for (size_t m = 0; m < n_maps; m++) {
        size_t pair = 0;
        for (size_t i = 0; i < n_residues; i++)
            for (size_t j = i + 1; j < n_residues; j++, pair++) {
                size_t sum = i + j;
                int contact = m % 2 == 0
                                  ? j - i <= 4
                                  : j - i <= 2 || (sum + 2 > n_residues && sum <= n_residues);
                if (ddmd_random_uniform(&random) < noise)
                    contact = !contact;
                if (contact)
                    maps[m * bytes + pair / 8] |= (uint8_t)(1U << pair % 8);
            }
    }
    return maps;
}

#endif
