#include "cli.h"

#include "campaign/frame_files.h"
#include "campaign/run_directory.h"
#include "core/array.h"
#include "core/text.h"
#include "core/try.h"
#include "ddmd/campaign.h"
#include "ddmd/geometry.h"
#include "ddmd/trajectory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "ddmd export RUN_DIR -o FILE.dcd|FILE.pdb [options]\n"
    "\n"
    "Write frames for other programs, ordered by simulation, then by time. A DCD file opens with\n"
    "RUN_DIR/topology.pdb beside it. Works while the campaign runs.\n"
    "\n"
    "  -o, --output FILE     replaced where it exists\n"
    "  --format dcd|pdb      where the name of the file does not tell\n"
    "  --simulation ID       only this simulation\n"
    "  --frame best|SIM:N    only one frame: the one of lowest RMSD, or frame N of simulation SIM\n"
    "  --stride N            every N-th frame of each simulation\n"
    "  --align               superpose the C-alpha atoms (all atoms where there are none) on the\n"
    "                        first frame\n";

typedef struct request {
    const char *run_dir, *output, *format, *frame;
    long simulation, stride; /* simulation -1: all */
    bool align;
} request;

typedef struct chosen {
    uint32_t simulation, index;
    ddmd_frame_file *file; /* a loan */
    uint64_t row;
} chosen;

static int by_identity(const void *a, const void *b)
{
    const chosen *x = a, *y = b;
    if (x->simulation != y->simulation)
        return x->simulation < y->simulation ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* "best" or "SIM:N" as numbers. */
static enum ddmd_status parse_frame(const request *r, int64_t *simulation, int64_t *index,
                                    ddmd_error *err)
{
    if (strcmp(r->frame, "best") == 0) {
        ddmd_campaign_status s;
        enum ddmd_status status = ddmd_campaign_status_read(r->run_dir, &s, err);
        if (status != DDMD_OK)
            return status;
        if (s.best_simulation < 0)
            return ddmd_error_set(err, DDMD_CONFIG,
                                  "--frame best: no RMSD is known (system.reference was not given, "
                                  "or there is no frame yet)");
        *simulation = s.best_simulation;
        *index = s.best_frame;
        return DDMD_OK;
    }
    int used = 0;
    unsigned sim, frame;
    if (sscanf(r->frame, "%9u:%9u%n", &sim, &frame, &used) != 2 || r->frame[used] != '\0')
        return ddmd_error_set(err, DDMD_CONFIG, "--frame %s: best, or SIMULATION:FRAME like 12:40",
                              r->frame);
    *simulation = sim;
    *index = frame;
    return DDMD_OK;
}

/* A list that grows, and what it takes up. */
typedef struct choice {
    int64_t simulation, index; /* the only one; -1: all */
    chosen *list;
    size_t n, capacity;
} choice;

static enum ddmd_status choose_from(const request *r, ddmd_frame_file *file, choice *c,
                                    ddmd_error *err)
{
    enum { CHUNK = 65536 };
    enum ddmd_status status = DDMD_OK;
    uint32_t *simulation = NULL, *index = NULL;
    uint64_t total = ddmd_frame_file_frames(file);
    DDMD_TRY(ddmd_array_alloc(&simulation, CHUNK, sizeof *simulation, err));
    DDMD_TRY(ddmd_array_alloc(&index, CHUNK, sizeof *index, err));
    for (uint64_t first = 0; first < total; first += CHUNK) {
        size_t length = total - first < CHUNK ? (size_t)(total - first) : CHUNK;
        const ddmd_frame_columns columns = {.simulation = simulation, .index = index};
        DDMD_TRY(ddmd_frame_file_read_columns(file, first, length, &columns, err));
        DDMD_TRY(ddmd_array_reserve(&c->list, &c->capacity, c->n + length, sizeof *c->list, err));
        for (size_t i = 0; i < length; i++) {
            if ((c->simulation >= 0 && simulation[i] != (uint64_t)c->simulation) ||
                (c->index >= 0 && index[i] != (uint64_t)c->index) ||
                (c->index < 0 && index[i] % (uint64_t)r->stride != 0))
                continue;
            c->list[c->n++] = (chosen){simulation[i], index[i], file, first + i};
        }
    }
out:
    free(simulation);
    free(index);
    return status;
}

static enum ddmd_status choose(const request *r, const ddmd_frame_files *files, chosen **rows,
                               size_t *n, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    choice c = {.simulation = r->simulation, .index = -1};
    uint64_t total = 0;
    if (r->frame)
        DDMD_TRY(parse_frame(r, &c.simulation, &c.index, err));
    for (size_t f = 0; f < files->n; f++) {
        total += ddmd_frame_file_frames(files->files[f]);
        DDMD_TRY(choose_from(r, files->files[f], &c, err));
    }
    if (c.n == 0)
        DDMD_FAIL(err, DDMD_CONFIG, "%s: no such frame (the campaign has %llu frames)", r->run_dir,
                  (unsigned long long)total);
    qsort(c.list, c.n, sizeof *c.list, by_identity);
    *rows = c.list;
    *n = c.n;
    c.list = NULL;
out:
    free(c.list);
    return status;
}

/* What superposes frames on the first one. */
typedef struct aligner {
    int32_t *atoms;
    size_t n;
    double *target, *mobile; /* [n][3] */
    bool has_target;
} aligner;

static enum ddmd_status make_aligner(const ddmd_structure *structure, aligner *a, ddmd_error *err)
{
    enum ddmd_status status = ddmd_structure_select(structure, "name CA", &a->atoms, &a->n, NULL);
    if (status == DDMD_OK && a->n < 3) {
        free(a->atoms);
        a->atoms = NULL;
        status = DDMD_CONFIG;
    }
    if (status != DDMD_OK)
        DDMD_TRY(ddmd_structure_select(structure, "all", &a->atoms, &a->n, err));
    DDMD_TRY(ddmd_array_alloc(&a->target, a->n * 3, sizeof *a->target, err));
    DDMD_TRY(ddmd_array_alloc(&a->mobile, a->n * 3, sizeof *a->mobile, err));
out:
    return status;
}

static void clear_aligner(aligner *a)
{
    free(a->atoms);
    free(a->target);
    free(a->mobile);
}

static void align(aligner *a, float *positions, size_t n_atoms)
{
    if (!a->has_target) {
        ddmd_gather_f32(positions, a->atoms, a->n, a->target);
        a->has_target = true;
        return;
    }
    double rotation[3][3], translation[3];
    ddmd_gather_f32(positions, a->atoms, a->n, a->mobile);
    ddmd_superpose(a->mobile, a->target, a->n, rotation, translation);
    for (size_t i = 0; i < n_atoms; i++) {
        float *x = positions + 3 * i;
        double moved[3];
        for (int k = 0; k < 3; k++)
            moved[k] = rotation[k][0] * (double)x[0] + rotation[k][1] * (double)x[1] +
                       rotation[k][2] * (double)x[2] + translation[k];
        for (int k = 0; k < 3; k++)
            x[k] = (float)moved[k];
    }
}

static enum ddmd_status write_dcd(const request *r, size_t n_atoms, const chosen *rows, size_t n,
                                  aligner *a, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_dcd_writer *writer = NULL;
    float *positions = NULL;
    double time[2] = {0, 1};
    DDMD_TRY(ddmd_array_alloc(&positions, n_atoms * 3, sizeof *positions, err));
    for (size_t i = 0; i < n && i < 2; i++) {
        ddmd_frame frame = {0};
        DDMD_TRY(ddmd_frame_file_read(rows[i].file, rows[i].row, &frame, err));
        time[i] = frame.time_ps;
    }
    double interval = time[1] - time[0];
    const ddmd_dcd_options options = {
        .n_atoms = n_atoms,
        .interval_ps = interval > 0 ? interval : 1,
        .first_frame = 1,
        .title = "written by ddmd export",
    };
    DDMD_TRY(ddmd_dcd_writer_create(r->output, &options, &writer, err));
    for (size_t i = 0; i < n; i++) {
        ddmd_frame frame = {.positions = positions};
        DDMD_TRY(ddmd_frame_file_read(rows[i].file, rows[i].row, &frame, err));
        if (r->align)
            align(a, positions, n_atoms);
        DDMD_TRY(ddmd_dcd_writer_append(writer, positions, err));
    }
    DDMD_TRY(ddmd_dcd_writer_close(&writer, err));
out:
    ddmd_dcd_writer_destroy(&writer);
    free(positions);
    return status;
}

static enum ddmd_status write_pdb(const request *r, const ddmd_structure *structure,
                                  const chosen *rows, size_t n, aligner *a, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    float *positions = NULL;
    double *models = NULL;
    size_t size = (size_t)structure->n_atoms * 3;
    DDMD_TRY(ddmd_array_alloc(&positions, size, sizeof *positions, err));
    DDMD_TRY(ddmd_array_alloc(&models, n, size * sizeof *models, err));
    for (size_t i = 0; i < n; i++) {
        ddmd_frame frame = {.positions = positions};
        DDMD_TRY(ddmd_frame_file_read(rows[i].file, rows[i].row, &frame, err));
        if (r->align)
            align(a, positions, size / 3);
        for (size_t j = 0; j < size; j++)
            models[i * size + j] = (double)positions[j];
    }
    DDMD_TRY(ddmd_structure_write_pdb(structure, models, (int32_t)n, r->output, err));
out:
    free(positions);
    free(models);
    return status;
}

/* dcd or pdb, from --format or the end of the file's name. */
static const char *format_of(const request *r)
{
    const char *dot = strrchr(r->output, '.');
    const char *format = r->format ? r->format : dot ? dot + 1 : "";
    if (strcmp(format, "dcd") == 0 || strcmp(format, "pdb") == 0)
        return format;
    return NULL;
}

static int run(const request *r, const char *format)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_error error = {0}, *err = &error;
    ddmd_config *config = NULL;
    ddmd_frame_files files = {0};
    ddmd_structure *structure = NULL;
    chosen *rows = NULL;
    size_t n = 0;
    aligner a = {0};
    int exit_status;

    DDMD_TRY(ddmd_run_directory_config(r->run_dir, &config, err));
    DDMD_TRY(ddmd_frame_files_open(config, r->run_dir, &files, err));
    DDMD_TRY(ddmd_frame_file_structure(files.files[0], &structure, err));
    DDMD_TRY(choose(r, &files, &rows, &n, err));
    if (r->align)
        DDMD_TRY(make_aligner(structure, &a, err));
    if (strcmp(format, "dcd") == 0)
        DDMD_TRY(write_dcd(r, (size_t)structure->n_atoms, rows, n, &a, err));
    else
        DDMD_TRY(write_pdb(r, structure, rows, n, &a, err));
out:
    if (status != DDMD_OK) {
        exit_status = cli_fail(status, err);
    } else {
        printf("wrote %s: %zu frame%s of %d atoms\n", r->output, n, n == 1 ? "" : "s",
               structure->n_atoms);
        exit_status = cli_flush();
    }
    clear_aligner(&a);
    free(rows);
    ddmd_structure_destroy(&structure);
    ddmd_frame_files_close(&files);
    ddmd_config_destroy(&config);
    return exit_status;
}

int cli_export(int argc, char **argv)
{
    request r = {.simulation = -1, .stride = 1};
    const char *simulation = NULL, *stride = NULL;
    const cli_option options[] = {
        {"output", 'o', .text = &r.output},
        {"format", .text = &r.format},
        {"simulation", .text = &simulation},
        {"frame", .text = &r.frame},
        {"stride", .text = &stride},
        {"align", .flag = &r.align},
        {0},
    };
    int exit_status;
    if (!cli_read_options("export", argc, argv, options, help, &exit_status))
        return exit_status;
    if (simulation && (!ddmd_text_to_long(simulation, &r.simulation) || r.simulation < 0))
        return cli_usage("export", "--simulation %s: a simulation id, 0 or more", simulation);
    if (stride && (!ddmd_text_to_long(stride, &r.stride) || r.stride < 1))
        return cli_usage("export", "--stride %s: a whole number, 1 or more", stride);
    if (argc - optind != 1)
        return cli_usage("export", "one run directory is needed");
    if (!r.output)
        return cli_usage("export", "-o FILE is needed");
    if (r.frame && r.simulation >= 0)
        return cli_usage("export", "--frame names its simulation; leave out --simulation");
    r.run_dir = argv[optind];
    const char *format = format_of(&r);
    if (!format)
        return cli_usage("export", "%s: end the name in .dcd or .pdb, or give --format dcd|pdb",
                         r.output);
    return run(&r, format);
}
