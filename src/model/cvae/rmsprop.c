#include "model/cvae/rmsprop.h"

#include "core/isa.h"

#include <math.h>

FOR_EACH_ISA
void ddmd_rmsprop_step(const ddmd_rmsprop *rmsprop, size_t n, const float *restrict gradient,
                       float *restrict mean_square, float *restrict weights)
{
    const float rate = (float)rmsprop->learning_rate, epsilon = (float)rmsprop->epsilon;
    const float rho = (float)rmsprop->rho, rest = (float)(1 - rmsprop->rho);
    const float scale = (float)rmsprop->gradient_scale;
    for (size_t i = 0; i < n; i++) {
        float g = scale * gradient[i];
        float s = rho * mean_square[i] + rest * g * g;
        mean_square[i] = s;
        weights[i] -= rate * g / (sqrtf(s) + epsilon);
    }
}
