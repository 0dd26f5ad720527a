#include "ddmd/random.h"

#include <math.h>

void ddmd_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void ddmd_random_init(ddmd_random *random, uint64_t seed, enum ddmd_random_domain domain,
                      uint32_t stream, uint64_t step)
{
    *random = (ddmd_random){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)step, stream,
                    (uint32_t)domain << 24 | ((uint32_t)(step >> 32) & 0xFFFFFFu)},
        .used = 4,
    };
}

uint32_t ddmd_random_u32(ddmd_random *random)
{
    if (random->used == 4) {
        ddmd_philox4x32(random->counter, random->key, random->block);
        random->counter[0]++;
        random->used = 0;
    }
    return random->block[random->used++];
}

double ddmd_random_uniform(ddmd_random *random)
{
    uint64_t high = ddmd_random_u32(random);
    uint64_t low = ddmd_random_u32(random);
    uint64_t bits = (high << 32 | low) >> 12; /* 52 bits; the half keeps 0 and 1 out */
    return ((double)bits + 0.5) * 0x1p-52;
}

double ddmd_random_normal(ddmd_random *random)
{
    double u = ddmd_random_uniform(random);
    double v = ddmd_random_uniform(random);
    return sqrt(-2.0 * log(u)) * cos(2.0 * M_PI * v);
}

uint32_t ddmd_random_below(ddmd_random *random, uint32_t n)
{
    /* Lemire's method: reject the few products that would favour small results. */
    uint32_t threshold = -n % n;
    for (;;) {
        uint64_t product = (uint64_t)ddmd_random_u32(random) * n;
        if ((uint32_t)product >= threshold)
            return (uint32_t)(product >> 32);
    }
}

void ddmd_random_shuffle(ddmd_random *random, uint32_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = ddmd_random_below(random, (uint32_t)i);
        uint32_t held = items[i - 1];
        items[i - 1] = items[j];
        items[j] = held;
    }
}
