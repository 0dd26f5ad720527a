/*
 * Choosing what to simulate next: clustering and outliers of an embedding, ranking, strategies.
 *
 * Points are float32 [n_points][dim]; distances are Euclidean, computed in float64 as the square
 * root of the squared differences summed in the order of the dimensions. Everything is exact and
 * deterministic: ties are broken by the lower index, and results depend neither on the number of
 * threads nor on the instruction set. `threads` is how many to use at most; 0: one a core.
 *
 * A point that occurs many times is given once, with how often: `counts` ([n], each at least 1;
 * NULL: every point once). Results are exactly those of the data set in which counts[i] copies of
 * point i stand in its place, at the cost of the distinct points; all copies of a point have its
 * result. min_samples, numbers of neighbours and numbers of outliers mean copies, never distinct
 * points.
 *
 * Memory grows with n_points times dim and times the number of neighbours looked at, never with the
 * square of n_points. All functions return INVALID for missing arguments or values out of range,
 * and NUMERIC, naming the point, where a coordinate is not finite. No points are no error.
 */
#ifndef DDMD_SELECT_H
#define DDMD_SELECT_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * DBSCAN (Ester, Kriegel, Sander, Xu, KDD 1996), exact, with scikit-learn's conventions (counts are
 * its sample_weight): a point is core where at least min_samples points, itself included, are
 * within eps (<=); clusters are numbered 0, 1, ... in the order of their first core point; a border
 * point belongs to the first cluster that reaches it, which is the one with the lowest number;
 * noise is -1. eps is finite and >= 0 (0: only duplicates are neighbours), min_samples >= 1.
 * labels: [n].
 */
enum ddmd_status ddmd_dbscan(const float *points, size_t n, size_t dim, const uint32_t *counts,
                             double eps, size_t min_samples, int threads, int32_t *labels,
                             ddmd_error *err);

/*
 * Local outlier factor (Breunig, Kriegel, Ng, Sander, SIGMOD 2000), scikit-learn's conventions:
 * k = min(n_neighbors, n - 1) nearest others, exactly k even among ties, where the other copies of
 * a point are among its others, at distance 0, and n counts copies; the result is
 * negative_outlier_factor_ with its sign turned, so larger is stranger. With reach(i, j) =
 * max(distance to the k-th neighbour of j, distance of i and j),
 *
 *   density(i) = 1 / (mean of reach(i, j) over the neighbours j of i + 1e-10)
 *   score(i)   = mean of density(j) / density(i) over the neighbours j of i
 *
 * with sums in the order of the neighbours, a term for each copy. A single point scores 1.
 * n_neighbors >= 1. scores: [n].
 */
enum ddmd_status ddmd_lof(const float *points, size_t n, size_t dim, const uint32_t *counts,
                          size_t n_neighbors, int threads, double *scores, ddmd_error *err);

typedef struct ddmd_outlier_search {
    size_t min_samples;  /* of DBSCAN, >= 1; 10 */
    size_t min_outliers; /* aim at least for these, */
    size_t max_outliers; /* and at most for these; >= min_outliers */
    int threads;
} ddmd_outlier_search;

typedef struct ddmd_outlier_result {
    double eps; /* 0 where there are fewer points than min_samples: all are noise at any eps */
    size_t n_outliers; /* copies of noise points; where nothing is counted, noise points */
    size_t n_clusters;
    bool in_range; /* min_outliers <= n_outliers <= max_outliers */
} ddmd_outlier_result;

/*
 * Find the eps at which DBSCAN leaves a number of noise points within the range. No search over eps
 * is needed: with c(i) the distance to the min_samples-th nearest point of i, itself included,
 * point i is core where eps >= c(i) and therefore noise exactly where
 *
 *   eps < t(i) = min over all j, i included, of max(c(j), distance of i and j),
 *
 * so the thresholds t give the number of noise points at every eps. It never rises with eps. Of the
 * numbers that occur, the one nearest to the range is taken, within the range the one nearest to
 * its middle (ties: the smaller number), and eps halfway between the thresholds that bound it.
 * labels ([n]) are those of ddmd_dbscan() at that eps.
 */
enum ddmd_status ddmd_find_outliers(const float *points, size_t n, size_t dim,
                                    const uint32_t *counts, const ddmd_outlier_search *search,
                                    int32_t *labels, ddmd_outlier_result *result, ddmd_error *err);

typedef struct ddmd_kmeans_options {
    size_t n_clusters;     /* 1 .. INT32_MAX */
    size_t max_iterations; /* >= 1; of Lloyd's algorithm, or how many mini-batches */
    size_t batch_size;     /* frames in a mini-batch; 0: Lloyd's algorithm over all points */
    const double *initial; /* [n_clusters][dim] centres to begin with; NULL: k-means++ */
    uint64_t seed;
    uint32_t round; /* random choices depend on (seed, round) */
    int threads;
} ddmd_kmeans_options;

typedef struct ddmd_kmeans_result {
    size_t n_clusters; /* fewer than asked for where k-means++ found fewer distinct points */
    size_t iterations; /* or mini-batches */
    bool converged;    /* Lloyd: the last iteration changed no label; mini-batches: false */
    double inertia;    /* sum of counts times squared distance to the nearest centre */
} ddmd_kmeans_result;

/*
 * k-means: centres such that points are near to one of them. It begins at given centres or at those
 * of k-means++ (Arthur, Vassilvitskii, SODA 2007): the first a random copy of a point, each further
 * one drawn with probability proportional to its squared distance to the nearest centre so far.
 *
 * batch_size 0 is Lloyd's algorithm (IEEE Trans. Inf. Theory 28, 129, 1982): label each point with
 * its nearest centre, move each centre to the mean of its points weighted by counts, until no label
 * changes. A centre without points takes over the point furthest from its centre, among centres
 * with more than one.
 *
 * batch_size > 0 is mini-batch k-means (Sculley, WWW 2010) for data sets so large that Lloyd's
 * takes too long: each of max_iterations batches is drawn from all copies with replacement; each of
 * its members x moves its nearest centre c to (1 - r) c + r x with r = 1 / (members it has had).
 * k-means++ looks at a sample of 3 max(batch_size, n_clusters) copies then. Centres without points
 * may remain.
 *
 * centers: [options->n_clusters][dim], the first result->n_clusters are filled; may be NULL.
 * labels: [n], the nearest centre of each point, of ties the lowest. result may be NULL. Points,
 * counts (each at least 1), threads and errors as above; NUMERIC also where an initial centre is
 * not finite.
 */
enum ddmd_status ddmd_kmeans(const float *points, size_t n, size_t dim, const uint32_t *counts,
                             const ddmd_kmeans_options *options, double *centers, int32_t *labels,
                             ddmd_kmeans_result *result, ddmd_error *err);

/*
 * What a strategy sees: the frames of the selection window, oldest first. Frames with equal
 * features may share a point of the embedding. The selection is that of the embedding in which
 * every frame has a point of its own; only where different points are equally near to one, LOF
 * takes all frames of the point that was seen first before those of the next, and k-means may begin
 * elsewhere.
 */
typedef struct ddmd_candidates {
    size_t n;
    size_t dim;
    size_t n_points;            /* of latent; not looked at where point_of is NULL */
    const float *latent;        /* [n_points][dim]; NULL for strategies that do not learn */
    const uint32_t *point_of;   /* [n] the point of each frame; NULL: frame i is at point i */
    const float *rmsd_nm;       /* [n]; NULL where there is no reference or it is hidden */
    const uint32_t *simulation; /* [n] simulation ids; may be NULL where max_per_simulation is 0 */
} ddmd_candidates;

typedef struct ddmd_select_options {
    ddmd_outlier_search outliers; /* its threads are not looked at */
    size_t lof_neighbors;         /* 20 */
    size_t max_restarts;          /* how many frames to give; 150 */
    size_t n_states;        /* of k-means; 0: the square root of the number of frames, rounded up */
    double exploration;     /* >= 0: c of upper confidence bounds, alpha of FAST; 1 */
    size_t max_per_cluster; /* frames of one state, or nearest DBSCAN cluster; 0: no cap; 10 */
    size_t max_per_simulation; /* frames of one parent simulation; 0: no cap */
    uint64_t seed;
    uint32_t round;
    int threads;
    bool mark_outliers; /* fill is_outlier of the selection */
} ddmd_select_options;

/* One restart point, best first. */
typedef struct ddmd_restart_point {
    size_t index;    /* into the candidates */
    double score;    /* what it was ranked by (smaller is better); 0 where by nothing */
    int32_t cluster; /* its state, or nearest DBSCAN cluster; -1 where there is none */
    double lof;      /* NaN where it was not computed */
} ddmd_restart_point;

typedef struct ddmd_selection {
    size_t n_points;
    ddmd_restart_point *points;   /* ranked, best first */
    ddmd_outlier_result outliers; /* zeros for strategies that do not look for any */
    size_t n_states;              /* 0 for strategies that do not form any */
    bool *is_outlier;             /* [candidates] where that was asked for and outliers were looked
                                     for, else NULL */
} ddmd_selection;

enum ddmd_strategy_needs {
    DDMD_STRATEGY_EMBEDDING = 1 << 0, /* a model must be trained */
    DDMD_STRATEGY_RMSD = 1 << 1,      /* a reference must be given */
    DDMD_STRATEGY_RESTARTS = 1 << 2   /* restarts simulations at all */
};

typedef struct ddmd_strategy_info {
    const char *name, *summary;
    unsigned needs;
} ddmd_strategy_info;

/*
 * The strategies (Brace et al. 2022, sections IV.E and V.A):
 *
 *   ml+rmsd  outliers of the embedding, smallest RMSD first
 *   ml+lof   outliers of the embedding, largest local outlier factor (in the whole window) first
 *   ml       outliers of the embedding, in a random order
 *   rmsd     all frames, smallest RMSD first
 *   random   all frames, in a random order
 *   plain    nothing is ever restarted
 *
 * and those that count visits to states. States are the clusters of ddmd_kmeans() of the window's
 * embedding (Lloyd's algorithm up to 100000 points, else mini-batches). v(s) are the visits of
 * state s, the frames of the window in it; v are all frames of the window. Each has a worth:
 *
 *   least-counts  -v(s) (Weber, Pande, JCTC 7, 3405, 2011; Doerr, De Fabritiis, JCTC 10, 2064,
 *                 2014)
 *   ucb           Q(s) + exploration * sqrt(2 ln v / v(s)) (UCB1: Auer, Cesa-Bianchi, Fischer,
 *                 Mach. Learn. 47, 235, 2002), Q(s) the mean reward of its frames, and the reward
 *                 of a frame (highest - RMSD) / (highest - lowest), those of the window
 *   ucb+energy    the same with the reward of AdaptiveBandit (Perez, Herrera-Nieto, Doerr, De
 *                 Fabritiis, JCTC 16, 4685, 2020) in place of the RMSD: the free energies that
 *                 were seen after a frame, which are the mean of -ln(v(s) / v) over this and the
 *                 later frames of its simulation in the window
 *   fast          D(s) + exploration * U(s) (FAST: Zimmerman, Bowman, JCTC 11, 5747, 2015), with
 *                 D(s) = (highest - r(s)) / (highest - lowest), r(s) the mean RMSD of its frames,
 *                 and U(s) the same of v(s); highest and lowest are those of the states
 *   fast+lof      the same with -LOF in place of the RMSD
 *
 * They take turns: a frame of each state, the state of the highest worth first, then a second frame
 * of each, and so on. The frame is that of the smallest RMSD in ucb and fast, of the largest LOF in
 * fast+lof, else a random one. Scores are -worth, plus, for each turn before, the smallest power of
 * two above their range. What is scaled is 0 where there is but one value. Frames whose RMSD is not
 * finite are left out of means, but they are visits.
 *
 * Random orders depend only on (seed, round) and the number of candidates. Frames whose RMSD is not
 * finite are passed over where it is ranked by. Frames of one point are ranked each on its own, and
 * all of them count for the caps: the best by RMSD comes first, the oldest where they are equal.
 * There are fewer than min_samples of them at any outlier, so that they cannot crowd out others.
 */
size_t ddmd_strategy_count(void);
void ddmd_strategy_describe(size_t index, ddmd_strategy_info *info);
/* CONFIG: no such strategy (the message lists them). info may be NULL. */
enum ddmd_status ddmd_strategy_find(const char *name, ddmd_strategy_info *info, ddmd_error *err);

/*
 * Choose restart points: walk down the strategy's ranking and take each frame that no cap forbids,
 * up to max_restarts. Fewer, even none (no outliers), is no error. INVALID where the candidates
 * lack what the strategy needs. *selection is released with ddmd_selection_clear().
 */
enum ddmd_status ddmd_select(const char *strategy, const ddmd_candidates *candidates,
                             const ddmd_select_options *options, ddmd_selection *selection,
                             ddmd_error *err);
void ddmd_selection_clear(ddmd_selection *selection);

#ifdef __cplusplus
}
#endif
#endif
