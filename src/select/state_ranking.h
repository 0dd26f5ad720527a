/*
 * Orders of frames by the states that they are in.
 *
 * All of them take turns: first the best frame of each state, the best state first, then the second
 * frame of each, and so on. So as many states as there are simulations to restart are continued, as
 * in all three papers, and no state is used twice before every state was used once.
 */
#ifndef DDMD_SELECT_STATE_RANKING_H
#define DDMD_SELECT_STATE_RANKING_H

#include "select/strategy_ops.h"

/*
 * Rank by scores ([states], smaller is better); frames of a state stay in the order that the
 * ranking has them in. The score of a frame is that of its state, plus, for each turn before its
 * own, the smallest power of two above the range of the scores, so that it rises down the ranking.
 */
enum ddmd_status ddmd_ranking_by_state(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                       const double *scores, ddmd_error *err);

/*
 * Upper confidence bounds and FAST (ddmd/select.h). On entry the scores are the directed term of
 * each frame, smaller is better, and the frames of a state are in the order that they are to be
 * taken in.
 */
enum ddmd_status ddmd_ranking_by_ucb(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                     ddmd_error *err);
enum ddmd_status ddmd_ranking_by_fast(const ddmd_strategy_view *view, ddmd_ranking *ranking,
                                      ddmd_error *err);

#endif
