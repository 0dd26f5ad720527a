/*
 * Runs a fuzz target without libFuzzer: every seed as it is, then mutations of them that depend on
 * the iteration's number alone, so that a failure is found again by the same command.
 *
 *   fuzz-NAME ITERATIONS DICTIONARY CORPUS    $DDMD_FUZZ_ITERATIONS goes before ITERATIONS
 *   fuzz-NAME FILE                            one input, as it was left by a failure
 */
#include "core/array.h"
#include "core/file.h"
#include "core/text.h"
#include "ddmd/random.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In every build with a sanitizer: called before it ends the program. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

enum { INPUT_LIMIT = 1 << 16, FILE_LIMIT = 1 << 20, STACKED_LIMIT = 8, SECONDS_AN_INPUT = 20 };

typedef struct piece {
    char *bytes;
    size_t length;
} piece;

typedef struct pieces {
    piece *items;
    size_t n, capacity;
} pieces;

/* What is being run, for the handlers of its death. */
static const uint8_t *running;
static size_t running_length;
static char left_behind[64];

static void leave_input_behind(void)
{
    int fd = open(left_behind, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0)
        return;
    ssize_t put = write(fd, running, running_length);
    close(fd);
    static const char said[] = "the input that failed is in the file ";
    if (put < 0 || write(STDERR_FILENO, said, sizeof said - 1) < 0 ||
        write(STDERR_FILENO, left_behind, strlen(left_behind)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0)
        return;
}

static void die_of_signal(int signal_number)
{
    leave_input_behind();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Of this process, not of a busy machine. */
static void limit_time(long seconds)
{
    struct itimerval timer = {.it_value = {.tv_sec = seconds}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

static void run(const uint8_t *data, size_t length, long iteration)
{
    /* An array of exactly this size, so that the sanitizer sees a read beyond it. */
    uint8_t *exact = malloc(length ? length : 1);
    if (!exact) {
        fprintf(stderr, "out of memory\n");
        exit(EXIT_FAILURE);
    }
    memcpy(exact, data, length);
    running = exact;
    running_length = length;
    snprintf(left_behind, sizeof left_behind, "crash-%ld", iteration);
    limit_time(SECONDS_AN_INPUT);
    LLVMFuzzerTestOneInput(exact, length);
    limit_time(0);
    free(exact);
}

static void add_piece(pieces *pieces, const char *bytes, size_t length)
{
    ddmd_error err = {0};
    if (ddmd_array_reserve(&pieces->items, &pieces->capacity, pieces->n + 1, sizeof(piece), &err) ||
        ddmd_array_copy(&pieces->items[pieces->n].bytes, bytes, length, 1, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    pieces->items[pieces->n++].length = length;
}

static void clear_pieces(pieces *pieces)
{
    for (size_t i = 0; i < pieces->n; i++)
        free(pieces->items[i].bytes);
    free(pieces->items);
}

static void read_whole(const char *path, piece *file)
{
    ddmd_error err = {0};
    if (ddmd_file_read(path, FILE_LIMIT, &file->bytes, &file->length, &err) != DDMD_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void read_corpus(const char *folder, pieces *seeds)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, not_hidden, alphasort);
    if (n <= 0) {
        fprintf(stderr, "%s: no seeds\n", folder);
        exit(EXIT_FAILURE);
    }
    for (int i = 0; i < n; i++) {
        char *path = NULL;
        piece file = {0};
        if (ddmd_text_format(&path, NULL, "%s/%s", folder, entries[i]->d_name) != DDMD_OK)
            exit(EXIT_FAILURE);
        read_whole(path, &file);
        add_piece(seeds, file.bytes, file.length > INPUT_LIMIT ? INPUT_LIMIT : file.length);
        free(file.bytes);
        free(path);
        free(entries[i]);
    }
    free(entries);
}

/* The words between quotes, with \\, \" and \xAB. */
static void read_dictionary(const char *path, pieces *words)
{
    piece file = {0};
    read_whole(path, &file);
    char *rest = file.bytes;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *in = *line == '#' ? NULL : strchr(line, '"');
        if (!in)
            continue;
        char *word = ++in, *out = in;
        while (*in && *in != '"') {
            unsigned value;
            if (in[0] == '\\' && in[1] == 'x' && sscanf(in + 2, "%2x", &value) == 1) {
                *out++ = (char)value;
                in += 4;
            } else {
                in += in[0] == '\\' && in[1];
                *out++ = *in++;
            }
        }
        add_piece(words, word, (size_t)(out - word));
    }
    free(file.bytes);
}

typedef struct mutation {
    ddmd_random random;
    const pieces *seeds, *words;
    uint8_t bytes[INPUT_LIMIT];
    size_t length;
} mutation;

static size_t below(mutation *m, size_t n)
{
    return ddmd_random_below(&m->random, (uint32_t)n);
}

/* Put bytes in place of `removed` bytes at `at`; too long a result is cut. */
static void replace(mutation *m, size_t at, size_t removed, const char *bytes, size_t length)
{
    if (length > INPUT_LIMIT - at)
        length = INPUT_LIMIT - at;
    size_t tail = m->length - at - removed, kept = INPUT_LIMIT - at - length;
    if (tail > kept)
        tail = kept;
    memmove(m->bytes + at + length, m->bytes + at + removed, tail);
    memcpy(m->bytes + at, bytes, length);
    m->length = at + length + tail;
}

static void change_number(mutation *m)
{
    static const char *const numbers[] = {
        "0",          "-1",   "1",    "9999",  "99999",     "-999",          "2147483647",
        "2147483648", "nan",  "inf",  "1e308", "1e-320",    "4294967296",    "0.5",
        "-0",         "1e99", "****", "A0000", "9999.9999", "1000000000000", "",
    };
    size_t start = below(m, m->length), end;
    while (start < m->length && (m->bytes[start] < '0' || m->bytes[start] > '9'))
        start++;
    for (end = start; end < m->length && strchr("0123456789.-+", m->bytes[end]) && m->bytes[end];)
        end++;
    const char *number = numbers[below(m, sizeof numbers / sizeof *numbers)];
    replace(m, start, end - start, number, strlen(number));
}

static void cross_over(mutation *m)
{
    const piece *other = &m->seeds->items[below(m, m->seeds->n)];
    size_t from = below(m, other->length + 1), at = below(m, m->length + 1);
    replace(m, at, m->length - at, other->bytes + from, other->length - from);
}

static void repeat_range(mutation *m)
{
    char range[256];
    size_t from = below(m, m->length), length = below(m, sizeof range) + 1;
    if (length > m->length - from)
        length = m->length - from;
    memcpy(range, m->bytes + from, length);
    replace(m, below(m, m->length + 1), 0, range, length);
}

static void mutate_once(mutation *m)
{
    if (!m->length)
        m->bytes[m->length++] = ' ';
    size_t at = below(m, m->length), rest = m->length - at;
    const piece *word = m->words->n ? &m->words->items[below(m, m->words->n)] : NULL;
    switch (below(m, 10)) {
    case 0:
        m->bytes[at] ^= (uint8_t)(1u << below(m, 8));
        break;
    case 1:
        m->bytes[at] = (uint8_t)below(m, 256);
        break;
    case 2:
        m->length = at;
        break;
    case 3:
        replace(m, at, below(m, rest < 100 ? rest : 100) + 1, "", 0);
        break;
    case 4:
        repeat_range(m);
        break;
    case 5:
        cross_over(m);
        break;
    case 6:
        if (word)
            replace(m, at, 0, word->bytes, word->length);
        break;
    case 7: /* over what stands there: columns stay */
        if (word)
            replace(m, at, word->length < rest ? word->length : rest, word->bytes, word->length);
        break;
    default:
        change_number(m);
        break;
    }
}

static void fuzz(long iterations, const char *dictionary, const char *corpus)
{
    pieces seeds = {0}, words = {0};
    static mutation m;
    read_corpus(corpus, &seeds);
    read_dictionary(dictionary, &words);
    for (size_t i = 0; i < seeds.n; i++)
        run((const uint8_t *)seeds.items[i].bytes, seeds.items[i].length, -1 - (long)i);
    m.seeds = &seeds;
    m.words = &words;
    for (long i = 0; i < iterations; i++) {
        ddmd_random_init(&m.random, 1, DDMD_RANDOM_TEST, 0, (uint64_t)i);
        const piece *seed = &seeds.items[below(&m, seeds.n)];
        memcpy(m.bytes, seed->bytes, seed->length);
        m.length = seed->length;
        for (size_t n = below(&m, STACKED_LIMIT) + 1; n > 0; n--)
            mutate_once(&m);
        run(m.bytes, m.length, i);
    }
    printf("%zu seeds, %ld mutations\n", seeds.n, iterations);
    m.seeds = m.words = NULL;
    clear_pieces(&seeds);
    clear_pieces(&words);
}

int main(int argc, char **argv)
{
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(leave_input_behind);
    static const int deadly[] = {SIGABRT, SIGPROF, SIGBUS, SIGFPE, SIGSEGV};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        if (!__sanitizer_set_death_callback || deadly[i] == SIGPROF || deadly[i] == SIGABRT)
            signal(deadly[i], die_of_signal);

    if (argc == 2) {
        piece file = {0};
        read_whole(argv[1], &file);
        run((const uint8_t *)file.bytes, file.length, 0);
        free(file.bytes);
        return EXIT_SUCCESS;
    }
    const char *asked = getenv("DDMD_FUZZ_ITERATIONS");
    long iterations;
    if (argc != 4 || !ddmd_text_to_long(asked ? asked : argv[1], &iterations)) {
        fprintf(stderr, "usage: %s ITERATIONS DICTIONARY CORPUS | FILE\n", argv[0]);
        return 2;
    }
    fuzz(iterations, argv[2], argv[3]);
    return EXIT_SUCCESS;
}
