/*
 * Every operator of the CVAE, forward and backward, and the whole of it, as plain loops in float
 * (..._f32) and double (..._f64): what network.c is compared with, and what can be compared with
 * finite differences. Layouts are those of architecture.h. Gradients are added to what the arrays
 * hold.
 */
#ifndef DDMD_CVAE_REFERENCE_H
#define DDMD_CVAE_REFERENCE_H

#include "model/cvae/architecture.h"

#define REAL float
#define NAME(name) name##_f32
#include "model/cvae/reference_decl.inc"
#undef REAL
#undef NAME
#define REAL double
#define NAME(name) name##_f64
#include "model/cvae/reference_decl.inc"
#undef REAL
#undef NAME

#endif
