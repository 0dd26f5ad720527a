/*
 * What a selection strategy implements. Callers use ddmd_select() of ddmd/select.h, never this;
 * select.c checks arguments, finds outliers or states, applies the caps, and puts the strategy's
 * name in front of its errors. A strategy only puts candidates in order. It keeps no state.
 */
#ifndef DDMD_SELECT_STRATEGY_OPS_H
#define DDMD_SELECT_STRATEGY_OPS_H

#include "ddmd/select.h"
#include "select/frame_points.h"
#include "select/neighbor_index.h"
#include "select/states.h"

enum { DDMD_STRATEGY_API_VERSION = 1 };

/* A frame in the ranking; the members mean what they do in ddmd_restart_point. */
typedef struct ddmd_ranked {
    uint32_t index;
    double score;
    double lof;
} ddmd_ranked;

typedef struct ddmd_ranking {
    size_t n;
    ddmd_ranked *items;
} ddmd_ranking;

/* What a strategy may look at; what its `needs` name is not NULL. */
typedef struct ddmd_strategy_view {
    const ddmd_candidates *candidates; /* n >= 1 */
    const ddmd_select_options *options;
    const ddmd_frame_points *points;  /* of the frames; NULL unless from_outliers or from_states */
    const ddmd_neighbor_index *index; /* of these points, with their counts; NULL likewise */
    const ddmd_states *states;        /* of these points; NULL unless from_states */
} ddmd_strategy_view;

typedef struct ddmd_strategy_ops {
    int api_version; /* DDMD_STRATEGY_API_VERSION */
    const char *name;
    const char *summary; /* one line */
    unsigned needs;      /* enum ddmd_strategy_needs */
    bool from_outliers;  /* ranks the outliers of the embedding; else all candidates, */
    bool from_states;    /* with the states that they are in */

    /* --- REQUIRED where needs has DDMD_STRATEGY_RESTARTS, else never called --- */

    /*
     * Put the ranking in order, best first, and fill in score and lof. On entry it holds what is to
     * be ranked (at least one), by index, with a score of 0 and a lof of NaN. Items may be dropped
     * by lowering n.
     */
    enum ddmd_status (*rank)(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                             ddmd_error *err);
} ddmd_strategy_ops;

#endif
