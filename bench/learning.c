/*
 * What learning from the frames of a campaign costs and gives:
 *
 *     bench-learning FRAMES.h5 [--frames N] [--test N] [--latent-dim D] [--filters F]
 *                    [--dense-width W] [--epochs E] [--patience P] [--batch-size B] [--seed S]
 *                    [--threads T] [--every-frame] [--bf16] [--round N [--margin-percent M]]
 *
 * The last --test frames of the file (default 500) are put aside; a model is trained on the
 * --frames frames before them (default 2000), then embeds these and reconstructs those put aside.
 * --every-frame takes a map as often as it occurs, in place of once with its count; --bf16 computes
 * in that precision.
 *
 * With --round, the file is gone through as a campaign does, N frames a round: the model is tried
 * on the new frames, trained on the newest --frames frames, and tried again. With --margin-percent
 * it is trained only where the first trial was worse than the last training's held-out maps by more
 * than that (model.train_when: needed).
 *
 * One JSON object on standard output; times are processor time of all threads, which other load
 * disturbs little.
 */
#include "campaign/map_window.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "ddmd/model.h"
#include "ddmd/store.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAMES,
    TEST,
    LATENT_DIM,
    FILTERS,
    DENSE_WIDTH,
    EPOCHS,
    PATIENCE,
    BATCH_SIZE,
    SEED,
    THREADS,
    ROUND,
    MARGIN_PERCENT,
    N_NUMBERS,
    EVERY_FRAME = N_NUMBERS,
    BF16
};

typedef struct settings {
    const char *file;
    bool every_frame, bf16;
    long numbers[N_NUMBERS];
} settings;

static bool read_settings(int argc, char **argv, settings *s)
{
    static const struct option options[] = {
        {"frames", required_argument, NULL, FRAMES},
        {"test", required_argument, NULL, TEST},
        {"latent-dim", required_argument, NULL, LATENT_DIM},
        {"filters", required_argument, NULL, FILTERS},
        {"dense-width", required_argument, NULL, DENSE_WIDTH},
        {"epochs", required_argument, NULL, EPOCHS},
        {"patience", required_argument, NULL, PATIENCE},
        {"batch-size", required_argument, NULL, BATCH_SIZE},
        {"seed", required_argument, NULL, SEED},
        {"threads", required_argument, NULL, THREADS},
        {"round", required_argument, NULL, ROUND},
        {"margin-percent", required_argument, NULL, MARGIN_PERCENT},
        {"every-frame", no_argument, NULL, EVERY_FRAME},
        {"bf16", no_argument, NULL, BF16},
        {0},
    };
    *s = (settings){.numbers = {2000, 500, 3, 16, 64, 20, 0, 64, 1, 1, 0, -1}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (c == EVERY_FRAME)
            s->every_frame = true;
        else if (c == BF16)
            s->bf16 = true;
        else if (c < 0 || c > N_NUMBERS || !ddmd_text_to_long(optarg, &s->numbers[c]))
            return false;
    s->file = argv[optind];
    return argc - optind == 1 && s->numbers[FRAMES] >= 2 && s->numbers[TEST] >= 1;
}

/* The distinct maps of n frames from row `first`. */
static enum ddmd_status read_set(ddmd_frame_file *file, uint64_t first, size_t n, uint8_t *maps,
                                 ddmd_map_set *set, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_map_window *window = NULL;
    const size_t bytes = ddmd_contact_map_bytes(ddmd_frame_file_points(file));
    const ddmd_frame_columns columns = {.contact_maps = maps};
    DDMD_TRY(ddmd_map_window_create(n, bytes, &window, err));
    DDMD_TRY(ddmd_frame_file_read_columns(file, first, n, &columns, err));
    for (size_t i = 0; i < n; i++)
        DDMD_TRY(ddmd_map_window_add(window, maps + i * bytes, err));
    DDMD_TRY(ddmd_map_window_take(window, n, set, err));
out:
    ddmd_map_window_destroy(&window);
    return status;
}

static ddmd_model_options model_options(const settings *s)
{
    ddmd_model_options options;
    ddmd_model_options_default(&options);
    for (int i = 0; i < options.n_layers; i++)
        options.filters[i] = (int)s->numbers[FILTERS];
    options.dense_width = (int)s->numbers[DENSE_WIDTH];
    options.epochs = (int)s->numbers[EPOCHS];
    options.patience = (int)s->numbers[PATIENCE];
    options.batch_size = (int)s->numbers[BATCH_SIZE];
    options.seed = (uint64_t)s->numbers[SEED];
    options.threads = (int)s->numbers[THREADS];
    options.precision = s->bf16 ? DDMD_PRECISION_bf16 : DDMD_PRECISION_f32;
    return options;
}

static void print(const settings *s, const ddmd_map_set *set, const ddmd_model_progress *last,
                  double training_s, double embedding_s, const ddmd_model_loss *test)
{
    printf("{\"frames\": %zu, \"maps\": %zu, \"every_frame\": %s, \"latent_dim\": %ld, "
           "\"filters\": %ld, \"epochs\": %d, \"best_epoch\": %d, \"train_cpu_s\": %.3f, "
           "\"embed_cpu_s\": %.4f, \"train_reconstruction\": %.3f, "
           "\"held_out_reconstruction\": %.3f, \"held_out_kl\": %.3f, "
           "\"test_reconstruction\": %.3f, \"test_kl\": %.3f}\n",
           set->n_frames, set->n_maps, s->every_frame ? "true" : "false", s->numbers[LATENT_DIM],
           s->numbers[FILTERS], last->epoch, last->best_epoch, training_s, embedding_s,
           last->train.reconstruction, last->validation.reconstruction, last->validation.kl,
           test->reconstruction, test->kl);
}

static enum ddmd_status run(const settings *s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_frame_file *file = NULL;
    ddmd_model *model = NULL;
    ddmd_map_set set = {0}, test = {0};
    uint8_t *maps = NULL;
    float *latent = NULL;
    ddmd_model_progress last = {0};
    ddmd_model_loss loss = {0};
    const ddmd_model_options options = model_options(s);
    size_t n = (size_t)s->numbers[FRAMES], n_test = (size_t)s->numbers[TEST];
    DDMD_TRY(ddmd_frame_file_open(s->file, &file, err));
    uint64_t there = ddmd_frame_file_frames(file);
    if (there < n + n_test)
        DDMD_FAIL(err, DDMD_INVALID, "%s: %llu frames are not enough for %zu + %zu", s->file,
                  (unsigned long long)there, n, n_test);
    size_t n_points = ddmd_frame_file_points(file), most = n > n_test ? n : n_test;
    DDMD_TRY(ddmd_array_alloc(&maps, most, ddmd_contact_map_bytes(n_points), err));
    DDMD_TRY(read_set(file, there - n_test, n_test, maps, &test, err));
    DDMD_TRY(read_set(file, there - n_test - n, n, maps, &set, err)); /* maps: the frames' own */
    DDMD_TRY(ddmd_model_create("cvae", &options, (int)n_points, (int)s->numbers[LATENT_DIM], 1,
                               &model, err));
    DDMD_TRY(ddmd_array_alloc(&latent, n * (size_t)s->numbers[LATENT_DIM], sizeof *latent, err));

    const uint8_t *taken = s->every_frame ? maps : set.maps;
    size_t n_taken = s->every_frame ? n : set.n_maps;
    double begin = ddmd_clock_cpu();
    DDMD_TRY(ddmd_model_train(model, taken, s->every_frame ? NULL : set.counts, n_taken, NULL, NULL,
                              &last, err));
    double trained = ddmd_clock_cpu();
    DDMD_TRY(ddmd_model_embed(model, taken, n_taken, latent, err));
    double embedded = ddmd_clock_cpu();
    DDMD_TRY(ddmd_model_evaluate(model, test.maps, test.counts, test.n_maps, &loss, err));
    print(s, &set, &last, trained - begin, embedded - trained, &loss);
out:
    ddmd_model_destroy(&model);
    ddmd_frame_file_close(&file);
    ddmd_map_set_clear(&set);
    ddmd_map_set_clear(&test);
    free(maps);
    free(latent);
    return status;
}

/* ---- round by round ------------------------------------------------------------------------- */

typedef struct replay {
    const settings *settings;
    ddmd_frame_file *file;
    ddmd_model *model; /* NULL before the first training */
    uint8_t *maps;     /* scratch, of as many frames as a window or a round has */
    double reference;  /* held-out reconstruction loss of the last training */
    int rounds, trainings, epochs, tried;
    double trying_s, training_s;
    double before, after; /* sums over rounds, of the loss on new frames */
} replay;

static enum ddmd_status train_on(replay *r, const ddmd_map_set *set, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const settings *s = r->settings;
    const ddmd_model_options options = model_options(s);
    ddmd_model_progress last = {0};
    if (!r->model)
        DDMD_TRY(ddmd_model_create("cvae", &options, (int)ddmd_frame_file_points(r->file),
                                   (int)s->numbers[LATENT_DIM], 1, &r->model, err));
    double begin = ddmd_clock_cpu();
    if (s->every_frame)
        DDMD_TRY(ddmd_model_train(r->model, r->maps, NULL, set->n_frames, NULL, NULL, &last, err));
    else
        DDMD_TRY(ddmd_model_train(r->model, set->maps, set->counts, set->n_maps, NULL, NULL, &last,
                                  err));
    r->training_s += ddmd_clock_cpu() - begin;
    r->reference = last.validation.reconstruction;
    r->trainings++;
    r->epochs += last.epoch;
out:
    return status;
}

static enum ddmd_status one_round(replay *r, uint64_t end, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const settings *s = r->settings;
    const double margin = (double)s->numbers[MARGIN_PERCENT] / 100;
    const size_t n_new = (size_t)s->numbers[ROUND];
    const size_t most = (size_t)s->numbers[FRAMES], n = end < most ? (size_t)end : most;
    ddmd_map_set new = {0}, set = {0};
    ddmd_model_loss before = {0}, after = {0};
    DDMD_TRY(read_set(r->file, end - n_new, n_new, r->maps, &new, err));
    if (r->model) {
        double begin = ddmd_clock_cpu();
        DDMD_TRY(ddmd_model_evaluate(r->model, new.maps, new.counts, new.n_maps, &before, err));
        r->trying_s += ddmd_clock_cpu() - begin;
        r->before += before.reconstruction;
        r->tried++;
    }
    if (!r->model || margin < 0 || before.reconstruction > (1 + margin) * r->reference) {
        DDMD_TRY(read_set(r->file, end - n, n, r->maps, &set, err));
        DDMD_TRY(train_on(r, &set, err));
    }
    DDMD_TRY(ddmd_model_evaluate(r->model, new.maps, new.counts, new.n_maps, &after, err));
    r->after += after.reconstruction;
    r->rounds++;
out:
    ddmd_map_set_clear(&new);
    ddmd_map_set_clear(&set);
    return status;
}

static enum ddmd_status run_rounds(const settings *s, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    replay r = {.settings = s};
    const long most =
        s->numbers[FRAMES] > s->numbers[ROUND] ? s->numbers[FRAMES] : s->numbers[ROUND];
    DDMD_TRY(ddmd_frame_file_open(s->file, &r.file, err));
    DDMD_TRY(ddmd_array_alloc(&r.maps, (size_t)most,
                              ddmd_contact_map_bytes(ddmd_frame_file_points(r.file)), err));
    const uint64_t step = (uint64_t)s->numbers[ROUND], there = ddmd_frame_file_frames(r.file);
    for (uint64_t end = step; end <= there; end += step)
        DDMD_TRY(one_round(&r, end, err));
    printf("{\"rounds\": %d, \"trainings\": %d, \"epochs\": %d, \"train_cpu_s\": %.3f, "
           "\"try_cpu_s\": %.3f, \"loss_before\": %.3f, \"loss_after\": %.3f}\n",
           r.rounds, r.trainings, r.epochs, r.training_s, r.trying_s, r.before / r.tried,
           r.after / r.rounds);
out:
    ddmd_model_destroy(&r.model);
    ddmd_frame_file_close(&r.file);
    free(r.maps);
    return status;
}

int main(int argc, char **argv)
{
    settings s;
    ddmd_error err = {0};
    if (!read_settings(argc, argv, &s)) {
        fprintf(stderr, "usage: bench-learning FRAMES.h5 [options]: see bench/learning.c\n");
        return 2;
    }
    if ((s.numbers[ROUND] > 0 ? run_rounds(&s, &err) : run(&s, &err)) == DDMD_OK)
        return 0;
    fprintf(stderr, "bench-learning: %s\n", err.message);
    return 1;
}
