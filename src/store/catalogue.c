/* The catalogue as a file: creating, opening, transactions, identity. */
#include "store/catalogue.h"

#include "store/rename.h"
#include "store/schema.h"

#include "core/array.h"
#include "core/file.h"
#include "core/text.h"
#include "core/try.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 10000 };

static enum ddmd_status execute(ddmd_catalogue *catalogue, const char *sql, ddmd_error *err)
{
    int result = sqlite3_exec(catalogue->database, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? DDMD_OK : ddmd_catalogue_fail(catalogue, result, err);
}

static int take_first_integer(void *value, int n, char **columns, char **names)
{
    (void)names;
    if (n > 0 && columns[0])
        *(long long *)value = strtoll(columns[0], NULL, 10);
    return 0;
}

static enum ddmd_status pragma(ddmd_catalogue *catalogue, const char *sql, long long *value,
                               ddmd_error *err)
{
    *value = 0;
    int result = sqlite3_exec(catalogue->database, sql, take_first_integer, value, NULL);
    return result == SQLITE_OK ? DDMD_OK : ddmd_catalogue_fail(catalogue, result, err);
}

/* Open the database itself; on failure too, catalogue->database is to be closed. */
static enum ddmd_status open_database(ddmd_catalogue *catalogue, const char *name, int flags,
                                      ddmd_error *err)
{
    int result = sqlite3_open_v2(name, &catalogue->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK)
        return ddmd_catalogue_fail(catalogue, result, err);
    sqlite3_extended_result_codes(catalogue->database, 1);
    sqlite3_busy_timeout(catalogue->database, BUSY_TIMEOUT_MS);
    sqlite3_db_config(catalogue->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return execute(catalogue, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;", err);
}

static enum ddmd_status check_identity(ddmd_catalogue *catalogue, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    long long application = 0, version = 0;
    DDMD_TRY(pragma(catalogue, "PRAGMA application_id", &application, err));
    DDMD_TRY(pragma(catalogue, "PRAGMA user_version", &version, err));
    if (application != DDMD_SCHEMA_APPLICATION)
        DDMD_FAIL(err, DDMD_FORMAT, "%s: an SQLite database, but not a catalogue of ddmd",
                  catalogue->path);
    if (version != DDMD_SCHEMA_VERSION)
        DDMD_FAIL(err, DDMD_FORMAT,
                  "%s: catalogue schema %lld, and this ddmd knows schema %d: open it with the "
                  "version of ddmd that wrote it",
                  catalogue->path, version, DDMD_SCHEMA_VERSION);
out:
    return status;
}

static enum ddmd_status new_catalogue(const char *path, ddmd_catalogue **catalogue, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_catalogue *new = NULL;
    DDMD_TRY(ddmd_array_alloc(&new, 1, sizeof *new, err));
    DDMD_TRY(ddmd_text_format(&new->path, err, "%s", path));
    *catalogue = new;
    new = NULL;
out:
    free(new);
    return status;
}

void ddmd_catalogue_close(ddmd_catalogue **catalogue)
{
    ddmd_catalogue *c = *catalogue;
    if (!c)
        return;
    for (size_t i = 0; i < c->n_statements; i++)
        sqlite3_finalize(c->statements[i].handle);
    sqlite3_close(c->database);
    ddmd_lock_release(&c->lock);
    free(c->path);
    free(c);
    *catalogue = NULL;
}

static enum ddmd_status open_for_writing(ddmd_catalogue *catalogue, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(open_database(catalogue, catalogue->path, SQLITE_OPEN_READWRITE, err));
    DDMD_TRY(check_identity(catalogue, err));
    DDMD_TRY(execute(catalogue,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "PRAGMA foreign_keys = ON;",
                     err));
out:
    return status;
}

/* "file:PATH?immutable=1", with what a URI gives a meaning to written as %xx. */
static enum ddmd_status immutable_name(const char *path, char **name, ddmd_error *err)
{
    ddmd_text text = {0};
    ddmd_text_add(&text, "file:");
    for (const char *p = path; *p; p++)
        ddmd_text_add(&text, strchr("%?#", *p) ? "%%%02x" : "%c", (unsigned char)*p);
    ddmd_text_add(&text, "?immutable=1");
    return ddmd_text_take(&text, name, err);
}

/*
 * A reader of a WAL database makes files beside it, which it removes where it may write there; so
 * it opens the database like a writer, and does not write. In a directory where it may not make
 * files, a database that nobody writes (no -wal file) is read as one that does not change.
 */
static enum ddmd_status open_for_reading(ddmd_catalogue *catalogue, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *wal = NULL, *name = NULL;
    DDMD_TRY(ddmd_text_format(&wal, err, "%s-wal", catalogue->path));
    status = open_database(catalogue, catalogue->path, SQLITE_OPEN_READWRITE, err);
    if (status == DDMD_OK)
        status = check_identity(catalogue, err);
    if ((status == DDMD_IO || status == DDMD_INVALID) && !ddmd_file_exists(wal)) {
        sqlite3_close(catalogue->database);
        catalogue->database = NULL;
        DDMD_TRY(immutable_name(catalogue->path, &name, err));
        DDMD_TRY(open_database(catalogue, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err));
        status = check_identity(catalogue, err);
    }
    if (status == DDMD_OK)
        status = execute(catalogue, "PRAGMA query_only = ON", err);
out:
    free(name);
    free(wal);
    return status;
}

enum ddmd_status ddmd_catalogue_open(const char *path, bool read_only, ddmd_catalogue **catalogue,
                                     ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_catalogue *new = NULL;
    if (access(path, R_OK) != 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno));
    DDMD_TRY(new_catalogue(path, &new, err));
    if (!read_only)
        DDMD_TRY(ddmd_lock_take(path, &new->lock, err));
    DDMD_TRY(read_only ? open_for_reading(new, err) : open_for_writing(new, err));
    *catalogue = new;
    new = NULL;
out:
    ddmd_catalogue_close(&new);
    return status;
}

enum ddmd_status ddmd_catalogue_is_held(const char *path, bool *held, ddmd_error *err)
{
    return ddmd_lock_is_held(path, held, err);
}

/* ---- creating ------------------------------------------------------------------------------- */

static enum ddmd_status write_identity(ddmd_catalogue *catalogue, const char *campaign,
                                       const char *mode, uint64_t seed, ddmd_error *err)
{
    static const char sql[] =
        "INSERT INTO meta (only_row, campaign, mode, seed) VALUES (1, ?, ?, ?)";
    char digits[32], pragmas[96];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             DDMD_SCHEMA_APPLICATION, DDMD_SCHEMA_VERSION);
    enum ddmd_status status = DDMD_OK;
    ddmd_statement statement;
    DDMD_TRY(ddmd_statement_begin(catalogue, sql, &statement, err));
    ddmd_put_text(&statement, campaign);
    ddmd_put_text(&statement, mode);
    ddmd_put_text(&statement, digits);
    DDMD_TRY(ddmd_statement_finish(&statement, err));
    DDMD_TRY(execute(catalogue, pragmas, err));
out:
    return status;
}

/* A whole catalogue under another name, closed again. */
static enum ddmd_status build(const char *path, const char *campaign, const char *mode,
                              uint64_t seed, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_catalogue *new = NULL;
    DDMD_TRY(new_catalogue(path, &new, err));
    DDMD_TRY(open_database(new, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err));
    /* It gets its name once it is complete, so it needs no journal on disk. */
    DDMD_TRY(execute(new, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL; BEGIN;", err));
    DDMD_TRY(execute(new, ddmd_schema, err));
    DDMD_TRY(write_identity(new, campaign, mode, seed, err));
    DDMD_TRY(execute(new, "COMMIT", err));
out:
    ddmd_catalogue_close(&new);
    return status;
}

enum ddmd_status ddmd_catalogue_create(const char *path, const char *campaign, const char *mode,
                                       uint64_t seed, ddmd_catalogue **catalogue, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_catalogue *new = NULL;
    char *beside = NULL;
    bool made = false;
    DDMD_TRY(new_catalogue(path, &new, err));
    DDMD_TRY(ddmd_text_format(&beside, err, "%s.new", path));
    DDMD_TRY(ddmd_lock_take(path, &new->lock, err));
    if (ddmd_file_exists(path))
        DDMD_FAIL(err, DDMD_IO, "%s: exists already", path);
    if (unlink(beside) != 0 && errno != ENOENT)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", beside, strerror(errno));
    made = true;
    DDMD_TRY(build(beside, campaign, mode, seed, err));
    DDMD_TRY(ddmd_rename_durably(beside, path, err));
    made = false;
    DDMD_TRY(open_for_writing(new, err));
    *catalogue = new;
    new = NULL;
out:
    if (made)
        unlink(beside);
    free(beside);
    ddmd_catalogue_close(&new);
    return status;
}

/* ---- transactions --------------------------------------------------------------------------- */

enum ddmd_status ddmd_catalogue_begin(ddmd_catalogue *catalogue, ddmd_error *err)
{
    if (!sqlite3_get_autocommit(catalogue->database))
        return ddmd_error_set(err, DDMD_INVALID, "%s: a transaction is open already",
                              catalogue->path);
    return execute(catalogue, "BEGIN IMMEDIATE", err);
}

enum ddmd_status ddmd_catalogue_commit(ddmd_catalogue *catalogue, ddmd_error *err)
{
    if (sqlite3_get_autocommit(catalogue->database))
        return ddmd_error_set(err, DDMD_INVALID,
                              "%s: no transaction is open, or an error has undone it",
                              catalogue->path);
    return execute(catalogue, "COMMIT", err);
}

void ddmd_catalogue_rollback(ddmd_catalogue *catalogue)
{
    if (!sqlite3_get_autocommit(catalogue->database))
        sqlite3_exec(catalogue->database, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- identity ------------------------------------------------------------------------------- */

enum ddmd_status ddmd_catalogue_identity(ddmd_catalogue *catalogue, char *campaign, char *mode,
                                         size_t size, uint64_t *seed, ddmd_error *err)
{
    static const char sql[] = "SELECT campaign, mode, seed FROM meta WHERE only_row = 1";
    ddmd_statement statement;
    bool row = false;
    char digits[32];
    enum ddmd_status status = ddmd_statement_first(catalogue, sql, &statement, &row, err);
    if (status != DDMD_OK)
        return status;
    if (row) {
        ddmd_take_text(&statement, campaign, size);
        ddmd_take_text(&statement, mode, size);
        ddmd_take_text(&statement, digits, sizeof digits);
        *seed = strtoull(digits, NULL, 10);
    } else {
        status = ddmd_error_set(err, DDMD_FORMAT, "%s: the table meta is empty", catalogue->path);
    }
    ddmd_statement_end(&statement);
    return status;
}
