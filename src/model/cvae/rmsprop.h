/* RMSprop (Tieleman, Hinton, 2012), as Keras has it. */
#ifndef DDMD_CVAE_RMSPROP_H
#define DDMD_CVAE_RMSPROP_H

#include <stddef.h>

typedef struct ddmd_rmsprop {
    double learning_rate, rho, epsilon;
    double gradient_scale; /* what gradients are multiplied with first; 1: they stay as they are */
} ddmd_rmsprop;

/*
 * gradient     = gradient_scale gradient
 * mean_square  = rho mean_square + (1 - rho) gradient^2
 * weights     -= learning_rate gradient / (sqrt(mean_square) + epsilon)
 */
void ddmd_rmsprop_step(const ddmd_rmsprop *rmsprop, size_t n, const float *gradient,
                       float *mean_square, float *weights);

#endif
