#pragma once
// Reads one pickle as data: the opcodes and globals that torch.load(weights_only=True) allows, and
// of protocol 4 FRAME, MEMOIZE, SHORT_BINUNICODE and STACK_GLOBAL.
// https://github.com/python/cpython/blob/main/Lib/pickletools.py

#include <cstddef>
#include <cstdint>

#include "weights/formats/pytorch/pickle.h"
#include "weights/formats/pytorch/pickle_input.h"

namespace ferrum {

inline constexpr int64_t kMaxPickleBytes = int64_t{256} << 20;
inline constexpr size_t kMaxPickleValues = size_t{1} << 24;
inline constexpr size_t kMaxPickleStack = size_t{1} << 20;  // values waiting for their container
inline constexpr size_t kMaxPickleMarks = 1000;             // containers begun and not ended
inline constexpr int64_t kMaxPickleInteger = 32;            // bytes

// Takes the bytes up to the end of the pickle. Throws kInvalidFormat naming the byte, and for a
// global that is not allowed its name.
Pickle read_pickle(PickleInput& input);

}  // namespace ferrum
