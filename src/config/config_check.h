/* Rules between keys, and defaults that depend on other keys. */
#ifndef DDMD_CONFIG_CHECK_H
#define DDMD_CONFIG_CHECK_H

#include "config/reader.h"

/*
 * Fill in what depends on other keys (campaign, start, engine, layers, strategy) and report what
 * does not fit together. Keys whose values are wrong already take no part. Only NOMEM is an error.
 */
enum ddmd_status ddmd_config_check(ddmd_reader *reader, ddmd_error *err);

#endif
