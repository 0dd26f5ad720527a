/* A step: forces, and the middle scheme of Langevin dynamics, or leapfrog Verlet. */
#include "engine/ensemble/kernel.h"
#include "engine/ensemble/kernels.h"
#include "engine/ensemble/lanes_math.h"

#include "ddmd/random.h"

enum { RECENTRE_STEPS = 1000 };

static const float RECENTRE_NM = 1.0f; /* a centroid farther from the origin is moved there */

LANES_INLINE vu multiply(vu a, uint32_t by, vu *high)
{
#if defined(DDMD_LANES_AVX512)
    __m512i factor = _mm512_set1_epi32((int)by);
    __m512i even = _mm512_mul_epu32((__m512i)a, factor);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), factor);
    *high = (vu)_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
#elif defined(DDMD_LANES_AVX2)
    __m256i factor = _mm256_set1_epi32((int)by);
    __m256i even = _mm256_mul_epu32((__m256i)a, factor);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), factor);
    *high = (vu)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
#elif defined(DDMD_LANES_NEON)
    uint32x4_t words = (uint32x4_t)a;
    uint64x2_t low = vmull_n_u32(vget_low_u32(words), by);
    uint64x2_t rest = vmull_high_n_u32(words, by);
    *high = (vu)vuzp2q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(rest));
#else
    for (int l = 0; l < LANES; l++)
        (*high)[l] = (uint32_t)((uint64_t)a[l] * by >> 32);
#endif
    return a * by;
}

/* The block function of ddmd_philox4x32(), each lane with a counter of its own. */
LANES_INLINE void philox(vu c[4], const uint32_t key[2])
{
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        vu high0, high1;
        vu low0 = multiply(c[0], 0xD2511F53u, &high0);
        vu low1 = multiply(c[2], 0xCD9E8D57u, &high1);
        c[0] = high1 ^ c[1] ^ k0;
        c[2] = high0 ^ c[3] ^ k1;
        c[1] = low1;
        c[3] = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

/* Box and Muller, both branches. */
LANES_INLINE void box_muller(vu first, vu second, vf normals[2])
{
    vf uniform = (__builtin_convertvector(first, vf) + 0.5f) * 0x1p-32f;
    vf radius = vf_sqrt(vf_max(-2.0f * vf_log(uniform), vf_set(0.0f)));
    vf sine, cosine;
    vf_sincos_turns(second, &sine, &cosine);
    normals[0] = radius * cosine;
    normals[1] = radius * sine;
}

void kernel_normals(const ensemble_model *model, const ensemble_group *g, uint32_t block,
                    vf normals[4])
{
    vu c[4];
    for (int l = 0; l < LANES; l++) {
        c[0][l] = block;
        c[1][l] = (uint32_t)g->step[l];
        c[2][l] = g->simulation_id[l];
        c[3][l] = (uint32_t)DDMD_RANDOM_LANGEVIN << 24 | ((uint32_t)(g->step[l] >> 32) & 0xFFFFFFu);
    }
    philox(c, model->key);
    box_muller(c[0], c[1], normals);
    box_muller(c[2], c[3], normals + 2);
}

static void kick(const ensemble_model *m, ensemble_group *g)
{
    for (int32_t i = 0; i < m->n_atoms; i++) {
        vf f[3];
        kernel_get(g->f, i, f);
        kernel_add(g->v, i, vf_set(m->atoms[i].kick), f);
    }
}

/* Half a drift, the thermostat, half a drift. */
static void drift(const ensemble_model *m, ensemble_group *g)
{
    vf width = vf_set(0.0f);
    for (int l = 0; l < LANES; l++)
        width[l] = g->sqrt_kt[l];
    for (int32_t first = 0; first < m->n_padded; first += 4) {
        vf normals[12];
        if (m->thermostat)
            for (uint32_t b = 0; b < 3; b++)
                kernel_normals(m, g, 3 * (uint32_t)first / 4 + b, normals + 4 * (size_t)b);
        for (int32_t i = first; i < first + 4 && i < m->n_atoms; i++) {
            const ensemble_atom *atom = &m->atoms[i];
            vf x[3], v[3], half = vf_set(atom->drift), noise = atom->noise * width;
            kernel_get(g->x, i, x);
            kernel_get(g->v, i, v);
            for (int k = 0; k < 3; k++) {
                x[k] = vf_fma(half, v[k], x[k]);
                if (m->thermostat)
                    v[k] = vf_fma(noise, normals[3 * (i - first) + k], m->damping * v[k]);
                x[k] = vf_fma(half, v[k], x[k]);
            }
            kernel_put(g->x_next, i, x);
            kernel_put(g->v, i, v);
        }
    }
}

/* Depends on a lane's own step and state alone, so that a run cut in two goes the same way. */
static void recentre(const ensemble_model *m, ensemble_group *g)
{
    vf due = vf_set(0.0f);
    bool any = false;
    for (int l = 0; l < LANES; l++)
        if (g->step[l] % RECENTRE_STEPS == 0) {
            due[l] = 1;
            any = true;
        }
    if (!any)
        return;
    vf centroid[3] = {{0}}, x[3];
    for (int32_t i = 0; i < m->n_atoms; i++) {
        kernel_get(g->x, i, x);
        for (int k = 0; k < 3; k++)
            centroid[k] += x[k];
    }
    for (int k = 0; k < 3; k++)
        centroid[k] *= 1.0f / (float)m->n_atoms;
    vmask far = vf_less(vf_set(RECENTRE_NM * RECENTRE_NM), kernel_dot(centroid, centroid) * due);
    for (int k = 0; k < 3; k++)
        centroid[k] = vf_select(far, centroid[k], vf_set(0.0f));
    for (int32_t i = 0; i < m->n_atoms; i++)
        kernel_add(g->x, i, vf_set(-1.0f), centroid);
}

void kernel_integrate(const ensemble_model *m, ensemble_group *g)
{
    kick(m, g);
    kernel_project(m, g, g->v);
    drift(m, g);
    kernel_shake(m, g);
    float *x = g->x;
    g->x = g->x_next;
    g->x_next = x;
    for (int l = 0; l < LANES; l++)
        g->step[l]++;
    recentre(m, g);
}

static void clear_forces(const ensemble_model *m, ensemble_group *g)
{
    const vf none[3] = {{0}};
    for (int32_t i = 0; i < m->n_padded; i++)
        kernel_put(g->f, i, none);
}

void kernel_forces(const ensemble_model *m, ensemble_group *g, double *energy)
{
    clear_forces(m, g);
    if (m->has_gbsa) {
        kernel_born(m, g, energy);
        kernel_solvation(m, g, energy);
    }
    if (m->has_columns)
        kernel_columns(m, g, m->has_gbsa, energy);
    kernel_bonded(m, g, energy);
}

/* f, when it is of generalized Born alone, and what is to follow of it from psi. */
static void weigh(const ensemble_model *m, ensemble_group *g, vf weight)
{
    const vf zero = vf_set(0.0f);
    vmask none = vf_less(vf_max(weight, -weight), vf_set(0.5f));
    for (int32_t i = 0; i < m->n_atoms; i++) {
        float *psi = kernel_scalar(g->psi, i);
        vf f[3];
        kernel_get(g->f, i, f);
        for (int k = 0; k < 3; k++)
            f[k] = vf_select(none, zero, weight * f[k]);
        kernel_put(g->f, i, f);
        vf_store(psi, vf_select(none, zero, weight * vf_load(psi)));
    }
}

/*
 * f with generalized Born forces times a whole number, each lane its own. A lane whose number is 0
 * has the bits that it would have had if those forces had not been computed for the others' sake.
 */
static void weighted_forces(const ensemble_model *m, ensemble_group *g, vf weight)
{
    bool gbsa = vmask_any(vf_less(vf_set(0.5f), vf_max(weight, -weight)));
    clear_forces(m, g);
    if (gbsa) {
        kernel_born(m, g, NULL);
        kernel_solvation(m, g, NULL);
        weigh(m, g, weight);
    }
    kernel_columns(m, g, gbsa, NULL);
    kernel_bonded(m, g, NULL);
}

/* For the velocities: at every gb_interval-th step what generalized Born gives in so many. */
static void impulse_forces(const ensemble_model *m, ensemble_group *g)
{
    vf weight = vf_set(0.0f);
    if (m->gb_interval == 1) {
        kernel_forces(m, g, NULL);
        return;
    }
    for (int l = 0; l < LANES; l++)
        if (g->step[l] % (uint64_t)m->gb_interval == 0)
            weight[l] = (float)m->gb_interval;
    weighted_forces(m, g, weight);
}

/* Forces whose half kick brings velocities to the time of x. */
static void lacking_forces(const ensemble_model *m, ensemble_group *g)
{
    vf weight;
    for (int l = 0; l < LANES; l++)
        weight[l] = (float)ensemble_model_gb_lacking(m, g->step[l]);
    weighted_forces(m, g, weight);
}

/* Subnormal numbers, which arise far from anything that matters, cost a hundred cycles each. */
static uint64_t flush_subnormals(void)
{
#if defined(__SSE__)
    unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040u);
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | UINT64_C(1) << 24));
    return before;
#else
    return 0;
#endif
}

static void restore_subnormals(uint64_t before)
{
#if defined(__SSE__)
    __builtin_ia32_ldmxcsr((unsigned)before);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

static void advance(const ensemble_model *m, ensemble_group *g, int64_t n_steps)
{
    uint64_t before = flush_subnormals();
    for (int64_t s = 0; s < n_steps; s++) {
        if (!g->f_is_of_x) /* as after evaluate(), whose forces are these to the bit */
            impulse_forces(m, g);
        kernel_integrate(m, g);
        g->f_is_of_x = false;
    }
    restore_subnormals(before);
}

/* Of velocities that respect the constraints, under NVE at the time of x. */
static void kinetic_energy(const ensemble_model *m, ensemble_group *g, double *kinetic)
{
    float *velocities = g->x_next;
    for (int32_t i = 0; i < m->n_atoms; i++) {
        vf v[3], f[3];
        kernel_get(g->v, i, v);
        kernel_get(g->f, i, f);
        for (int k = 0; k < 3 && !m->thermostat; k++)
            v[k] = vf_fma(vf_set(0.5f * m->atoms[i].kick), f[k], v[k]);
        kernel_put(velocities, i, v);
    }
    kernel_project(m, g, velocities);
    for (int l = 0; l < LANES; l++)
        kinetic[l] = 0;
    for (int32_t i = 0; i < m->n_atoms; i++) {
        vf v[3];
        kernel_get(velocities, i, v);
        kernel_tally(kinetic, 0.5f * m->atoms[i].mass * kernel_dot(v, v));
    }
}

static void evaluate(const ensemble_model *m, ensemble_group *g, double *potential, double *kinetic)
{
    uint64_t before = flush_subnormals();
    for (int l = 0; l < LANES; l++)
        potential[l] = 0;
    kernel_forces(m, g, potential);
    g->f_is_of_x = m->gb_interval == 1;
    if (m->gb_interval > 1 && !m->thermostat)
        lacking_forces(m, g);
    kinetic_energy(m, g, kinetic);
    restore_subnormals(before);
}

extern const ensemble_kernels LANES_NAME(ensemble_kernels);
const ensemble_kernels LANES_NAME(ensemble_kernels) = {
#if defined(DDMD_LANES_AVX512)
    .name = "avx512",
#elif defined(DDMD_LANES_AVX2)
    .name = "avx2",
#elif defined(DDMD_LANES_NEON)
    .name = "neon",
#else
    .name = "plain",
#endif
    .lanes = LANES,
    .advance = advance,
    .evaluate = evaluate,
};
