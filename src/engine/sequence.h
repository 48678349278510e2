#pragma once
// One request while the engine works on it.

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/block_pool.h"
#include "engine/generation_channel.h"
#include "engine/sampler.h"
#include "engine/text_stream.h"

namespace ferrum {

struct Sequence {
  std::vector<int32_t> tokens;  // the prompt, then the answer so far
  int64_t prompt_length;
  int64_t max_length;           // of prompt and answer
  bool ignore_end;
  Sampler sampler;
  TextStream text;
  std::shared_ptr<GenerationChannel> channel;

  int64_t cached = 0;  // leading tokens whose keys and values are in the cache
  BlockTable blocks;

  int64_t length() const { return static_cast<int64_t>(tokens.size()); }
  int64_t pending() const { return length() - cached; }
};

}  // namespace ferrum
