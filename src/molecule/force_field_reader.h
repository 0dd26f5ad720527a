/* The state of reading one force-field file; shared by the files that read its sections. */
#ifndef DDMD_MOLECULE_FORCE_FIELD_READER_H
#define DDMD_MOLECULE_FORCE_FIELD_READER_H

#include "force_field_data.h"
#include "xml_elements.h"

enum { DDMD_FF_MAX_REFUSED = 8 };

/* A bond or external bond (b -1) of the residue that is being read. */
typedef struct ddmd_ff_residue_bond {
    bool by_name;
    int32_t a, b; /* numbers in names, or of atoms */
    int32_t line;
} ddmd_ff_residue_bond;

typedef struct ddmd_ff_reader {
    ddmd_force_field *force_field;
    int32_t source;
    ddmd_ff_includes *includes;

    enum ddmd_ff_section {
        DDMD_FF_IN_NOTHING,
        DDMD_FF_IN_TYPES,
        DDMD_FF_IN_RESIDUES,
        DDMD_FF_IN_BONDS,
        DDMD_FF_IN_ANGLES,
        DDMD_FF_IN_TORSIONS,
        DDMD_FF_IN_NONBONDED,
        DDMD_FF_IN_GBSA
    } section;
    bool amber_ordering;   /* of this <PeriodicTorsionForce> */
    size_t first_particle; /* of this <NonbondedForce> or <GBSAOBCForce> */
    unsigned from_residue;

    ddmd_ff_template residue;
    size_t residue_capacity;
    bool in_residue;
    ddmd_ff_residue_bond *residue_bonds;
    size_t n_residue_bonds, residue_bonds_capacity;

    bool has_sections; /* any that is not refused */
    struct ddmd_ff_refused {
        char what[40];
        int32_t line; /* the first */
    } refused[DDMD_FF_MAX_REFUSED];
    int n_refused;
} ddmd_ff_reader;

enum ddmd_status ddmd_ff_read_name(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                   const char *attribute, int32_t *name, ddmd_error *err);
enum ddmd_status ddmd_ff_read_values(const ddmd_xml_element *element, ddmd_ff_values *values,
                                     ddmd_error *err);

/* Note something that is not supported; the file is read to its end and then refused. */
void ddmd_ff_refuse(ddmd_ff_reader *reader, const char *what, int32_t line);

/* <Residue>, what stands in it, </Residue>. */
enum ddmd_status ddmd_ff_begin_residue(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                       ddmd_error *err);
enum ddmd_status ddmd_ff_read_residue_part(ddmd_ff_reader *reader, const ddmd_xml_element *element,
                                           ddmd_error *err);
enum ddmd_status ddmd_ff_end_residue(ddmd_ff_reader *reader, ddmd_error *err);

void ddmd_ff_reader_clear(ddmd_ff_reader *reader);

#endif
