/*
 * The contact maps of the newest frames, each distinct map held once, so that what is learnt from
 * equal maps is learnt once. Frames are added at one end and leave at the other; nothing is read or
 * hashed twice while the window slides.
 *
 * What ddmd_map_window_take() gives is a function of the frames in the window alone, not of those
 * that came before: a window that slid to its place and one that was filled anew are equal.
 */
#ifndef DDMD_CAMPAIGN_MAP_WINDOW_H
#define DDMD_CAMPAIGN_MAP_WINDOW_H

#include "ddmd/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ddmd_map_window ddmd_map_window;

/* capacity: frames; map_bytes: of a packed map. Both at least 1. */
enum ddmd_status ddmd_map_window_create(size_t capacity, size_t map_bytes, ddmd_map_window **window,
                                        ddmd_error *err);
void ddmd_map_window_destroy(ddmd_map_window **window);

/* Add the next frame's map, which is copied; the oldest frame leaves a full window. */
enum ddmd_status ddmd_map_window_add(ddmd_map_window *window, const uint8_t *map, ddmd_error *err);

/* Frames in the window, and distinct maps among them. */
size_t ddmd_map_window_frames(const ddmd_map_window *window);
size_t ddmd_map_window_maps(const ddmd_map_window *window);

/* Frames, oldest first, by their distinct maps, which stand in the order of first occurrence. */
typedef struct ddmd_map_set {
    size_t n_frames, n_maps;
    uint8_t *maps;      /* [n_maps][map_bytes] */
    uint32_t *counts;   /* [n_maps] frames that have the map, at least 1 */
    uint32_t *point_of; /* [n_frames] number of the frame's map */
} ddmd_map_set;

/* The newest n_frames frames (at most those that there are); cleared by the caller. */
enum ddmd_status ddmd_map_window_take(const ddmd_map_window *window, size_t n_frames,
                                      ddmd_map_set *set, ddmd_error *err);
void ddmd_map_set_clear(ddmd_map_set *set);

#endif
