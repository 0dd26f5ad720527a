/* The shape of a peptide built from a sequence: lengths, angles, chirality, torsions, clashes. */
#include "ddmd/geometry.h"
#include "ddmd/peptide.h"
#include "ddmd/random.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "ARNDCQEGHILKMFPSTWYV";
static const enum ddmd_peptide_fold folds[] = {DDMD_PEPTIDE_EXTENDED, DDMD_PEPTIDE_HELIX};
static const char *const prefixes[] = {"", "ACE-"};
static const char *const suffixes[] = {"", "-NME", "-NH2"};

static ddmd_structure *build(const char *sequence, enum ddmd_peptide_fold fold)
{
    ddmd_error err = {0};
    ddmd_structure *s = NULL;
    ASSERT_OK(ddmd_peptide_build(sequence, fold, &s, &err), &err);
    return s;
}

enum { MAX_SEQUENCE = 64 };

/* Sequence k of n letters drawn from an alphabet, with one of the six pairs of ends. */
static void draw_sequence(uint32_t k, const char *alphabet, int n, char sequence[MAX_SEQUENCE])
{
    ddmd_random random;
    ddmd_random_init(&random, 1, DDMD_RANDOM_TEST, k, 0);
    char drawn[MAX_SEQUENCE] = "";
    size_t n_letters = strlen(alphabet);
    assert_true(n < MAX_SEQUENCE - 8);
    for (int i = 0; i < n; i++)
        drawn[i] = alphabet[ddmd_random_u32(&random) % n_letters];
    snprintf(sequence, MAX_SEQUENCE, "%s%s%s", prefixes[k % 2], drawn, suffixes[k / 2 % 3]);
}

static const double *at(const ddmd_structure *s, int32_t atom)
{
    return &s->positions[(size_t)atom * 3];
}

static int32_t find(const ddmd_structure *s, int32_t residue, const char *name)
{
    if (residue < 0 || residue >= s->n_residues)
        return -1;
    const ddmd_residue *r = &s->residues[residue];
    for (int32_t i = r->first_atom; i < r->first_atom + r->n_atoms; i++) {
        if (strcmp(s->atoms[i].name, name) == 0)
            return i;
    }
    return -1;
}

static double distance(const ddmd_structure *s, int32_t i, int32_t j)
{
    const double *a = at(s, i), *b = at(s, j);
    return sqrt(pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2));
}

/* Angle i-j-k, degrees, by the law of cosines. */
static double angle(const ddmd_structure *s, int32_t i, int32_t j, int32_t k)
{
    double a = distance(s, i, j), b = distance(s, j, k), c = distance(s, i, k);
    return acos((a * a + b * b - c * c) / (2 * a * b)) * 180 / M_PI;
}

static void difference(const ddmd_structure *s, int32_t from, int32_t to, double *d)
{
    for (int k = 0; k < 3; k++)
        d[k] = at(s, to)[k] - at(s, from)[k];
}

/* Six times the signed volume of the tetrahedron of u, v, w seen from i. */
static double volume(const ddmd_structure *s, int32_t i, int32_t u, int32_t v, int32_t w)
{
    double a[3], b[3], c[3];
    difference(s, i, u, a);
    difference(s, i, v, b);
    difference(s, i, w, c);
    return a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
           a[2] * (b[0] * c[1] - b[1] * c[0]);
}

/* IUPAC torsion i-j-k-l, degrees. */
static double torsion(const ddmd_structure *s, int32_t i, int32_t j, int32_t k, int32_t l)
{
    double a[3], b[3], c[3];
    difference(s, i, j, a);
    difference(s, j, k, b);
    difference(s, k, l, c);
    double ab[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                    a[0] * b[1] - a[1] * b[0]};
    double bc[3] = {b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2],
                    b[0] * c[1] - b[1] * c[0]};
    double length = sqrt(b[0] * b[0] + b[1] * b[1] + b[2] * b[2]);
    double y = length * (a[0] * bc[0] + a[1] * bc[1] + a[2] * bc[2]);
    double x = ab[0] * bc[0] + ab[1] * bc[1] + ab[2] * bc[2];
    return atan2(y, x) * 180 / M_PI;
}

/* Difference of two angles, -180 to 180 degrees. */
static double turn(double a, double b)
{
    return remainder(a - b, 360);
}

/* Bond lengths of Engh and Huber, nm; residue NULL: all but glycine and proline. */
static const struct {
    const char *residue, *i, *j;
    double nm;
} lengths[] = {
    {NULL, "N", "CA", 0.1458},     {NULL, "CA", "C", 0.1525},     {NULL, "C", "O", 0.1231},
    {"GLY", "N", "CA", 0.1451},    {"GLY", "CA", "C", 0.1516},    {"PRO", "N", "CA", 0.1466},
    {"ALA", "CA", "CB", 0.1521},   {"VAL", "CA", "CB", 0.1540},   {"VAL", "CB", "CG2", 0.1521},
    {"ILE", "CB", "CG1", 0.1530},  {"ILE", "CG1", "CD1", 0.1513}, {"LEU", "CB", "CG", 0.1530},
    {"LEU", "CG", "CD2", 0.1521},  {"MET", "CG", "SD", 0.1803},   {"MET", "SD", "CE", 0.1791},
    {"PRO", "CB", "CG", 0.1492},   {"PRO", "CG", "CD", 0.1503},   {"PRO", "CD", "N", 0.1473},
    {"PHE", "CG", "CD1", 0.1384},  {"PHE", "CG", "CD2", 0.1384},  {"PHE", "CD2", "CE2", 0.1382},
    {"PHE", "CE2", "CZ", 0.1382},  {"TYR", "CD2", "CE2", 0.1382}, {"TYR", "CE2", "CZ", 0.1378},
    {"TYR", "CZ", "OH", 0.1376},   {"TRP", "CG", "CD1", 0.1365},  {"TRP", "CG", "CD2", 0.1433},
    {"TRP", "CD2", "CE2", 0.1409}, {"TRP", "CD2", "CE3", 0.1398}, {"TRP", "CZ3", "CH2", 0.1400},
    {"TRP", "NE1", "CE2", 0.1370}, {"SER", "CB", "OG", 0.1417},   {"THR", "CB", "OG1", 0.1433},
    {"CYS", "CB", "SG", 0.1808},   {"ASN", "CG", "ND2", 0.1328},  {"GLN", "CD", "OE1", 0.1231},
    {"ASP", "CG", "OD2", 0.1249},  {"GLU", "CD", "OE1", 0.1249},  {"ARG", "NE", "CZ", 0.1329},
    {"ARG", "CZ", "NH2", 0.1326},  {"LYS", "CE", "NZ", 0.1489},   {"HIS", "CG", "CD2", 0.1356},
    {"HIS", "CG", "ND1", 0.1371},  {"HIS", "NE2", "CD2", 0.1374}, {"HIS", "ND1", "CE1", 0.1319},
};

static bool is_general(const char *name)
{
    return strcmp(name, "GLY") != 0 && strcmp(name, "PRO") != 0 && strcmp(name, "ACE") != 0 &&
           strcmp(name, "NME") != 0;
}

static void lengths_are_those_of_engh_and_huber(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < 2; k++) {
        ddmd_structure *s = build("ACE-ARNDCQEGHILKMFPSTWYV-NME", folds[k]);
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            int seen = 0;
            for (int32_t r = 0; r < s->n_residues; r++) {
                const char *name = s->residues[r].name;
                if (lengths[l].residue ? strcmp(name, lengths[l].residue) != 0 : !is_general(name))
                    continue;
                int32_t i = find(s, r, lengths[l].i), j = find(s, r, lengths[l].j);
                assert_true(i >= 0 && j >= 0);
                /* Rings cannot close with every published mean at once: 0.0005 nm of room. */
                if (fabs(distance(s, i, j) - lengths[l].nm) > 0.0005)
                    fail_msg("%s %s-%s: %g nm", name, lengths[l].i, lengths[l].j,
                             distance(s, i, j));
                seen++;
            }
            assert_int_equal(seen, lengths[l].residue ? 1 : 18);
        }
        for (int32_t r = 1; r < s->n_residues; r++) {
            bool proline = strcmp(s->residues[r].name, "PRO") == 0;
            double c_n = distance(s, find(s, r - 1, "C"), find(s, r, "N"));
            assert_true(fabs(c_n - (proline ? 0.1341 : 0.1329)) < 1e-6);
        }
        ddmd_structure_destroy(&s);
    }
}

/* Lengths of all bonds, by their elements; none may be missing from the list of bonds. */
static void check_bonds(const ddmd_structure *s)
{
    for (int32_t b = 0; b < s->n_bonds; b++) {
        int32_t i = s->bonds[b][0], j = s->bonds[b][1];
        char x = s->atoms[i].element[0], y = s->atoms[j].element[0];
        double d = distance(s, i, j), low = 0.122, high = 0.155;
        if (x == 'H' || y == 'H') {
            char heavy = x == 'H' ? y : x;
            low = heavy == 'S' ? 0.133 : heavy == 'C' ? 0.107 : heavy == 'N' ? 0.100 : 0.095;
            high = heavy == 'S' ? 0.135 : heavy == 'C' ? 0.110 : heavy == 'N' ? 0.102 : 0.097;
        } else if (x == 'S' || y == 'S') {
            low = 0.178;
            high = 0.182;
        }
        if (d < low || d > high)
            fail_msg("%s: bond %s-%s of residue %d is %g nm", s->source, s->atoms[i].name,
                     s->atoms[j].name, (int)s->atoms[i].residue + 1, d);
    }
}

struct neighbours {
    int n;
    int32_t atom[4];
};

static struct neighbours *find_neighbours(const ddmd_structure *s)
{
    struct neighbours *list = calloc((size_t)s->n_atoms, sizeof *list);
    assert_non_null(list);
    for (int32_t b = 0; b < s->n_bonds; b++) {
        for (int end = 0; end < 2; end++) {
            struct neighbours *of = &list[s->bonds[b][end]];
            of->atom[of->n++] = s->bonds[b][1 - end];
        }
    }
    return list;
}

/* All angles: tetrahedral atoms 101 (ring of proline) to 117, trigonal planar ones add to 360. */
static void check_angles(const ddmd_structure *s, const struct neighbours *neighbours)
{
    for (int32_t j = 0; j < s->n_atoms; j++) {
        const struct neighbours *of = &neighbours[j];
        double sum = 0;
        for (int a = 0; a < of->n; a++) {
            for (int b = 0; b < a; b++) {
                double degree = angle(s, of->atom[a], j, of->atom[b]);
                double low = of->n == 4 ? 101 : of->n == 3 ? 105 : 95;
                double high = of->n == 4 ? 117 : of->n == 3 ? 135 : 122;
                if (degree < low || degree > high)
                    fail_msg("%s: angle %s-%s-%s of residue %d is %g degrees", s->source,
                             s->atoms[of->atom[a]].name, s->atoms[j].name,
                             s->atoms[of->atom[b]].name, (int)s->atoms[j].residue + 1, degree);
                sum += degree;
            }
        }
        if (of->n == 3 && fabs(sum - 360) > 1.5)
            fail_msg("%s: %s of residue %d is not planar: %g", s->source, s->atoms[j].name,
                     (int)s->atoms[j].residue + 1, sum);
    }
}

/*
 * Centres and prochiral names: three neighbours in the order of Cahn, Ingold and Prelog and what
 * they make of the centre. L-threonine is (2S,3R), L-isoleucine (2S,3S); CG1 of valine, CD1 of
 * leucine and HA2 of glycine are pro-R, HB2 of serine is pro-S, HB2 of lysine pro-R. (Cysteine is
 * called R only because its sulfur outranks C; N, C, CB run as in the others.)
 */
static const struct {
    const char *residue, *centre, *first, *second, *third;
    char hand;
} centres[] = {
    {NULL, "CA", "N", "C", "CB", 'S'},      {"GLY", "CA", "N", "C", "HA2", 'R'},
    {"THR", "CB", "OG1", "CA", "CG2", 'R'}, {"ILE", "CB", "CA", "CG1", "CG2", 'S'},
    {"VAL", "CB", "CA", "CG1", "CG2", 'R'}, {"LEU", "CG", "CB", "CD1", "CD2", 'R'},
    {"SER", "CB", "OG", "CA", "HB2", 'S'},  {"LYS", "CB", "CA", "CG", "HB2", 'R'},
};

static void check_chirality(const ddmd_structure *s)
{
    for (int32_t r = 0; r < s->n_residues; r++) {
        for (size_t k = 0; k < sizeof centres / sizeof centres[0]; k++) {
            const char *name = s->residues[r].name;
            int32_t centre = find(s, r, centres[k].centre), a = find(s, r, centres[k].first);
            int32_t b = find(s, r, centres[k].second), c = find(s, r, centres[k].third);
            if (centres[k].residue ? strcmp(name, centres[k].residue) != 0 : c < 0)
                continue;
            assert_true(centre >= 0 && a >= 0 && b >= 0 && c >= 0);
            /* Seen with the fourth neighbour behind, first to third run clockwise in R. The
             * volume of regular tetrahedra with such bonds is 1.7e-3 nm^3 at least. */
            double v = volume(s, centre, a, b, c) * (centres[k].hand == 'S' ? 1 : -1);
            if (v < 1.4e-3)
                fail_msg("%s: %s of residue %d (%s) has the wrong hand: %g", s->source,
                         centres[k].centre, (int)r + 1, name, v);
        }
    }
}

static void check_peptide_bonds(const ddmd_structure *s)
{
    for (int32_t r = 1; r < s->n_residues; r++) {
        int32_t ca = find(s, r - 1, "CA"), next = find(s, r, "CA");
        if (ca < 0)
            ca = find(s, r - 1, "CH3");
        if (next < 0)
            next = find(s, r, "C"); /* of NME */
        if (next < 0)
            next = find(s, r, "HN1"); /* of NH2 */
        int32_t c = find(s, r - 1, "C"), n = find(s, r, "N");
        double omega = torsion(s, ca, c, n, next);
        if (fabs(turn(omega, 180)) > 2.01)
            fail_msg("%s: omega of residue %d is %g", s->source, (int)r + 1, omega);
        int32_t h = find(s, r, "H"), o = find(s, r - 1, "O");
        if (h >= 0)
            assert_true(fabs(turn(torsion(s, o, c, n, h), 180)) < 2.01);
    }
}

static bool within_bonds(const struct neighbours *neighbours, int32_t i, int32_t j, int depth)
{
    if (i == j)
        return true;
    for (int k = 0; depth > 0 && k < neighbours[i].n; k++) {
        if (within_bonds(neighbours, neighbours[i].atom[k], j, depth - 1))
            return true;
    }
    return false;
}

/* No atoms that more than three bonds part are nearer than 0.15 nm, nor are heavy ones than 0.23
 * (a short O-O or N-O of a strained hydrogen bond). */
static void check_clashes(const ddmd_structure *s, const struct neighbours *neighbours)
{
    for (int32_t i = 0; i < s->n_atoms; i++) {
        for (int32_t j = 0; j < i; j++) {
            bool hydrogen = s->atoms[i].element[0] == 'H' || s->atoms[j].element[0] == 'H';
            double nearest = hydrogen ? 0.15 : 0.23;
            if (fabs(at(s, i)[0] - at(s, j)[0]) > nearest || distance(s, i, j) >= nearest ||
                within_bonds(neighbours, i, j, 3))
                continue;
            fail_msg("%s: %s of residue %d and %s of residue %d are %g nm apart", s->source,
                     s->atoms[i].name, (int)s->atoms[i].residue + 1, s->atoms[j].name,
                     (int)s->atoms[j].residue + 1, distance(s, i, j));
        }
    }
}

static void check(const char *sequence, enum ddmd_peptide_fold fold)
{
    ddmd_structure *s = build(sequence, fold);
    struct neighbours *neighbours = find_neighbours(s);
    check_bonds(s);
    check_angles(s, neighbours);
    check_chirality(s);
    check_peptide_bonds(s);
    check_clashes(s, neighbours);
    free(neighbours);
    ddmd_structure_destroy(&s);
}

static void random_sequences_are_sound(void **state)
{
    (void)state;
    char sequence[MAX_SEQUENCE];
    for (uint32_t k = 0; k < 36; k++) {
        draw_sequence(k, letters, 10 + (int)k / 2, sequence);
        check(sequence, folds[0]);
        check(sequence, folds[1]);
    }
}

static void bulky_sequences_are_sound(void **state)
{
    (void)state;
    static const char *const alphabets[] = {"WFYRKHILMV", "VIT", "WR", "HLDN", "MQEK"};
    char sequence[MAX_SEQUENCE];
    for (uint32_t k = 0; k < 15; k++) {
        draw_sequence(k, alphabets[k % 5], 24, sequence);
        check(sequence, folds[k % 2]);
    }
}

static void prolines_are_sound(void **state)
{
    (void)state;
    static const char *const alphabets[] = {"PW", "PPPV", "PGA", "PAAAAAAA", "PIAKEAL"};
    char sequence[MAX_SEQUENCE];
    for (uint32_t k = 0; k < 25; k++) {
        draw_sequence(k, alphabets[k % 5], 28, sequence);
        check(sequence, DDMD_PEPTIDE_HELIX);
    }
    draw_sequence(0, "P", 20, sequence);
    check(sequence, folds[0]);
    check(sequence, folds[1]);
    /* One every few residues: kinks one behind the other. */
    check("ACE-AAAAPAAAAPAAAAPAAAAPAAAAP-NME", DDMD_PEPTIDE_HELIX);
    check("ACE-AAAPAAAPAAAPAAAPAAAPAAAPA-NME", DDMD_PEPTIDE_HELIX);
    check("ACE-AAPAAPAAPAAPAAPAAPAAPAAPA-NME", DDMD_PEPTIDE_HELIX);
    check("ACE-APAPAPAPAPAPAPAPAPAPAPAPA-NME", DDMD_PEPTIDE_HELIX);
}

static void torsions_are_those_of_the_fold(void **state)
{
    (void)state;
    static const double phi[] = {-135, -57}, psi[] = {135, -47};
    for (int k = 0; k < 2; k++) {
        ddmd_structure *s = build("ARNDCQEGHILKMFSTWYV", folds[k]);
        for (int32_t r = 0; r < s->n_residues; r++) {
            int32_t n = find(s, r, "N"), ca = find(s, r, "CA"), c = find(s, r, "C");
            int32_t before = find(s, r - 1, "C"), after = find(s, r + 1, "N");
            if (before >= 0)
                assert_true(fabs(turn(torsion(s, before, n, ca, c), phi[k])) < 1e-6);
            if (after >= 0)
                assert_true(fabs(turn(torsion(s, n, ca, c, after), psi[k])) < 1e-6);
        }
        ddmd_structure_destroy(&s);
    }
}

static void proline_has_the_phi_of_its_ring(void **state)
{
    (void)state;
    static const double phi[] = {-70, -57};
    for (int k = 0; k < 2; k++) {
        ddmd_structure *s = build("AAAAAAPAAAPPAA", folds[k]);
        for (int32_t r = 0; r < s->n_residues; r++) {
            if (strcmp(s->residues[r].name, "PRO") != 0)
                continue;
            assert_true(fabs(turn(torsion(s, find(s, r - 1, "C"), find(s, r, "N"), find(s, r, "CA"),
                                          find(s, r, "C")),
                                  phi[k])) < 1e-6);
        }
        ddmd_structure_destroy(&s);
    }
}

static void the_helix_is_an_alpha_helix(void **state)
{
    (void)state;
    enum { N = 21 };
    ddmd_structure *s = build("AAAAARAAAARAAAARAAAAA", DDMD_PEPTIDE_HELIX);
    double built[N][3], ideal[N][3];
    for (int32_t i = 0; i < N; i++) {
        memcpy(built[i], at(s, find(s, i, "CA")), sizeof built[i]);
        ideal[i][0] = 0.23 * cos(i * 100 * M_PI / 180);
        ideal[i][1] = 0.23 * sin(i * 100 * M_PI / 180);
        ideal[i][2] = 0.15 * i;
    }
    assert_true(ddmd_rmsd(built[0], ideal[0], N) < 0.01);
    /* Its hydrogen bonds, from the NH of each residue to the CO four before. */
    for (int32_t i = 4; i < N; i++) {
        double bond = distance(s, find(s, i - 4, "O"), find(s, i, "H"));
        assert_true(bond > 0.18 && bond < 0.22);
    }
    ddmd_structure_destroy(&s);
}

/* Direction of the axis of a helix at C-alpha i: across the normals of two residues. */
static void helix_axis(const ddmd_structure *s, int32_t i, double *axis)
{
    double normal[2][3];
    for (int32_t n = 0; n < 2; n++) {
        for (int k = 0; k < 3; k++)
            normal[n][k] = 2 * at(s, find(s, i + n, "CA"))[k] - at(s, find(s, i + n - 1, "CA"))[k] -
                           at(s, find(s, i + n + 1, "CA"))[k];
    }
    const double *a = normal[0], *b = normal[1];
    axis[0] = a[1] * b[2] - a[2] * b[1];
    axis[1] = a[2] * b[0] - a[0] * b[2];
    axis[2] = a[0] * b[1] - a[1] * b[0];
}

static void a_proline_kinks_the_helix_and_does_not_end_it(void **state)
{
    (void)state;
    ddmd_structure *s = build("AAAAAAAAAAPAAAAAAAAA", DDMD_PEPTIDE_HELIX);
    double a[3], b[3], dot = 0, a2 = 0, b2 = 0;
    helix_axis(s, 3, a);
    helix_axis(s, 14, b);
    for (int k = 0; k < 3; k++) {
        dot += a[k] * b[k];
        a2 += a[k] * a[k];
        b2 += b[k] * b[k];
    }
    /* 26 +- 5 degrees in proteins (Barlow and Thornton, J. Mol. Biol. 201, 601, 1988); a break
     * would turn the chain by a right angle or more. */
    double kink = acos(dot / sqrt(a2 * b2)) * 180 / M_PI;
    if (kink < 10 || kink > 50)
        fail_msg("a kink of %g degrees", kink);
    ddmd_structure_destroy(&s);
}

static void the_strand_is_extended(void **state)
{
    (void)state;
    ddmd_structure *s = build("ACE-AAAAAAAAAAAAAAAAAAAAA-NME", DDMD_PEPTIDE_EXTENDED);
    for (int32_t i = 1; i + 2 < s->n_residues - 1; i++) {
        int32_t a = find(s, i, "CA"), b = find(s, i + 1, "CA"), c = find(s, i + 2, "CA");
        assert_true(fabs(distance(s, a, b) - 0.380) < 0.001);
        assert_true(fabs(distance(s, a, c) - 0.69) < 0.01);
    }
    /* From the origin along x. */
    const double *first = at(s, find(s, 1, "CA")), *last = at(s, find(s, 21, "CA"));
    for (int k = 0; k < 3; k++)
        assert_true(fabs(first[k]) < 1e-9);
    assert_true(last[0] > 6.5 && fabs(last[1]) < 1e-6 && fabs(last[2]) < 1e-6);
    ddmd_structure_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_those_of_engh_and_huber),
        cmocka_unit_test(random_sequences_are_sound),
        cmocka_unit_test(bulky_sequences_are_sound),
        cmocka_unit_test(prolines_are_sound),
        cmocka_unit_test(torsions_are_those_of_the_fold),
        cmocka_unit_test(proline_has_the_phi_of_its_ring),
        cmocka_unit_test(the_helix_is_an_alpha_helix),
        cmocka_unit_test(a_proline_kinks_the_helix_and_does_not_end_it),
        cmocka_unit_test(the_strand_is_extended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
