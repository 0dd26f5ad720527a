#include "campaign/map_window.h"

#include "core/array.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/*
 * Distinct maps have numbered slots. Slots of equal hash hang in one chain, which is walked with
 * exact comparison; a slot whose last frame left is free for the next new map.
 */
struct ddmd_map_window {
    size_t capacity, map_bytes;
    size_t n_frames, oldest; /* frames are a ring */
    size_t frames_room;
    uint32_t *slot_of_frame;

    size_t n_slots; /* used and free ones */
    size_t n_maps;
    uint32_t free_slots; /* head of a list through `next`, or NONE */
    size_t maps_room, counts_room, next_room;
    uint8_t *maps;    /* [n_slots][map_bytes] */
    uint32_t *counts; /* [n_slots]; 0: free */
    uint32_t *next;   /* [n_slots]; NONE ends a chain */

    size_t n_chains; /* a power of two */
    uint32_t *chains;
};

/* FNV-1a over words of eight bytes, finished as in SplitMix64. */
static uint64_t hash_of(const uint8_t *map, size_t n)
{
    uint64_t hash = 0xCBF29CE484222325u, word = 0;
    for (; n >= sizeof word; map += sizeof word, n -= sizeof word) {
        memcpy(&word, map, sizeof word);
        hash = (hash ^ word) * 0x100000001B3u;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, map, n);
    hash = (hash ^ word) * 0xBF58476D1CE4E5B9u;
    hash = (hash ^ hash >> 27) * 0x94D049BB133111EBu;
    return hash ^ hash >> 31;
}

static const uint8_t *map_at(const ddmd_map_window *w, uint32_t slot)
{
    return w->maps + slot * w->map_bytes;
}

static uint32_t *chain_of(const ddmd_map_window *w, const uint8_t *map)
{
    return &w->chains[hash_of(map, w->map_bytes) & (w->n_chains - 1)];
}

static uint32_t find(const ddmd_map_window *w, const uint8_t *map)
{
    uint32_t slot = *chain_of(w, map);
    while (slot != NONE && memcmp(map_at(w, slot), map, w->map_bytes) != 0)
        slot = w->next[slot];
    return slot;
}

static void put_into_chain(ddmd_map_window *w, uint32_t slot)
{
    uint32_t *chain = chain_of(w, map_at(w, slot));
    w->next[slot] = *chain;
    *chain = slot;
}

/* As many chains as n, or more; slots are shared out anew. */
static enum ddmd_status make_chains(ddmd_map_window *w, size_t n, ddmd_error *err)
{
    uint32_t *chains = NULL;
    size_t n_chains = 64;
    while (n_chains < n)
        n_chains *= 2;
    if (n_chains == w->n_chains)
        return DDMD_OK;
    enum ddmd_status status = ddmd_array_alloc(&chains, n_chains, sizeof *chains, err);
    if (status != DDMD_OK)
        return status;
    memset(chains, 0xFF, n_chains * sizeof *chains);
    free(w->chains);
    w->chains = chains;
    w->n_chains = n_chains;
    for (uint32_t slot = 0; slot < w->n_slots; slot++)
        if (w->counts[slot] > 0)
            put_into_chain(w, slot);
    return DDMD_OK;
}

enum ddmd_status ddmd_map_window_create(size_t capacity, size_t map_bytes, ddmd_map_window **window,
                                        ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_map_window *w = NULL;
    if (capacity < 1 || capacity >= NONE || map_bytes < 1)
        DDMD_FAIL(err, DDMD_INVALID, "a window of %zu maps of %zu bytes cannot be made", capacity,
                  map_bytes);
    DDMD_TRY(ddmd_array_alloc(&w, 1, sizeof *w, err));
    w->capacity = capacity;
    w->map_bytes = map_bytes;
    w->free_slots = NONE;
    DDMD_TRY(make_chains(w, 0, err));
    *window = w;
    w = NULL;
out:
    ddmd_map_window_destroy(&w);
    return status;
}

void ddmd_map_window_destroy(ddmd_map_window **window)
{
    ddmd_map_window *w = *window;
    if (!w)
        return;
    free(w->slot_of_frame);
    free(w->maps);
    free(w->counts);
    free(w->next);
    free(w->chains);
    free(w);
    *window = NULL;
}

/* Room for one more frame and one more slot, so that what follows cannot fail. */
static enum ddmd_status make_room(ddmd_map_window *w, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    /* Until the window is full for the first time, the ring has not come round. */
    if (w->n_frames < w->capacity)
        DDMD_TRY(ddmd_array_reserve(&w->slot_of_frame, &w->frames_room, w->n_frames + 1,
                                    sizeof *w->slot_of_frame, err));
    if (w->free_slots == NONE) {
        DDMD_TRY(ddmd_array_reserve(&w->maps, &w->maps_room, w->n_slots + 1, w->map_bytes, err));
        DDMD_TRY(ddmd_array_reserve(&w->counts, &w->counts_room, w->n_slots + 1, sizeof *w->counts,
                                    err));
        DDMD_TRY(ddmd_array_reserve(&w->next, &w->next_room, w->n_slots + 1, sizeof *w->next, err));
        DDMD_TRY(make_chains(w, w->n_slots + 1, err));
    }
out:
    return status;
}

static uint32_t add_slot(ddmd_map_window *w, const uint8_t *map)
{
    uint32_t slot = w->free_slots;
    if (slot != NONE)
        w->free_slots = w->next[slot];
    else
        slot = (uint32_t)w->n_slots++;
    memcpy(w->maps + slot * w->map_bytes, map, w->map_bytes);
    put_into_chain(w, slot);
    w->n_maps++;
    return slot;
}

/* One frame fewer has the map of this slot. */
static void release(ddmd_map_window *w, uint32_t slot)
{
    if (--w->counts[slot] > 0)
        return;
    uint32_t *link = chain_of(w, map_at(w, slot));
    while (*link != slot)
        link = &w->next[*link];
    *link = w->next[slot];
    w->next[slot] = w->free_slots;
    w->free_slots = slot;
    w->n_maps--;
}

enum ddmd_status ddmd_map_window_add(ddmd_map_window *w, const uint8_t *map, ddmd_error *err)
{
    enum ddmd_status status = make_room(w, err);
    if (status != DDMD_OK)
        return status;
    uint32_t slot = find(w, map);
    if (slot == NONE)
        slot = add_slot(w, map);
    w->counts[slot]++;
    if (w->n_frames < w->capacity) {
        w->slot_of_frame[w->n_frames++] = slot;
        return DDMD_OK;
    }
    release(w, w->slot_of_frame[w->oldest]);
    w->slot_of_frame[w->oldest] = slot;
    w->oldest = (w->oldest + 1) % w->capacity;
    return DDMD_OK;
}

size_t ddmd_map_window_frames(const ddmd_map_window *w)
{
    return w->n_frames;
}

size_t ddmd_map_window_maps(const ddmd_map_window *w)
{
    return w->n_maps;
}

/* Number the slots of the newest frames as they occur, and count. *slots: [n_maps] at the end. */
static void number_maps(const ddmd_map_window *w, uint32_t *slots, uint32_t *number_of,
                        ddmd_map_set *set)
{
    memset(number_of, 0xFF, w->n_slots * sizeof *number_of);
    size_t first = w->oldest + w->n_frames - set->n_frames;
    for (size_t i = 0; i < set->n_frames; i++) {
        uint32_t slot = w->slot_of_frame[(first + i) % w->n_frames];
        if (number_of[slot] == NONE) {
            slots[set->n_maps] = slot;
            number_of[slot] = (uint32_t)set->n_maps++;
        }
        set->point_of[i] = number_of[slot];
        set->counts[number_of[slot]]++;
    }
}

enum ddmd_status ddmd_map_window_take(const ddmd_map_window *w, size_t n_frames, ddmd_map_set *set,
                                      ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    uint32_t *slots = NULL, *number_of = NULL;
    ddmd_map_set s = {.n_frames = n_frames < w->n_frames ? n_frames : w->n_frames};
    DDMD_TRY(ddmd_array_alloc(&slots, w->n_maps, sizeof *slots, err));
    DDMD_TRY(ddmd_array_alloc(&number_of, w->n_slots, sizeof *number_of, err));
    DDMD_TRY(ddmd_array_alloc(&s.counts, w->n_maps, sizeof *s.counts, err));
    DDMD_TRY(ddmd_array_alloc(&s.point_of, s.n_frames, sizeof *s.point_of, err));
    number_maps(w, slots, number_of, &s);
    DDMD_TRY(ddmd_array_alloc(&s.maps, s.n_maps, w->map_bytes, err));
    for (size_t i = 0; i < s.n_maps; i++)
        memcpy(s.maps + i * w->map_bytes, map_at(w, slots[i]), w->map_bytes);
    *set = s;
    s = (ddmd_map_set){0};
out:
    ddmd_map_set_clear(&s);
    free(slots);
    free(number_of);
    return status;
}

void ddmd_map_set_clear(ddmd_map_set *set)
{
    free(set->maps);
    free(set->counts);
    free(set->point_of);
    *set = (ddmd_map_set){0};
}
