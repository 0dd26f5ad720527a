/* The steps of DBSCAN over one index. */
#ifndef DDMD_SELECT_CLUSTERING_H
#define DDMD_SELECT_CLUSTERING_H

#include "select/neighbor_index.h"

/*
 * labels of DBSCAN (ddmd/select.h) where the core points are known. core: [n] by point index;
 * labels: [n]; n_clusters may be NULL.
 */
enum ddmd_status ddmd_clustering_label(const ddmd_neighbor_index *index, double eps,
                                       const bool *core, int32_t *labels, size_t *n_clusters,
                                       ddmd_error *err);

/*
 * Join core points that are within a squared distance of each other, directly or through others.
 * labels: of core points the number of their component, in the order of first members; -1 else.
 */
enum ddmd_status ddmd_components_find(const ddmd_neighbor_index *index, double squared_reach,
                                      const bool *core, int32_t *labels, size_t *n_components,
                                      ddmd_error *err);

/* ddmd_find_outliers() over an index. */
struct ddmd_outlier_search;
struct ddmd_outlier_result;
enum ddmd_status ddmd_outliers_label(const ddmd_neighbor_index *index,
                                     const struct ddmd_outlier_search *search, int32_t *labels,
                                     struct ddmd_outlier_result *result, ddmd_error *err);

/* ddmd_lof() over an index. */
enum ddmd_status ddmd_lof_score(const ddmd_neighbor_index *index, size_t n_neighbors,
                                double *scores, ddmd_error *err);

#endif
