/*
 * What the library can do on its own: the measure that the speed of training is compared with. One
 * run is a convolution of 64 samples of 64 channels and 14 x 14 pixels by 64 filters of 3 x 3, and
 * the two gradients of it, as plain sums (not as Winograd does), in the layouts it likes best.
 */
#ifndef DDMD_CVAE_CONV_RATE_H
#define DDMD_CVAE_CONV_RATE_H

#include "ddmd/error.h"

#include <stdbool.h>

typedef struct ddmd_conv_rate ddmd_conv_rate;

/* Both of these inside ddmd_members_run(), by one member at a time the first. */
enum ddmd_status ddmd_conv_rate_create(bool bf16, ddmd_conv_rate **rate, ddmd_error *err);
enum ddmd_status ddmd_conv_rate_run(ddmd_conv_rate *rate, ddmd_error *err);
/* Floating-point operations of a run. */
double ddmd_conv_rate_flops(void);
void ddmd_conv_rate_destroy(ddmd_conv_rate **rate);

#endif
