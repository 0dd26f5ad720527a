/* cmocka with the headers that it wants before it. */
#ifndef DDMD_TEST_CMOCKA_H
#define DDMD_TEST_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A call that must succeed; its message is shown where it does not. */
#define ASSERT_OK(call, err)                           \
    do {                                               \
        if ((call) != DDMD_OK)                         \
            fail_msg("%s: %s", #call, (err)->message); \
    } while (0)

#endif
