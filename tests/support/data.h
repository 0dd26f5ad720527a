/* Where tests find data and may write. */
#ifndef DDMD_TEST_DATA_H
#define DDMD_TEST_DATA_H

/*
 * A file of the reference data ($DDMD_TEST_DATA, or shared/data beside the checkout). NULL where
 * there is none: the test then calls skip() after saying so. The string lives until the next call.
 */
const char *test_data(const char *name);

/* A file of the source tree, e.g. "examples/fs-peptide.yaml". Lives until the next call. */
const char *test_source(const char *name);

/*
 * A path inside a directory made for this process under $TMPDIR (or /tmp) and removed when it
 * exits. Lives until the eighth call from here.
 */
const char *test_scratch(const char *name);

#endif
