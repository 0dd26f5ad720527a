/* Torsions of a system. An improper's atoms are (two of the outer ones, centre, the third). */
#include "system_terms.h"

#include "core/array.h"
#include "core/try.h"
#include "elements.h"

#include <stdlib.h>
#include <string.h>

static const ddmd_ff_type *type_of(const ddmd_typing *typing, int32_t atom)
{
    return &typing->force_field->types[typing->types[atom]];
}

/* Append the terms of a definition that are not zero. */
static enum ddmd_status add_terms(ddmd_system_builder *builder, const ddmd_ff_torsion *definition,
                                  const int32_t atoms[4], size_t *capacity, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_ff_term *terms = builder->typing->force_field->terms + definition->first_term;
    ddmd_system *system = builder->system;
    for (int32_t t = 0; t < definition->n_terms; t++) {
        if (terms[t].k == 0)
            continue;
        if (system->n_torsions == INT32_MAX)
            DDMD_FAIL(err, DDMD_UNSUPPORTED, "more torsions than a system can have");
        DDMD_TRY(ddmd_array_reserve(&system->torsions, capacity, (size_t)system->n_torsions + 1,
                                    sizeof *system->torsions, err));
        system->torsions[system->n_torsions++] = (ddmd_torsion){
            .i = atoms[0],
            .j = atoms[1],
            .k = atoms[2],
            .l = atoms[3],
            .periodicity = terms[t].periodicity,
            .phase_rad = terms[t].phase,
            .force_constant = terms[t].k,
        };
    }
out:
    return status;
}

static bool takes(const ddmd_ff_slot slot[4], const ddmd_ff_type *const types[4])
{
    return ddmd_ff_slot_takes(&slot[0], types[0]) && ddmd_ff_slot_takes(&slot[1], types[1]) &&
           ddmd_ff_slot_takes(&slot[2], types[2]) && ddmd_ff_slot_takes(&slot[3], types[3]);
}

/* The first definition without wildcards that matches, else the first with. */
static const ddmd_ff_torsion *find_proper(const ddmd_typing *typing, const int32_t atoms[4])
{
    const ddmd_force_field *ff = typing->force_field;
    const ddmd_ff_type *ahead[4], *back[4];
    for (int a = 0; a < 4; a++)
        ahead[a] = back[3 - a] = type_of(typing, atoms[a]);
    const ddmd_ff_torsion *match = NULL;
    for (size_t k = 0; k < ff->n_propers; k++) {
        const ddmd_ff_torsion *definition = &ff->propers[k];
        if ((match && definition->has_wildcard) ||
            (!takes(definition->slot, ahead) && !takes(definition->slot, back)))
            continue;
        match = definition;
        if (!definition->has_wildcard)
            break;
    }
    return match;
}

static int compare_quartets(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    for (int k = 0; k < 4; k++)
        if (x[k] != y[k])
            return x[k] < y[k] ? -1 : 1;
    return 0;
}

/* Every path of four atoms along bonds, the lower end first, in order of their numbers. */
static enum ddmd_status list_propers(const ddmd_typing *typing, int32_t (**quartets)[4], size_t *n,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_neighbors *nb = &typing->neighbors;
    const ddmd_structure *s = typing->structure;
    size_t capacity = 0;
    for (int32_t bond = 0; bond < s->n_bonds; bond++) {
        int32_t j = s->bonds[bond][0], k = s->bonds[bond][1];
        for (int32_t a = nb->first[j]; a < nb->first[j + 1]; a++)
            for (int32_t b = nb->first[k]; b < nb->first[k + 1]; b++) {
                int32_t i = nb->atoms[a], l = nb->atoms[b];
                if (i == k || l == j || i == l)
                    continue;
                DDMD_TRY(ddmd_array_reserve(quartets, &capacity, *n + 1, sizeof **quartets, err));
                int32_t *q = (*quartets)[(*n)++];
                q[0] = i < l ? i : l;
                q[1] = i < l ? j : k;
                q[2] = i < l ? k : j;
                q[3] = i < l ? l : i;
            }
    }
    if (*n)
        qsort(*quartets, *n, sizeof **quartets, compare_quartets);
out:
    return status;
}

enum ddmd_status ddmd_system_add_propers(ddmd_system_builder *builder, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int32_t(*quartets)[4] = NULL;
    size_t n = 0, capacity = 0;
    DDMD_TRY(list_propers(builder->typing, &quartets, &n, err));
    for (size_t q = 0; q < n; q++) {
        const ddmd_ff_torsion *definition = find_proper(builder->typing, quartets[q]);
        if (definition)
            DDMD_TRY(add_terms(builder, definition, quartets[q], &capacity, err));
    }
out:
    free(quartets);
    return status;
}

/* A definition for a centre (atom 0) and its three neighbours (1 to 3), and their order in it. */
typedef struct improper_match {
    const ddmd_ff_torsion *definition; /* NULL: none */
    int order[4];                      /* of the torsion, as numbers 0 to 3 */
} improper_match;

static void swap(int *a, int *b)
{
    int kept = *a;
    *a = *b;
    *b = kept;
}

/*
 * Where wildcards leave the order open, AMBER's rule as OpenMM applies it: of the first two, carbon
 * stands first, else the heavier element, else the lower number.
 */
static void order_default(const ddmd_typing *typing, const int32_t atoms[4], int *first,
                          int *second)
{
    int32_t e1 = typing->elements[atoms[*first]], e2 = typing->elements[atoms[*second]];
    if ((e1 == e2 && atoms[*first] > atoms[*second]) ||
        (e1 != e2 && e1 != DDMD_ELEMENT_CARBON && (e2 == DDMD_ELEMENT_CARBON || e1 < e2)))
        swap(first, second);
}

/* Whether an atom comes behind another: by residue, then by its place in the template. */
static bool is_behind(const ddmd_typing *typing, int32_t a, int32_t b)
{
    int32_t residue_a = typing->structure->atoms[a].residue;
    int32_t residue_b = typing->structure->atoms[b].residue;
    if (residue_a != residue_b)
        return residue_a > residue_b;
    return typing->template_atom[a] > typing->template_atom[b];
}

/*
 * The order of LEaP: outer atoms that are of one type (with wildcards: of one element) are sorted;
 * with wildcards the first two are always.
 */
static void order_amber(const ddmd_typing *typing, const int32_t atoms[4], bool wildcard,
                        int outer[3])
{
    static const int pairs[3][2] = {{0, 2}, {1, 2}, {0, 1}};
    const int32_t *kind = wildcard ? typing->elements : typing->types;
    int32_t kinds[3]; /* of the places, as they were before any were swapped */
    for (int k = 0; k < 3; k++)
        kinds[k] = kind[atoms[outer[k]]];
    for (int p = 0; p < 3; p++) {
        int a = pairs[p][0], b = pairs[p][1];
        if ((kinds[a] == kinds[b] || (wildcard && p == 2)) &&
            is_behind(typing, atoms[outer[a]], atoms[outer[b]]))
            swap(&outer[a], &outer[b]);
    }
}

/*
 * The last definition without wildcards that matches, else the first with; inside a definition the
 * first order of the outer atoms that matches.
 */
static improper_match find_improper(const ddmd_typing *typing, const int32_t atoms[4])
{
    static const int orders[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                     {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    const ddmd_force_field *ff = typing->force_field;
    const ddmd_ff_type *types[4];
    for (int a = 0; a < 4; a++)
        types[a] = type_of(typing, atoms[a]);
    improper_match match = {0};
    for (size_t k = 0; k < ff->n_impropers; k++) {
        const ddmd_ff_torsion *definition = &ff->impropers[k];
        if ((match.definition && definition->has_wildcard) ||
            !ddmd_ff_slot_takes(&definition->slot[0], types[0]))
            continue;
        for (int o = 0; o < 6; o++) {
            const ddmd_ff_type *permuted[4] = {types[0], types[orders[o][0]], types[orders[o][1]],
                                               types[orders[o][2]]};
            if (!takes(definition->slot, permuted))
                continue;
            int outer[3] = {orders[o][0], orders[o][1], orders[o][2]};
            if (definition->amber_ordering)
                order_amber(typing, atoms, definition->has_wildcard, outer);
            else
                order_default(typing, atoms, &outer[0], &outer[1]);
            match = (improper_match){.definition = definition,
                                     .order = {outer[0], outer[1], 0, outer[2]}};
            break;
        }
    }
    return match;
}

/*
 * What was found for four types, in order. OpenMM looks every such quartet up once and gives later
 * ones the same order, which matters with the order of LEaP; so must this to give the same terms.
 */
typedef struct improper_cache {
    struct improper_entry {
        int32_t types[4];
        bool used;
        improper_match match;
    } * slots;
    size_t n_slots, n_used;
} improper_cache;

static struct improper_entry *cache_slot(const improper_cache *cache, const int32_t types[4])
{
    uint64_t hash = 14695981039346656037U;
    for (int a = 0; a < 4; a++)
        hash = (hash ^ (uint32_t)types[a]) * 1099511628211U;
    size_t slot = (hash ^ hash >> 29) & (cache->n_slots - 1);
    while (cache->slots[slot].used &&
           memcmp(cache->slots[slot].types, types, sizeof cache->slots[slot].types) != 0)
        slot = (slot + 1) & (cache->n_slots - 1);
    return &cache->slots[slot];
}

static enum ddmd_status cache_grow(improper_cache *cache, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    if ((cache->n_used + 1) * 2 <= cache->n_slots)
        goto out;
    improper_cache larger = {.n_slots = cache->n_slots ? cache->n_slots * 2 : 256,
                             .n_used = cache->n_used};
    DDMD_TRY(ddmd_array_alloc(&larger.slots, larger.n_slots, sizeof *larger.slots, err));
    for (size_t i = 0; i < cache->n_slots; i++)
        if (cache->slots[i].used)
            *cache_slot(&larger, cache->slots[i].types) = cache->slots[i];
    free(cache->slots);
    *cache = larger;
out:
    return status;
}

static enum ddmd_status add_improper(ddmd_system_builder *builder, const int32_t atoms[4],
                                     improper_cache *cache, size_t *capacity, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_typing *typing = builder->typing;
    int32_t types[4], ordered[4];
    for (int a = 0; a < 4; a++)
        types[a] = typing->types[atoms[a]];
    DDMD_TRY(cache_grow(cache, err));
    struct improper_entry *entry = cache_slot(cache, types);
    if (!entry->used) {
        memcpy(entry->types, types, sizeof types);
        entry->match = find_improper(typing, atoms);
        entry->used = true;
        cache->n_used++;
    }
    if (!entry->match.definition)
        goto out;
    for (int a = 0; a < 4; a++)
        ordered[a] = atoms[entry->match.order[a]];
    DDMD_TRY(add_terms(builder, entry->match.definition, ordered, capacity, err));
out:
    return status;
}

enum ddmd_status ddmd_system_add_impropers(ddmd_system_builder *builder, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_neighbors *nb = &builder->typing->neighbors;
    size_t capacity = (size_t)builder->system->n_torsions;
    improper_cache cache = {0};
    for (int32_t centre = 0; centre < builder->typing->structure->n_atoms; centre++)
        for (int32_t a = nb->first[centre]; a < nb->first[centre + 1]; a++)
            for (int32_t b = a + 1; b < nb->first[centre + 1]; b++)
                for (int32_t c = b + 1; c < nb->first[centre + 1]; c++) {
                    int32_t atoms[4] = {centre, nb->atoms[a], nb->atoms[b], nb->atoms[c]};
                    DDMD_TRY(add_improper(builder, atoms, &cache, &capacity, err));
                }
out:
    free(cache.slots);
    return status;
}
