/* Configurations: any bytes are either a configuration or mistakes. */
#include "ddmd/config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* what stands before the first zero byte is an override */
    const char *bytes = (const char *)data, *zero = memchr(data, '\0', size);
    const char *const overrides[] = {bytes};
    if (zero) {
        bytes = zero + 1;
        size -= (size_t)(bytes - (const char *)data);
    }
    ddmd_config *config = NULL;
    ddmd_mistakes mistakes = {0};
    ddmd_error err = {0};
    enum ddmd_status status = ddmd_config_parse(bytes, size, "fuzz.yaml", "/", overrides,
                                                zero != NULL, &config, &mistakes, &err);
    if ((status == DDMD_OK) != (config != NULL) || (status == DDMD_CONFIG) != (mistakes.n > 0))
        abort();
    ddmd_config_destroy(&config);
    ddmd_mistakes_clear(&mistakes);
    return 0;
}
