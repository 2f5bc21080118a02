#ifndef OFFING_SIM_ZIGGURAT_H
#define OFFING_SIM_ZIGGURAT_H

#include <stdint.h>

/** Tables of rng_exponential(); sim/ziggurat.c says what they hold. Internal to sim/. */

enum { ZIG_LAYERS = 256 };

#define ZIG_EXP_R 0x1.ec9d9297ebb83p+2 /* 7.6971174701310497, where the last layer ends */

extern const uint64_t zig_exp_k[ZIG_LAYERS];
extern const double zig_exp_w[ZIG_LAYERS];
extern const double zig_exp_f[ZIG_LAYERS];

#endif
