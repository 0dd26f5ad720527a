#include "model/cvae/reference.h"

#include "core/array.h"
#include "core/try.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REAL float
#define NAME(name) name##_f32
#define EXP expf
#define LOG1P log1pf
#define FABS fabsf
#include "model/cvae/reference.inc"
#undef REAL
#undef NAME
#undef EXP
#undef LOG1P
#undef FABS

#define REAL double
#define NAME(name) name##_f64
#define EXP exp
#define LOG1P log1p
#define FABS fabs
#include "model/cvae/reference.inc"
