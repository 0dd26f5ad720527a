/* Configurations from strings. */
#ifndef DDMD_TEST_CONFIG_SUPPORT_H
#define DDMD_TEST_CONFIG_SUPPORT_H

#include "ddmd/config.h"

/* Parse YAML as "run.yaml" in the directory "/", with one override (or NULL). */
enum ddmd_status parse_config(const char *yaml, const char *override, ddmd_config **config,
                              ddmd_mistakes *mistakes);

/* The same where there must be no mistake; the caller destroys it. */
ddmd_config *good_config(const char *yaml, const char *override);

/* Fails unless the configuration has exactly these mistakes, one a line. */
void assert_mistakes(const char *yaml, const char *override, const char *expected);

/* Fails unless every member is the same. */
void assert_same_config(const ddmd_config *a, const ddmd_config *b);

#endif
