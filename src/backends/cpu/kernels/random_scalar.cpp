#define FERRUM_RANDOM_TABLE kRandomScalar
#include "backends/cpu/kernels/random_kernels.inc"
