#define FERRUM_RANDOM_TABLE kRandomAvx512
#include "backends/cpu/kernels/random_kernels.inc"
