#include "sample.h"

#include "ddmd/geometry.h"
#include "support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATOMS_PER_RESIDUE = 4 };

ddmd_structure *sample_structure(int32_t n)
{
    static const char *const names[ATOMS_PER_RESIDUE] = {"N", "CA", "C", "HB2"};
    static const char *const elements[ATOMS_PER_RESIDUE] = {"N", "C", "C", "H"};
    ddmd_structure *s = calloc(1, sizeof *s);
    assert_non_null(s);
    int32_t n_residues = (n + ATOMS_PER_RESIDUE - 1) / ATOMS_PER_RESIDUE;
    s->source = strdup("sample.pdb");
    s->n_atoms = n;
    s->n_residues = n_residues;
    s->n_chains = n_residues > 1 ? 2 : 1;
    s->n_models = 1;
    s->atoms = calloc((size_t)n, sizeof *s->atoms);
    s->residues = calloc((size_t)n_residues, sizeof *s->residues);
    s->chains = calloc((size_t)s->n_chains, sizeof *s->chains);
    s->bonds = calloc((size_t)n, sizeof *s->bonds);
    s->positions = calloc((size_t)n * 3, sizeof *s->positions);
    assert_true(s->source && s->atoms && s->residues && s->chains && s->bonds && s->positions);
    for (int32_t i = 0; i < n; i++) {
        ddmd_residue *residue = &s->residues[i / ATOMS_PER_RESIDUE];
        ddmd_atom *atom = &s->atoms[i];
        snprintf(atom->name, sizeof atom->name, "%s", names[i % ATOMS_PER_RESIDUE]);
        snprintf(atom->element, sizeof atom->element, "%s", elements[i % ATOMS_PER_RESIDUE]);
        atom->residue = i / ATOMS_PER_RESIDUE;
        atom->line = i + 10;
        atom->occupancy = 0.5F;
        atom->b_factor = 0.1F * (float)i;
        atom->hetero = i % 7 == 6;
        if (residue->n_atoms++ == 0)
            residue->first_atom = i;
        else
            s->bonds[s->n_bonds][0] = i - 1, s->bonds[s->n_bonds++][1] = i;
    }
    for (int32_t i = 0; i < n_residues; i++) {
        int32_t chain = i < n_residues / 2 || s->n_chains == 1 ? 0 : 1;
        snprintf(s->residues[i].name, sizeof s->residues[i].name, i % 2 ? "ALA" : "GLY");
        s->residues[i].number = i - 3;
        s->residues[i].insertion_code = i == 1 ? 'A' : ' ';
        s->residues[i].chain = chain;
        if (s->chains[chain].n_residues++ == 0)
            s->chains[chain].first_residue = i;
    }
    for (int32_t i = 0; i < s->n_chains; i++)
        snprintf(s->chains[i].id, sizeof s->chains[i].id, "%c", 'A' + i);
    return s;
}

ddmd_frame sample_frame_alloc(size_t n_atoms, size_t n_points)
{
    ddmd_frame frame = {.positions = calloc(3 * n_atoms, sizeof(float)),
                        .velocities = calloc(3 * n_atoms, sizeof(float)),
                        .contact_map = calloc(ddmd_contact_map_bytes(n_points) + 1, 1)};
    assert_true(frame.positions && frame.velocities && frame.contact_map);
    return frame;
}

void sample_frame_free(ddmd_frame *frame)
{
    free(frame->positions);
    free(frame->velocities);
    free(frame->contact_map);
    *frame = (ddmd_frame){0};
}

static float number(uint64_t row, size_t at)
{
    return (float)(sin((double)row * 0.7 + (double)at * 0.31) * 3.0);
}

void sample_frame_fill(ddmd_frame *frame, size_t n_atoms, size_t n_points, uint64_t row)
{
    frame->simulation = (uint32_t)(row % 5);
    frame->index = (uint32_t)(row / 5);
    frame->system = (uint32_t)(row % 2);
    frame->step = (row / 5 + 1) * 500;
    frame->time_ps = (double)(frame->index + 1);
    for (size_t i = 0; i < 3 * n_atoms; i++) {
        frame->positions[i] = number(row, i);
        frame->velocities[i] = number(row + 1000003, i);
    }
    frame->potential_energy = -100.0 / (double)(row + 1);
    frame->kinetic_energy = 3.0 * (double)row;
    frame->rmsd_nm = row % 4 == 3 ? NAN : number(row, 7);
    frame->radius_of_gyration_nm = number(row, 8);
    for (size_t i = 0; i < ddmd_contact_map_bytes(n_points); i++)
        frame->contact_map[i] = (uint8_t)(row * 31 + i * 7);
}

void sample_frame_check(const ddmd_frame *frame, size_t n_atoms, size_t n_points, uint64_t row)
{
    ddmd_frame right = sample_frame_alloc(n_atoms, n_points);
    sample_frame_fill(&right, n_atoms, n_points, row);
    assert_int_equal(frame->simulation, right.simulation);
    assert_int_equal(frame->index, right.index);
    assert_int_equal(frame->system, right.system);
    assert_int_equal(frame->step, right.step);
    assert_memory_equal(&frame->time_ps, &right.time_ps, sizeof right.time_ps);
    assert_memory_equal(&frame->potential_energy, &right.potential_energy, sizeof(double));
    assert_memory_equal(&frame->kinetic_energy, &right.kinetic_energy, sizeof(double));
    assert_memory_equal(&frame->rmsd_nm, &right.rmsd_nm, sizeof(float));
    assert_memory_equal(&frame->radius_of_gyration_nm, &right.radius_of_gyration_nm, sizeof(float));
    assert_memory_equal(frame->positions, right.positions, 3 * n_atoms * sizeof(float));
    assert_memory_equal(frame->velocities, right.velocities, 3 * n_atoms * sizeof(float));
    assert_memory_equal(frame->contact_map, right.contact_map, ddmd_contact_map_bytes(n_points));
    sample_frame_free(&right);
}
