/*
 * Numbers that describe a conformation. Coordinates are float32 or float64 in nm, [atom][xyz];
 * all sums are float64.
 */
#ifndef DDMD_GEOMETRY_H
#define DDMD_GEOMETRY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * RMSD (nm) after optimal superposition, unit weights, over the n atoms of a and b
 * ([n][3] each): quaternion characteristic polynomial (Theobald, Acta Cryst. A61, 478, 2005;
 * Liu, Agrafiotis, Theobald, J. Comput. Chem. 31, 1561, 2010). n = 0 gives 0.
 */
double ddmd_rmsd(const double *a, const double *b, size_t n);

/*
 * The rotation and translation that put `mobile` best onto `target`:
 * x' = rotation x + translation. Returns the RMSD.
 */
double ddmd_superpose(const double *mobile, const double *target, size_t n, double rotation[3][3],
                      double translation[3]);

/* Radius of gyration (nm), unit weights. */
double ddmd_radius_of_gyration(const double *positions, size_t n);

/*
 * The atoms `indices` ([n]) of a float32 or float64 frame, as float64 [n][3].
 */
void ddmd_gather_f32(const float *frame, const int32_t *indices, size_t n, double *out);
void ddmd_gather_f64(const double *frame, const int32_t *indices, size_t n, double *out);

/*
 * Contact maps. n points (one a residue, its C-alpha) give n (n - 1) / 2 pairs (i, j), i < j, in
 * the order (0,1), (0,2), ..., (0,n-1), (1,2), ...; pair p is bit p % 8 (counted from the least
 * significant) of byte p / 8, set where the distance is below the cutoff. Unused bits of the last
 * byte are 0. The diagonal is not stored: it is 1 in the unpacked map.
 */
size_t ddmd_contact_map_bytes(size_t n);

/* points: [n][3], nm; packed: ddmd_contact_map_bytes(n) bytes. */
void ddmd_contact_map_pack(const double *points, size_t n, double cutoff_nm, uint8_t *packed);

/* The full symmetric map as floats 0 or 1 with a diagonal of 1: [n][n]. */
void ddmd_contact_map_unpack(const uint8_t *packed, size_t n, float *map);

/* Contacts (set bits) of pairs with j - i >= separation (1 counts all). */
size_t ddmd_contact_map_count(const uint8_t *packed, size_t n, size_t separation);

#ifdef __cplusplus
}
#endif
#endif
