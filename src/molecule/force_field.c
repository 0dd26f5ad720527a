/* Loading force-field files and merging what they say. */
#include "force_field_data.h"

#include "core/array.h"
#include "core/file.h"
#include "core/text.h"
#include "core/try.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 64, MAX_FILE_BYTES = 256 << 20 };

static void template_clear(ddmd_ff_template *t)
{
    free(t->atoms);
    free(t->bonded);
}

void ddmd_force_field_destroy(ddmd_force_field **force_field)
{
    ddmd_force_field *ff = *force_field;
    if (!ff)
        return;
    ddmd_names_clear(&ff->names);
    for (size_t i = 0; i < ff->n_sources; i++)
        free(ff->sources[i]);
    free(ff->sources);
    free(ff->types);
    for (size_t i = 0; i < ff->n_templates; i++)
        template_clear(&ff->templates[i]);
    free(ff->templates);
    free(ff->bonds);
    free(ff->angles);
    free(ff->propers);
    free(ff->impropers);
    free(ff->terms);
    free(ff->particles);
    for (int f = 0; f < DDMD_FF_N_FORCES; f++)
        free(ff->particle_of_type[f]);
    free(ff);
    *force_field = NULL;
}

/* For each name, the type that it names (-1: none), and whether it names a class. */
typedef struct meanings {
    int32_t *type;
    bool *is_class;
    size_t *n_of_class;
} meanings;

static enum ddmd_status find_meanings(const ddmd_force_field *ff, meanings *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_array_alloc(&m->type, ff->names.n, sizeof *m->type, err));
    DDMD_TRY(ddmd_array_alloc(&m->is_class, ff->names.n, sizeof *m->is_class, err));
    DDMD_TRY(ddmd_array_alloc(&m->n_of_class, ff->names.n, sizeof *m->n_of_class, err));
    memset(m->type, -1, ff->names.n * sizeof *m->type);
    for (size_t i = 0; i < ff->n_types; i++) {
        const ddmd_ff_type *type = &ff->types[i];
        if (m->type[type->name] >= 0) {
            const ddmd_ff_place *before = &ff->types[m->type[type->name]].place;
            DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: atom type %s was defined before (%s:%d)",
                      ff->sources[type->place.source], type->place.line,
                      ddmd_ff_name(ff, type->name), ff->sources[before->source], before->line);
        }
        m->type[type->name] = (int32_t)i;
        m->is_class[type->class_name] = true;
        m->n_of_class[type->class_name]++;
    }
out:
    return status;
}

static void meanings_clear(meanings *m)
{
    free(m->type);
    free(m->is_class);
    free(m->n_of_class);
}

/* Of templates with one name, the one of the highest override level stays. */
static enum ddmd_status merge_templates(ddmd_force_field *ff, const meanings *m, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int32_t *kept = NULL; /* template of each name, -1: none */
    DDMD_TRY(ddmd_array_alloc(&kept, ff->names.n, sizeof *kept, err));
    memset(kept, -1, ff->names.n * sizeof *kept);
    for (size_t i = 0; i < ff->n_templates; i++) {
        ddmd_ff_template *t = &ff->templates[i];
        const char *source = ff->sources[t->place.source];
        for (int32_t a = 0; a < t->n_atoms; a++) {
            t->atoms[a].type = m->type[t->atoms[a].type_name];
            if (t->atoms[a].type < 0)
                DDMD_FAIL(err, DDMD_FORMAT,
                          "%s:%d: atom %s of residue %s has the type %s, which "
                          "no file defines",
                          source, t->atoms[a].line, ddmd_ff_name(ff, t->atoms[a].name),
                          ddmd_ff_name(ff, t->name), ddmd_ff_name(ff, t->atoms[a].type_name));
        }
        if (kept[t->name] < 0) {
            kept[t->name] = (int32_t)i;
            continue;
        }
        ddmd_ff_template *before = &ff->templates[kept[t->name]];
        if (t->override_level == before->override_level)
            DDMD_FAIL(err, DDMD_FORMAT, "%s:%d: residue %s was defined before (%s:%d)", source,
                      t->place.line, ddmd_ff_name(ff, t->name), ff->sources[before->place.source],
                      before->place.line);
        if (t->override_level > before->override_level)
            kept[t->name] = (int32_t)i;
    }
    size_t n = 0;
    for (size_t i = 0; i < ff->n_templates; i++) {
        if (kept[ff->templates[i].name] == (int32_t)i)
            ff->templates[n++] = ff->templates[i];
        else
            template_clear(&ff->templates[i]);
    }
    ff->n_templates = n;
out:
    free(kept);
    return status;
}

/* Whether a slot names a type or class that exists. */
static bool is_known(const meanings *m, const ddmd_ff_slot *slot)
{
    return slot->kind == DDMD_FF_ANY ||
           (slot->kind == DDMD_FF_TYPE ? m->type[slot->name] >= 0 : m->is_class[slot->name]);
}

static bool are_known(const meanings *m, const ddmd_ff_slot *slots, int n)
{
    for (int i = 0; i < n; i++)
        if (!is_known(m, &slots[i]))
            return false;
    return true;
}

/* Parameters for types that no file has are left out: files may speak of each other's types. */
static void drop_unknown(ddmd_force_field *ff, const meanings *m)
{
    size_t n = 0;
    for (size_t i = 0; i < ff->n_bonds; i++)
        if (are_known(m, ff->bonds[i].slot, 2))
            ff->bonds[n++] = ff->bonds[i];
    ff->n_bonds = n;
    n = 0;
    for (size_t i = 0; i < ff->n_angles; i++)
        if (are_known(m, ff->angles[i].slot, 3))
            ff->angles[n++] = ff->angles[i];
    ff->n_angles = n;
}

static void merge_torsions(const ddmd_force_field *ff, const meanings *m, ddmd_ff_torsion *torsions,
                           size_t *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        ddmd_ff_torsion torsion = torsions[i];
        if (!are_known(m, torsion.slot, 4))
            continue;
        for (int s = 0; s < 4; s++) {
            const ddmd_ff_slot *slot = &torsion.slot[s];
            torsion.has_wildcard |=
                slot->kind == DDMD_FF_ANY ||
                (slot->kind == DDMD_FF_CLASS && m->n_of_class[slot->name] == ff->n_types);
        }
        torsions[kept++] = torsion;
    }
    *n = kept;
}

/* The latest <Atom> for each type, which may name the type, its class or any. */
static enum ddmd_status merge_particles(ddmd_force_field *ff, const meanings *m, int force,
                                        ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    const ddmd_ff_particle **of_type, **of_class = NULL, *of_any = NULL;
    DDMD_TRY(ddmd_array_alloc(&ff->particle_of_type[force], ff->n_types, sizeof(void *), err));
    DDMD_TRY(ddmd_array_alloc(&of_class, ff->names.n, sizeof(void *), err));
    of_type = ff->particle_of_type[force];
    for (size_t i = 0; i < ff->n_particles; i++) {
        const ddmd_ff_particle *p = &ff->particles[i];
        if (p->force != (enum ddmd_ff_force)force || !is_known(m, &p->slot))
            continue;
        if (p->slot.kind == DDMD_FF_TYPE)
            of_type[m->type[p->slot.name]] = p;
        else if (p->slot.kind == DDMD_FF_CLASS)
            of_class[p->slot.name] = p;
        else
            of_any = p;
    }
    for (size_t t = 0; t < ff->n_types; t++) {
        const ddmd_ff_particle *by_class = of_class[ff->types[t].class_name];
        if (by_class && (!of_type[t] || by_class > of_type[t]))
            of_type[t] = by_class;
        if (of_any && (!of_type[t] || of_any > of_type[t]))
            of_type[t] = of_any;
    }
out:
    free(of_class);
    return status;
}

enum ddmd_status ddmd_ff_merge(ddmd_force_field *force_field, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = force_field;
    meanings m = {0};
    DDMD_TRY(find_meanings(ff, &m, err));
    DDMD_TRY(merge_templates(ff, &m, err));
    drop_unknown(ff, &m);
    merge_torsions(ff, &m, ff->propers, &ff->n_propers);
    merge_torsions(ff, &m, ff->impropers, &ff->n_impropers);
    for (int force = 0; force < DDMD_FF_N_FORCES; force++)
        DDMD_TRY(merge_particles(ff, &m, force, err));
out:
    meanings_clear(&m);
    return status;
}

enum ddmd_status ddmd_force_field_parse(const char *bytes, size_t length, const char *source,
                                        ddmd_force_field **force_field, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = NULL;
    DDMD_TRY(ddmd_array_alloc(&ff, 1, sizeof *ff, err));
    DDMD_TRY(ddmd_ff_read_xml(ff, bytes, length, source, NULL, err));
    DDMD_TRY(ddmd_ff_merge(ff, err));
    *force_field = ff;
    ff = NULL;
out:
    ddmd_force_field_destroy(&ff);
    return status;
}

/* Files still to be read: those asked for, then those that they include. */
typedef struct file_list {
    char **paths;
    size_t n, capacity;
} file_list;

/* Takes *path over on success. */
static enum ddmd_status list_add(file_list *list, char **path, ddmd_error *err)
{
    if (list->n == MAX_FILES)
        return ddmd_error_set(err, DDMD_FORMAT, "%s: more than %d force-field files", *path,
                              MAX_FILES);
    enum ddmd_status status =
        ddmd_array_reserve(&list->paths, &list->capacity, list->n + 1, sizeof *list->paths, err);
    if (status == DDMD_OK) {
        list->paths[list->n++] = *path;
        *path = NULL;
    }
    return status;
}

/* An included file is looked for beside the one that includes it, then as any other. */
static enum ddmd_status list_add_included(file_list *list, const char *includer, const char *name,
                                          ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *path = NULL;
    const char *slash = strrchr(includer, '/');
    DDMD_TRY(ddmd_text_format(&path, err, "%.*s%s", slash ? (int)(slash - includer) + 1 : 0,
                              includer, name));
    if (!ddmd_file_exists(path)) {
        free(path);
        path = NULL;
        DDMD_TRY(ddmd_force_field_find(name, &path, err));
    }
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->paths[i], path) == 0)
            goto out;
    DDMD_TRY(list_add(list, &path, err));
out:
    free(path);
    if (status != DDMD_OK)
        ddmd_error_prefix(err, "%s: ", includer);
    return status;
}

static enum ddmd_status load_file(ddmd_force_field *ff, file_list *list, const char *path,
                                  ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_ff_includes includes = {0};
    char *bytes = NULL;
    size_t length = 0;
    DDMD_TRY(ddmd_file_read(path, MAX_FILE_BYTES, &bytes, &length, err));
    DDMD_TRY(ddmd_ff_read_xml(ff, bytes, length, path, &includes, err));
    for (size_t i = 0; i < includes.n; i++)
        DDMD_TRY(list_add_included(list, path, includes.names[i], err));
out:
    ddmd_ff_includes_clear(&includes);
    free(bytes);
    return status;
}

enum ddmd_status ddmd_force_field_load(const char *const *names, size_t n,
                                       ddmd_force_field **force_field, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_force_field *ff = NULL;
    file_list list = {0};
    char *path = NULL;
    if (n == 0)
        DDMD_FAIL(err, DDMD_CONFIG, "no force-field file was given");
    DDMD_TRY(ddmd_array_alloc(&ff, 1, sizeof *ff, err));
    for (size_t i = 0; i < n; i++) {
        DDMD_TRY(ddmd_force_field_find(names[i], &path, err));
        DDMD_TRY(list_add(&list, &path, err));
    }
    for (size_t i = 0; i < list.n; i++) {
        const char *next = list.paths[i]; /* the list itself may move while it grows */
        DDMD_TRY(load_file(ff, &list, next, err));
    }
    DDMD_TRY(ddmd_ff_merge(ff, err));
    *force_field = ff;
    ff = NULL;
out:
    ddmd_force_field_destroy(&ff);
    for (size_t i = 0; i < list.n; i++)
        free(list.paths[i]);
    free(list.paths);
    free(path);
    return status;
}
