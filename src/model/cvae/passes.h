/*
 * The CVAE as the files of a model know it, and what they have in common: threads that take a share
 * of the maps each, and pass it through their network piece by piece.
 */
#ifndef DDMD_CVAE_PASSES_H
#define DDMD_CVAE_PASSES_H

#include "model/cvae/architecture.h"
#include "model/cvae/checkpoint.h"
#include "model/cvae/network.h"

/* A thread's ddmd_cvae_share of the work. */
typedef struct ddmd_cvae_member {
    ddmd_cvae_network *network;   /* trains and evaluates */
    ddmd_cvae_network *embedding; /* embeds */
    float *gradient;              /* [n_values], while training */
    double squares;               /* of its part of the gradient of all */
    double unpack_s;              /* so far */

    /* how its last work ended */
    enum ddmd_status status;
    ddmd_error err;
    ddmd_model_loss sum;
} ddmd_cvae_member;

typedef struct ddmd_cvae {
    ddmd_cvae_architecture architecture;
    ddmd_cvae_state state;
    int n_members;
    ddmd_cvae_member *members;
} ddmd_cvae;

/* Seconds spent on unpacking maps so far; the mean of the members. */
double ddmd_cvae_unpack_s(const ddmd_cvae *model);

/* Packed maps and which of them, in which order; index NULL: all, as they come. */
typedef struct ddmd_cvae_selection {
    const uint8_t *maps;
    const uint32_t *counts; /* of all maps; NULL: once each */
    const uint32_t *index;
    size_t n;
    double mean_count; /* of the n maps */
} ddmd_cvae_selection;

/* maps, counts and index are loans; n of index, or of all maps where that is NULL. */
ddmd_cvae_selection ddmd_cvae_select(const uint8_t *maps, const uint32_t *counts,
                                     const uint32_t *index, size_t n);

/* A run of a selection that one member takes, in pieces of what its network has room for. */
typedef struct ddmd_cvae_share {
    size_t next, end;
} ddmd_cvae_share;

/* What member `number` takes of first .. end - 1. */
ddmd_cvae_share ddmd_cvae_share_of(const ddmd_cvae *model, size_t first, size_t end, int number);

/*
 * Unpack the share's next piece into the network's input; returns the number of maps, 0 at its end.
 */
int ddmd_cvae_next_piece(const ddmd_cvae *model, ddmd_cvae_member *me, ddmd_cvae_network *network,
                         const ddmd_cvae_selection *from, ddmd_cvae_share *of);

/* Add the losses of all members to *sum, in their order; or the first failure. */
enum ddmd_status ddmd_cvae_gather(const ddmd_cvae *model, ddmd_model_loss *sum, ddmd_error *err);

/* Set all members' networks up for passes of a kind. */
enum ddmd_status ddmd_cvae_prepare_pass(const ddmd_cvae *model, enum ddmd_cvae_pass pass,
                                        ddmd_error *err);

/*
 * Coordinates of the maps, latent [n][latent_dim], or their mean loss a map: one of the two, the
 * other NULL.
 */
enum ddmd_status ddmd_cvae_run_pass(const ddmd_cvae *model, const ddmd_cvae_selection *maps,
                                    float *latent, ddmd_model_loss *mean, ddmd_error *err);

#endif
