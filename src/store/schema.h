#ifndef DDMD_STORE_SCHEMA_H
#define DDMD_STORE_SCHEMA_H

/* The statements of schema.sql. */
extern const char ddmd_schema[];

/* Stands in `PRAGMA user_version` of every catalogue; raised with every change of schema.sql. */
enum { DDMD_SCHEMA_VERSION = 4 };

/* `PRAGMA application_id`: "ddmd". */
enum { DDMD_SCHEMA_APPLICATION = 0x64646d64 };

#endif
