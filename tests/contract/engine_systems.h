/* Systems that the engines are tried with. */
#ifndef DDMD_TEST_ENGINE_SYSTEMS_H
#define DDMD_TEST_ENGINE_SYSTEMS_H

#include "ddmd/engine.h"

typedef struct test_subject {
    const char *name;
    ddmd_system *system; /* NULL: `missing` says what it takes */
    char missing[512];
    double *positions; /* [n_atoms][3], nm */
    int32_t pair[2];   /* atoms that repel each other and share no bond or angle */
    double timestep_fs;
} test_subject;

/* 12 beads with every kind of term that engine toy knows. */
void test_subject_chain(test_subject *subject);

/* ACE-A-NME in implicit solvent, hydrogen bonds constrained; needs the force-field files. */
void test_subject_alanine(test_subject *subject);

void test_subject_clear(test_subject *subject);

#endif
