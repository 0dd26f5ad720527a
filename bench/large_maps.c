/*
 * How trainings of the CVAE go on maps that are made up, epoch by epoch, over several seeds:
 *
 *     bench-large-maps [--residues 309] [--filters 32] [--maps 256] [--epochs 10] [--seeds 3]
 *                      [--threads 1] [--rate 0.001] [--small]
 *
 * Layers are those of Brace et al. for large systems: a stride of 2 in all, a kernel of 5 in the
 * first; with --small those for small ones. Losses are nats a map: that of the maps trained on, of
 * its worst epoch and the last, and that of the fifth of the maps that is held out, after the last.
 */
#include "core/text.h"
#include "core/try.h"
#include "ddmd/model.h"
#include "unit/model/maps.h"

#include <getopt.h>
#include <stdio.h>

enum { RESIDUES, FILTERS, MAPS, EPOCHS, SEEDS, THREADS, N_NUMBERS, RATE = N_NUMBERS, SMALL };

typedef struct settings {
    long numbers[N_NUMBERS];
    double rate;
    bool small;
} settings;

static bool read_settings(int argc, char **argv, settings *s)
{
    static const struct option options[] = {
        {"residues", required_argument, NULL, RESIDUES},
        {"filters", required_argument, NULL, FILTERS},
        {"maps", required_argument, NULL, MAPS},
        {"epochs", required_argument, NULL, EPOCHS},
        {"seeds", required_argument, NULL, SEEDS},
        {"threads", required_argument, NULL, THREADS},
        {"rate", required_argument, NULL, RATE},
        {"small", no_argument, NULL, SMALL},
        {0},
    };
    *s = (settings){.numbers = {309, 32, 256, 10, 3, 1}, .rate = 0.001};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (c == SMALL)
            s->small = true;
        else if (c == RATE ? !ddmd_text_to_double(optarg, &s->rate)
                           : c < 0 || c > RATE || !ddmd_text_to_long(optarg, &s->numbers[c]))
            return false;
    return argc == optind && s->numbers[RESIDUES] >= 2 && s->numbers[MAPS] >= 2;
}

static double total(const ddmd_model_loss *loss)
{
    return loss->reconstruction + loss->kl;
}

static bool keep_worst(void *user, const ddmd_model_progress *p)
{
    double *worst = user, loss = total(&p->train);
    *worst = loss > *worst ? loss : *worst;
    return true;
}

static enum ddmd_status run(const settings *s, const uint8_t *maps, uint64_t seed, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_model *model = NULL;
    ddmd_model_options options;
    ddmd_model_progress last;
    double worst = 0;
    ddmd_model_options_default(&options);
    for (int i = 0; i < options.n_layers; i++) {
        options.filters[i] = (int)s->numbers[FILTERS];
        if (!s->small) {
            options.strides[i] = 2;
            options.kernels[i] = i == 0 ? 5 : 3;
        }
    }
    options.epochs = (int)s->numbers[EPOCHS];
    options.threads = (int)s->numbers[THREADS];
    options.learning_rate = s->rate;
    options.seed = seed;
    DDMD_TRY(ddmd_model_create("cvae", &options, (int)s->numbers[RESIDUES], 10, 1, &model, err));
    DDMD_TRY(ddmd_model_train(model, maps, NULL, (size_t)s->numbers[MAPS], keep_worst, &worst,
                              &last, err));
    printf("seed %2d: worst epoch %.3g, last epoch %.0f, held out %.0f\n", (int)seed, worst,
           total(&last.train), total(&last.validation));
    fflush(stdout);
out:
    ddmd_model_destroy(&model);
    return status;
}

int main(int argc, char **argv)
{
    settings s;
    ddmd_error err = {0};
    if (!read_settings(argc, argv, &s)) {
        fprintf(stderr, "usage: bench-large-maps [options]: see bench/large_maps.c\n");
        return 2;
    }
    enum ddmd_status status = DDMD_OK;
    uint8_t *maps = test_maps((size_t)s.numbers[RESIDUES], (size_t)s.numbers[MAPS], 0.02, 1);
    for (long seed = 1; seed <= s.numbers[SEEDS] && status == DDMD_OK; seed++)
        status = run(&s, maps, (uint64_t)seed, &err);
    free(maps);
    if (status != DDMD_OK)
        fprintf(stderr, "bench-large-maps: %s\n", err.message);
    return status == DDMD_OK ? 0 : 1;
}
