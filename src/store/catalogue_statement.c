#include "store/catalogue.h"

#include "core/try.h"

#include <math.h>
#include <string.h>

enum ddmd_status ddmd_catalogue_fail(const ddmd_catalogue *catalogue, int result, ddmd_error *err)
{
    enum ddmd_status status = DDMD_EXTERNAL;
    switch (result & 0xff) {
    case SQLITE_NOMEM:
        status = DDMD_NOMEM;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        status = DDMD_TIMEOUT;
        break;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        status = DDMD_IO;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
        status = DDMD_FORMAT;
        break;
    case SQLITE_CONSTRAINT:
    case SQLITE_READONLY:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
    case SQLITE_MISUSE:
        status = DDMD_INVALID;
        break;
    default:
        break;
    }
    const char *message = catalogue->database && sqlite3_errcode(catalogue->database) != SQLITE_OK
                              ? sqlite3_errmsg(catalogue->database)
                              : sqlite3_errstr(result);
    int reason = catalogue->database ? sqlite3_system_errno(catalogue->database) : 0;
    if (status == DDMD_IO && reason)
        return ddmd_error_set(err, status, "%s: %s (%s)", catalogue->path, message,
                              strerror(reason));
    return ddmd_error_set(err, status, "%s: %s", catalogue->path, message);
}

enum ddmd_status ddmd_statement_begin(ddmd_catalogue *catalogue, const char *sql,
                                      ddmd_statement *statement, ddmd_error *err)
{
    size_t at = 0;
    while (at < catalogue->n_statements && catalogue->statements[at].sql != sql)
        at++;
    if (at == catalogue->n_statements) {
        if (at == DDMD_STATEMENTS_MAX)
            return ddmd_error_set(err, DDMD_INVALID, "%s: more than %d statements", catalogue->path,
                                  DDMD_STATEMENTS_MAX);
        sqlite3_stmt *handle = NULL;
        int result = sqlite3_prepare_v3(catalogue->database, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &handle, NULL);
        if (result != SQLITE_OK)
            return ddmd_catalogue_fail(catalogue, result, err);
        catalogue->statements[at].sql = sql;
        catalogue->statements[at].handle = handle;
        catalogue->n_statements++;
    }
    *statement = (ddmd_statement){
        .catalogue = catalogue, .handle = catalogue->statements[at].handle, .result = SQLITE_OK};
    return DDMD_OK;
}

static void keep(ddmd_statement *statement, int result)
{
    if (statement->result == SQLITE_OK)
        statement->result = result;
}

void ddmd_put_integer(ddmd_statement *statement, int64_t value)
{
    keep(statement, sqlite3_bind_int64(statement->handle, ++statement->put, value));
}

void ddmd_put_count(ddmd_statement *statement, uint64_t value)
{
    if (value > INT64_MAX) {
        statement->put++;
        keep(statement, SQLITE_TOOBIG);
    } else {
        ddmd_put_integer(statement, (int64_t)value);
    }
}

void ddmd_put_id(ddmd_statement *statement, int64_t value)
{
    if (value < 0)
        keep(statement, sqlite3_bind_null(statement->handle, ++statement->put));
    else
        ddmd_put_integer(statement, value);
}

void ddmd_put_number(ddmd_statement *statement, double value)
{
    int at = ++statement->put;
    keep(statement, isnan(value) ? sqlite3_bind_null(statement->handle, at)
                                 : sqlite3_bind_double(statement->handle, at, value));
}

void ddmd_put_text(ddmd_statement *statement, const char *text)
{
    keep(statement,
         sqlite3_bind_text(statement->handle, ++statement->put, text, -1, SQLITE_TRANSIENT));
}

enum ddmd_status ddmd_statement_step(ddmd_statement *statement, bool *row, ddmd_error *err)
{
    if (statement->result != SQLITE_OK)
        return ddmd_error_set(err, DDMD_INVALID, "%s: a value cannot be stored: %s",
                              statement->catalogue->path, sqlite3_errstr(statement->result));
    int result = sqlite3_step(statement->handle);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        return ddmd_catalogue_fail(statement->catalogue, result, err);
    statement->taken = 0;
    *row = result == SQLITE_ROW;
    return DDMD_OK;
}

enum ddmd_status ddmd_statement_first(ddmd_catalogue *catalogue, const char *sql,
                                      ddmd_statement *statement, bool *row, ddmd_error *err)
{
    enum ddmd_status status = ddmd_statement_begin(catalogue, sql, statement, err);
    if (status != DDMD_OK)
        return status;
    status = ddmd_statement_step(statement, row, err);
    if (status != DDMD_OK)
        ddmd_statement_end(statement);
    return status;
}

int64_t ddmd_take_integer(ddmd_statement *statement)
{
    return sqlite3_column_int64(statement->handle, statement->taken++);
}

uint64_t ddmd_take_count(ddmd_statement *statement)
{
    int64_t value = ddmd_take_integer(statement);
    return value < 0 ? 0 : (uint64_t)value;
}

uint32_t ddmd_take_u32(ddmd_statement *statement)
{
    int64_t value = ddmd_take_integer(statement);
    return value < 0 || value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

int64_t ddmd_take_id(ddmd_statement *statement)
{
    int at = statement->taken++;
    if (sqlite3_column_type(statement->handle, at) == SQLITE_NULL)
        return -1;
    return sqlite3_column_int64(statement->handle, at);
}

double ddmd_take_number(ddmd_statement *statement)
{
    int at = statement->taken++;
    if (sqlite3_column_type(statement->handle, at) == SQLITE_NULL)
        return NAN;
    return sqlite3_column_double(statement->handle, at);
}

void ddmd_take_text(ddmd_statement *statement, char *text, size_t size)
{
    const char *value = (const char *)sqlite3_column_text(statement->handle, statement->taken++);
    size_t length = value ? strlen(value) : 0;
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80)
            length--; /* not in the middle of a UTF-8 character */
    }
    if (length > 0)
        memcpy(text, value, length);
    text[length] = '\0';
}

enum ddmd_status ddmd_take_name(ddmd_statement *statement, const char *const *names, size_t n,
                                int *value, ddmd_error *err)
{
    char name[32];
    ddmd_take_text(statement, name, sizeof name);
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) {
            *value = (int)i;
            return DDMD_OK;
        }
    return ddmd_error_set(err, DDMD_FORMAT, "%s: '%s' is not a state that ddmd knows",
                          statement->catalogue->path, name);
}

void ddmd_statement_end(ddmd_statement *statement)
{
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
}

enum ddmd_status ddmd_statement_finish(ddmd_statement *statement, ddmd_error *err)
{
    bool row;
    enum ddmd_status status = ddmd_statement_step(statement, &row, err);
    ddmd_statement_end(statement);
    return status;
}
