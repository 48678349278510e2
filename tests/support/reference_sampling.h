#pragma once
// The law of SamplingRow (kernel_ops.h) read word by word: everything sorted, everything in double.

#include <cstdint>
#include <vector>

#include "ferrum/tensor/kernel_ops.h"

namespace ferrum::reference {

struct Draw {
  int32_t token;
  // How far the nearest cut or draw was from falling on its other side, in probability (for
  // typical-p also in nats). Where it is small, an implementation's rounding may decide otherwise.
  double margin;
};

// One row of logits, without NaN, to one token.
Draw sample(std::vector<double> logits, const SamplingRow& row);

}  // namespace ferrum::reference
