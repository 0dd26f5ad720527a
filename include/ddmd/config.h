/*
 * The configuration of a campaign: one YAML file. Every key with its type, unit, default, range and
 * meaning is one line of src/config/config.def; docs/configuration.md is tested against it.
 *
 * A member is named as its key; sections are nested structs. Paths in the file are relative to the
 * file's directory and are made absolute on loading.
 */
#ifndef DDMD_CONFIG_H
#define DDMD_CONFIG_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ddmd_string_list {
    size_t n;
    char **items;
} ddmd_string_list;

typedef struct ddmd_int_list {
    size_t n;
    int *items;
} ddmd_int_list;

typedef struct ddmd_real_list {
    size_t n;
    double *items;
} ddmd_real_list;

enum ddmd_mode { DDMD_MODE_sequential, DDMD_MODE_streaming };
enum ddmd_constraints { DDMD_CONSTRAINTS_none, DDMD_CONSTRAINTS_hbonds };
enum ddmd_velocities { DDMD_VELOCITIES_keep, DDMD_VELOCITIES_draw, DDMD_VELOCITIES_mixed };

typedef struct ddmd_config {
    char *file; /* where it was loaded from; "" for none */
    char *campaign;
    enum ddmd_mode mode;
    uint64_t seed;
    struct {
        char *sequence; /* exactly one of sequence, pdb, bead_chain */
        char *pdb;
        int bead_chain;         /* beads; 0: none */
        char *openmm_system;    /* serialized System XML; with pdb */
        ddmd_string_list start; /* extended, helix, or PDB files (each MODEL is a start) */
        char *reference;        /* helix, extended, a PDB file, or "" */
        ddmd_string_list force_field;
        enum ddmd_constraints constraints;
        double hydrogen_mass_amu; /* 0: as in the force field */
        double cutoff_nm;         /* 0: none */
        int minimize_iterations;  /* of each start; 0: not at all */
    } system;
    struct {
        char *engine;
        char *platform;  /* "": the fastest there is */
        char *precision; /* "": the platform's default */
        int replicas;
        int workers;                       /* 0: one a core */
        ddmd_real_list temperature_kelvin; /* at least one; replica r has the (r mod n)th */
        double friction_per_ps;
        double timestep_fs;
        int gb_interval_steps;
        double report_interval_ps;
        double segment_ns;
        enum ddmd_velocities velocities;
    } simulation;
    struct {
        struct {
            char *atoms;
            double cutoff_angstrom;
        } contact_map;
        struct {
            char *atoms;
        } rmsd;
    } features;
    struct {
        char *kind;
        ddmd_int_list latent_dim;
        ddmd_int_list filters, kernels, strides; /* one a layer; equally long */
        int dense_width;
        double dropout;
        int batch_size;
        int epochs;
        int patience;    /* 0: never end a training early */
        char *precision; /* f32, bf16 */
        double learning_rate, rho, epsilon;
        double validation_fraction;
        int max_samples;  /* window of the newest frames that is trained on */
        int train_every;  /* rounds between trainings */
        char *train_when; /* always, needed */
        double retrain_margin;
        bool warm_start; /* go on from the last weights; else train anew each time */
        int threads;     /* 0: one a core */
    } model;
    struct {
        char *strategy;   /* resolved: never empty after loading */
        char *candidates; /* dbscan, all, random, states, none */
        char *rank_by;    /* rmsd, lof, none, counts, ucb, ucb+energy, fast, fast+lof */
        int max_samples;  /* window of the newest frames that restarts are chosen from */
        int min_samples;  /* of DBSCAN */
        int min_outliers, max_outliers; /* for a full window; fewer frames: in proportion */
        int max_restarts;
        int max_per_cluster;
        int max_per_simulation; /* 0: no cap */
        int lof_neighbors;
        int states; /* of k-means; 0: the square root of the number of frames */
        double exploration;
        double cull_after_ns; /* 0: never */
        double cull_idle_ns;
    } selection;
    struct {
        double timeout_s;    /* a process that is not heard of for so long is started again */
        int retries;         /* in a row, before the campaign fails */
        double rank_every_s; /* at least, from one ranking to the next */
        int aggregators;     /* processes that make frames durable, each with a file */
    } streaming;
    struct {
        double rmsd_angstrom; /* 0: none; likewise the others */
        double wall_minutes;
        double simulated_ns;
        int rounds;
    } stop;
    struct ddmd_config_places *places; /* see ddmd_config_place() */
} ddmd_config;

/* One mistake of the user, ready to print: "fs.yaml:12: unknown key 'replcas' (did you mean ...)".
 */
typedef struct ddmd_mistakes {
    size_t n, capacity;
    char **lines;
} ddmd_mistakes;

/* Add a line; what cannot be shown on a terminal (control characters) becomes '?'. */
void ddmd_mistakes_add(ddmd_mistakes *mistakes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ddmd_mistakes_clear(ddmd_mistakes *mistakes);

/*
 * Load a file, apply overrides ("simulation.replicas=4", in YAML syntax), fill in defaults, check
 * types, ranges and the rules between keys. Every mistake found goes to `mistakes` (may be NULL; at
 * most 100 are listed); CONFIG where there is any, IO where the file cannot be read (one mistake
 * then, too). Whether files exist and fit together is checked later, by ddmd_campaign_check().
 */
enum ddmd_status ddmd_config_load(const char *path, const char *const *overrides,
                                  size_t n_overrides, ddmd_config **config, ddmd_mistakes *mistakes,
                                  ddmd_error *err);

/* The same from memory; `source` stands in messages, `directory` is what paths are relative to. */
enum ddmd_status ddmd_config_parse(const char *bytes, size_t length, const char *source,
                                   const char *directory, const char *const *overrides,
                                   size_t n_overrides, ddmd_config **config,
                                   ddmd_mistakes *mistakes, ddmd_error *err);

/*
 * The line of the file at which a key's value ("system.pdb") stands; 0 where the file does not give
 * it or an override replaced it.
 */
int ddmd_config_line(const ddmd_config *config, const char *key);

/*
 * Where a key got its value, for the beginning of a message: "fs.yaml:12", "--set
 * system.pdb=a.pdb", or "fs.yaml" where it has its default. Lives as long as config.
 */
const char *ddmd_config_place(const ddmd_config *config, const char *key);

/*
 * The complete configuration as YAML, defaults filled in; loads to an equal one. Paths below the
 * directory of the file are written relative to it, the others absolute.
 */
enum ddmd_status ddmd_config_write(const ddmd_config *config, const char *path, ddmd_error *err);

void ddmd_config_destroy(ddmd_config **config);

/* docs/configuration.md's tables of keys, as Markdown, from the schema. The caller frees. */
enum ddmd_status ddmd_config_describe(char **markdown, ddmd_error *err);

/*
 * The example configurations that come with ddmd (the files in examples/): name ("fs-peptide"), one
 * line about it, and the file's text. index < ddmd_example_count().
 */
size_t ddmd_example_count(void);
const char *ddmd_example_name(size_t index);
const char *ddmd_example_summary(size_t index);
const char *ddmd_example_text(size_t index);

#ifdef __cplusplus
}
#endif
#endif
