/*
 * The subject of a campaign: what is simulated, where it starts and what is measured on it, built
 * from a configuration. Mistakes of the user (files, residues, selections) are collected, each
 * with the line of the configuration that led to it.
 */
#ifndef DDMD_CAMPAIGN_SUBJECT_H
#define DDMD_CAMPAIGN_SUBJECT_H

#include "ddmd/config.h"
#include "ddmd/engine.h"
#include "ddmd/model.h"
#include "ddmd/store.h"

typedef struct ddmd_subject {
    ddmd_structure *structure;
    ddmd_system *system;

    size_t n_starts;
    double *starts; /* [n_starts][n_atoms][3], nm, as given: not minimised */

    size_t n_points; /* atoms of the contact map */
    int32_t *point_atoms;
    double contact_cutoff_nm;

    size_t n_rmsd_atoms; /* 0: no reference */
    int32_t *rmsd_atoms;
    double *reference; /* [n_rmsd_atoms][3], nm */
} ddmd_subject;

/* CONFIG where mistakes were added. */
enum ddmd_status ddmd_subject_create(const ddmd_config *config, ddmd_subject **subject,
                                     ddmd_mistakes *mistakes, ddmd_error *err);
/* Add the mistake that `why` describes, with the place in the configuration that led to it. */
void ddmd_subject_blame(const ddmd_config *config, const char *key, const ddmd_error *why,
                        ddmd_mistakes *mistakes);
void ddmd_subject_destroy(ddmd_subject **subject);

/*
 * Fill rmsd_nm, radius_of_gyration_nm and contact_map (memory of the caller) of a frame from its
 * positions. scratch: ddmd_subject_scratch() doubles.
 */
void ddmd_subject_measure(const ddmd_subject *subject, ddmd_frame *frame, double *scratch);
size_t ddmd_subject_scratch(const ddmd_subject *subject);

/* The options that a configuration asks for. Strings are loans from the configuration. */
ddmd_engine_options ddmd_subject_engine_options(const ddmd_config *config, const ddmd_log *log);
ddmd_model_options ddmd_subject_model_options(const ddmd_config *config);

/* Steps between reports, and reports in a segment. */
int64_t ddmd_subject_report_steps(const ddmd_config *config);
int64_t ddmd_subject_segment_reports(const ddmd_config *config);

#endif
