/* The inside of a catalogue: the database, its lock and its prepared statements. */
#ifndef DDMD_STORE_CATALOGUE_H
#define DDMD_STORE_CATALOGUE_H

#include "store/lock.h"

#include "ddmd/store.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DDMD_STATEMENTS_MAX = 48 };

struct ddmd_catalogue {
    char *path;
    sqlite3 *database;
    ddmd_lock *lock; /* of a writer */
    struct {
        const char *sql; /* told apart by address: each stands once, beside its only use */
        sqlite3_stmt *handle;
    } statements[DDMD_STATEMENTS_MAX];
    size_t n_statements;
};

/* What SQLite's result code and message mean to a caller. */
enum ddmd_status ddmd_catalogue_fail(const ddmd_catalogue *catalogue, int result, ddmd_error *err);

/*
 * A statement in use. Values are put, and columns taken, in their order; a put that fails is
 * remembered and reported by the next step.
 */
typedef struct ddmd_statement {
    ddmd_catalogue *catalogue;
    sqlite3_stmt *handle;
    int put, taken;
    int result;
} ddmd_statement;

/* sql: a static string; it is prepared once for a catalogue. */
enum ddmd_status ddmd_statement_begin(ddmd_catalogue *catalogue, const char *sql,
                                      ddmd_statement *statement, ddmd_error *err);

/*
 * The same, and the step to the first row (row false: there is none), where no values are put.
 * Where it fails, the use has ended.
 */
enum ddmd_status ddmd_statement_first(ddmd_catalogue *catalogue, const char *sql,
                                      ddmd_statement *statement, bool *row, ddmd_error *err);

void ddmd_put_integer(ddmd_statement *statement, int64_t value);
void ddmd_put_count(ddmd_statement *statement, uint64_t value);  /* at most INT64_MAX */
void ddmd_put_id(ddmd_statement *statement, int64_t value);      /* negative: NULL */
void ddmd_put_number(ddmd_statement *statement, double value);   /* NaN: NULL */
void ddmd_put_text(ddmd_statement *statement, const char *text); /* copied; NULL: NULL */

/* The next row; *row false: there is no more. Columns are then taken from the first on. */
enum ddmd_status ddmd_statement_step(ddmd_statement *statement, bool *row, ddmd_error *err);

int64_t ddmd_take_integer(ddmd_statement *statement);
uint64_t ddmd_take_count(ddmd_statement *statement); /* negative: 0 */
uint32_t ddmd_take_u32(ddmd_statement *statement);   /* out of range: UINT32_MAX */
int64_t ddmd_take_id(ddmd_statement *statement);     /* NULL: -1 */
double ddmd_take_number(ddmd_statement *statement);  /* NULL: NaN */
void ddmd_take_text(ddmd_statement *statement, char *text, size_t size); /* cut to fit */

/* One of n names: FORMAT where the column holds none of them. */
enum ddmd_status ddmd_take_name(ddmd_statement *statement, const char *const *names, size_t n,
                                int *value, ddmd_error *err);

/* Ends the use; it must follow every successful begin. */
void ddmd_statement_end(ddmd_statement *statement);

/* Step a statement that gives no rows, and end it. */
enum ddmd_status ddmd_statement_finish(ddmd_statement *statement, ddmd_error *err);

#endif
