#include "config/examples.h"

#include "ddmd/config.h"

size_t ddmd_example_count(void)
{
    return DDMD_N_EXAMPLES;
}

const char *ddmd_example_name(size_t index)
{
    return ddmd_examples[index].name;
}

const char *ddmd_example_summary(size_t index)
{
    return ddmd_examples[index].summary;
}

const char *ddmd_example_text(size_t index)
{
    return ddmd_examples[index].text;
}
