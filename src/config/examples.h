/* The files of examples/, in the program; the array is written while building. */
#ifndef DDMD_CONFIG_EXAMPLES_H
#define DDMD_CONFIG_EXAMPLES_H

typedef struct ddmd_example {
    const char *name, *summary, *text;
} ddmd_example;

extern const ddmd_example ddmd_examples[DDMD_N_EXAMPLES];

#endif
