#define FERRUM_RANDOM_TABLE kRandomAvx2
#include "backends/cpu/kernels/random_kernels.inc"
