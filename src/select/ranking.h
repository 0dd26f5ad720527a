/* Orders that several strategies share. */
#ifndef DDMD_SELECT_RANKING_H
#define DDMD_SELECT_RANKING_H

#include "select/strategy_ops.h"

/* By score, then by index. */
void ddmd_ranking_sort(ddmd_ranking *ranking);

/* By RMSD; drops those whose RMSD is not finite. */
enum ddmd_status ddmd_ranking_by_rmsd(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                      ddmd_error *err);

/*
 * By local outlier factor in the whole window, the largest first; fills in lof, and a score of
 * -lof.
 */
enum ddmd_status ddmd_ranking_by_lof(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                     ddmd_error *err);

/* Any order equally likely, drawn for the round. */
enum ddmd_status ddmd_ranking_shuffle(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                      ddmd_error *err);

#endif
