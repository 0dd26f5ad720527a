/*
 * gradients FILE RESIDUES LATENT_DIM DENSE_WIDTH FILTERS:KERNEL:STRIDE ...
 *
 * One pass of the fast network over a few made-up maps, written down for another program to repeat:
 * lines of text that name sizes, losses and parameters, "end", then float32: parameters, maps,
 * dropout factors, noise, counts and the gradient.
 */
#include "model/cvae/members.h"
#include "model/cvae/network.h"

#include "ddmd/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 6 };

typedef struct pass {
    ddmd_cvae_architecture a;
    float *parameters, *maps, *keep, *noise, *gradient;
    size_t n_maps, n_keep, n_noise;
    ddmd_model_loss sum;
    enum ddmd_status status;
    ddmd_error err;
} pass;

static const float counts[SAMPLES] = {1, 5, 2, 1, 9, 3};

static float *normal(size_t n, uint32_t stream)
{
    float *values = malloc(n * sizeof *values);
    ddmd_random random;
    ddmd_random_init(&random, 3, DDMD_RANDOM_TEST, stream, 0);
    for (size_t i = 0; values && i < n; i++)
        values[i] = (float)ddmd_random_normal(&random);
    return values;
}

/* Mirrored about the diagonal, with as many contacts as not; weights as new ones, biases not 0. */
static void make_inputs(pass *p)
{
    size_t side = (size_t)p->a.side;
    p->n_maps = SAMPLES * side * side;
    p->n_keep = SAMPLES * p->a.encoder_dense.out;
    p->n_noise = SAMPLES * (size_t)p->a.latent_dim;
    p->maps = normal(p->n_maps, 1);
    p->keep = normal(p->n_keep, 2);
    p->noise = normal(p->n_noise, 3);
    p->gradient = calloc(p->a.n_values, sizeof *p->gradient);
    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t i = 0; i < side; i++)
            for (size_t j = 0; j <= i; j++) {
                float *map = p->maps + s * side * side;
                map[i * side + j] = map[j * side + i] = map[i * side + j] > 0 ? 1 : 0;
            }
    for (size_t i = 0; i < p->n_keep; i++)
        p->keep[i] = p->keep[i] > -0.5F ? 1.5F : 0;
    p->parameters = normal(p->a.n_values, 4);
    float *weights = calloc(p->a.n_values, sizeof *weights);
    ddmd_cvae_initialise(&p->a, 5, 1, weights);
    for (int i = 0; i < p->a.n_parameters; i++)
        for (size_t j = 0; j < p->a.parameters[i].count; j++) {
            size_t at = p->a.parameters[i].offset + j;
            p->parameters[at] =
                p->a.parameters[i].rank == 1 ? 0.1F * p->parameters[at] : weights[at];
        }
    free(weights);
}

static void run(void *user, int member)
{
    (void)member;
    pass *p = user;
    ddmd_cvae_network *network = NULL;
    float mean = 0;
    for (int s = 0; s < SAMPLES; s++)
        mean += counts[s] / SAMPLES;
    /* two samples of the published model in a chunk */
    const ddmd_cvae_room room = {DDMD_CVAE_GRADIENT, SAMPLES, (size_t)1 << 30, (size_t)1 << 19};
    p->status = ddmd_cvae_network_create(&p->a, false, &room, &network, &p->err);
    if (p->status == DDMD_OK)
        p->status = ddmd_cvae_network_prepare(network, DDMD_CVAE_GRADIENT, &p->err);
    if (p->status == DDMD_OK) {
        ddmd_cvae_inputs inputs = ddmd_cvae_network_inputs(network);
        memcpy(inputs.maps, p->maps, p->n_maps * sizeof(float));
        memcpy(inputs.keep, p->keep, p->n_keep * sizeof(float));
        memcpy(inputs.noise, p->noise, p->n_noise * sizeof(float));
        for (int s = 0; s < SAMPLES; s++)
            inputs.share[s] = counts[s] / mean;
        p->status = ddmd_cvae_network_gradient(network, p->parameters, SAMPLES, 1.0 / SAMPLES,
                                               false, p->gradient, &p->sum, &p->err);
    }
    ddmd_cvae_network_destroy(&network);
}

static bool write_pass(const pass *p, FILE *file)
{
    const ddmd_cvae_architecture *a = &p->a;
    fprintf(file, "sizes %d %d %zu %d\n", a->side, a->latent_dim, a->encoder_dense.out, SAMPLES);
    for (int i = 0; i < a->n_layers; i++)
        fprintf(file, "layer %d %d %d\n", a->conv[i].channels_out, a->conv[i].kernel,
                a->conv[i].stride);
    fprintf(file, "losses %.17g %.17g\n", p->sum.reconstruction / SAMPLES, p->sum.kl / SAMPLES);
    for (int i = 0; i < a->n_parameters; i++) {
        fprintf(file, "parameter %s", a->parameters[i].name);
        for (int d = 0; d < a->parameters[i].rank; d++)
            fprintf(file, " %zu", a->parameters[i].shape[d]);
        fprintf(file, "\n");
    }
    fprintf(file, "end\n");
    fwrite(p->parameters, sizeof(float), a->n_values, file);
    fwrite(p->maps, sizeof(float), p->n_maps, file);
    fwrite(p->keep, sizeof(float), p->n_keep, file);
    fwrite(p->noise, sizeof(float), p->n_noise, file);
    fwrite(counts, sizeof(float), SAMPLES, file);
    fwrite(p->gradient, sizeof(float), a->n_values, file);
    return !ferror(file);
}

int main(int argc, char **argv)
{
    static pass p;
    ddmd_model_base base = {.n_residues = argc > 5 ? atoi(argv[2]) : 0};
    ddmd_model_options *options = &base.options;
    if (base.n_residues < 1 || argc - 5 > DDMD_MODEL_MAX_LAYERS) {
        fputs("see the top of the source file\n", stderr);
        return 2;
    }
    ddmd_model_options_default(options);
    base.latent_dim = atoi(argv[3]);
    options->dense_width = atoi(argv[4]);
    options->n_layers = argc - 5;
    for (int i = 0; i < options->n_layers; i++)
        if (sscanf(argv[5 + i], "%d:%d:%d", &options->filters[i], &options->kernels[i],
                   &options->strides[i]) != 3)
            return 2;
    p.status = ddmd_cvae_architecture_init(&p.a, &base, &p.err);
    if (p.status == DDMD_OK) {
        make_inputs(&p);
        ddmd_members_run(1, run, &p);
    }
    FILE *file = p.status == DDMD_OK ? fopen(argv[1], "wb") : NULL;
    bool written = file && write_pass(&p, file);
    if (file && fclose(file) != 0)
        written = false;
    if (!written)
        fprintf(stderr, "%s: %s\n", argv[1], p.status == DDMD_OK ? "not written" : p.err.message);
    float *const arrays[] = {p.parameters, p.maps, p.keep, p.noise, p.gradient};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    return written ? 0 : 1;
}
