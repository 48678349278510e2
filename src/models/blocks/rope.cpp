#include "models/blocks/rope.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace ferrum {
namespace {

using Kind = RopeConfig::Kind;

Kind parse_kind(const std::string& name) {
  if (name == "default") return Kind::kDefault;
  if (name == "linear") return Kind::kLinear;
  if (name == "dynamic") return Kind::kDynamic;
  if (name == "llama3") return Kind::kLlama3;
  if (name == "yarn") return Kind::kYarn;
  if (name == "longrope") return Kind::kLongrope;
  throw Error(ErrorCode::kUnsupported, "config.json: RoPE scaling of type \"" + name + "\"",
              "supported: default, linear, dynamic, llama3, yarn, longrope");
}

void parse_llama3(const ConfigReader& scaling, RopeConfig& rope) {
  rope.factor = scaling.positive("factor");
  rope.low_freq_factor = scaling.positive("low_freq_factor");
  rope.high_freq_factor = scaling.positive("high_freq_factor");
  if (rope.high_freq_factor <= rope.low_freq_factor) {
    scaling.fail("high_freq_factor", "must be above low_freq_factor");
  }
}

void parse_yarn(const ConfigReader& scaling, RopeConfig& rope) {
  rope.factor = scaling.positive_or("factor", static_cast<double>(rope.max_positions) /
                                                  static_cast<double>(rope.original_max_positions));
  rope.beta_fast = scaling.positive_or("beta_fast", 32);
  rope.beta_slow = scaling.positive_or("beta_slow", 1);
  rope.truncate = scaling.flag_or("truncate", true);
  const auto mscale = [&](double weight) {
    return rope.factor <= 1 ? 1.0 : 0.1 * weight * std::log(rope.factor) + 1.0;
  };
  if (scaling.find("attention_factor")) {
    rope.attention_factor = scaling.positive("attention_factor");
  } else if (scaling.find("mscale") && scaling.find("mscale_all_dim")) {
    rope.attention_factor =
        mscale(scaling.positive("mscale")) / mscale(scaling.positive("mscale_all_dim"));
  } else {
    rope.attention_factor = mscale(1);
  }
}

std::vector<float> parse_factors(const ConfigReader& scaling, const char* key, int64_t count) {
  const Json* list = scaling.find(key);
  if (!list) scaling.fail(key, "is required");
  std::vector<float> factors;
  for (const Json& each : *list) {
    const float factor = each.is_number() ? each.get<float>() : 0;
    if (!std::isfinite(factor) || factor <= 0) {
      scaling.fail(key, "must be a list of numbers above zero, found " + each.dump());
    }
    factors.push_back(factor);
  }
  if (!list->is_array() || static_cast<int64_t>(factors.size()) != count) {
    scaling.fail(key, "must be a list of " + std::to_string(count) + " numbers");
  }
  return factors;
}

void parse_longrope(const ConfigReader& scaling, RopeConfig& rope) {
  rope.short_factors = parse_factors(scaling, "short_factor", rope.dim / 2);
  rope.long_factors = parse_factors(scaling, "long_factor", rope.dim / 2);
  const double original = static_cast<double>(rope.original_max_positions);
  const double factor =
      scaling.positive_or("factor", static_cast<double>(rope.max_positions) / original);
  rope.attention_factor = scaling.positive_or(
      "attention_factor",
      factor <= 1 ? 1.0 : std::sqrt(1 + std::log(factor) / std::log(std::max(original, 2.0))));
}

// base^(2i / dim): positions per radian of pair i.
std::vector<float> periods(float base, int64_t dim) {
  std::vector<float> result(static_cast<size_t>(dim / 2));
  for (size_t i = 0; i < result.size(); ++i) {
    result[i] = std::pow(base, static_cast<float>(2 * i) / static_cast<float>(dim));
  }
  return result;
}

void scale_llama3(const RopeConfig& rope, std::vector<float>& frequencies) {
  const float original = static_cast<float>(rope.original_max_positions);
  const float low = static_cast<float>(rope.low_freq_factor);
  const float high = static_cast<float>(rope.high_freq_factor);
  const float factor = static_cast<float>(rope.factor);
  for (float& frequency : frequencies) {
    const float wavelength = static_cast<float>(2 * std::numbers::pi) / frequency;
    if (wavelength < original / high) continue;
    if (wavelength > original / low) {
      frequency /= factor;
    } else {
      const float smooth = (original / wavelength - low) / (high - low);
      frequency = (1 - smooth) * frequency / factor + smooth * frequency;
    }
  }
}

// Below `low` a dimension turns often enough to extrapolate, above `high` it is interpolated.
std::vector<float> yarn_frequencies(const RopeConfig& rope, std::span<const float> period) {
  const double dim = static_cast<double>(rope.dim);
  const auto dimension_of = [&](double rotations) {
    return dim *
           std::log(static_cast<double>(rope.original_max_positions) /
                    (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(rope.theta));
  };
  double low = dimension_of(rope.beta_fast);
  double high = dimension_of(rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (low == high) high += 0.001;
  std::vector<float> frequencies(period.size());
  for (size_t i = 0; i < period.size(); ++i) {
    const float ramp = (static_cast<float>(i) - static_cast<float>(low)) /
                       static_cast<float>(high - low);
    const float keep = 1 - std::clamp(ramp, 0.0f, 1.0f);
    const float extrapolated = 1.0f / period[i];
    const float interpolated = 1.0f / (static_cast<float>(rope.factor) * period[i]);
    frequencies[i] = interpolated * (1 - keep) + extrapolated * keep;
  }
  return frequencies;
}

}  // namespace

RopeConfig parse_rope(const ConfigReader& config, int64_t head_dim, int64_t max_positions) {
  const Json* found = config.find("rope_parameters");
  if (!found) found = config.find("rope_scaling");
  const Json none = Json::object();
  const ConfigReader scaling(found ? *found : none, "config.json: rope parameters");
  for (const auto& [key, value] : (found ? *found : none).items()) {
    if (value.is_object()) {
      throw Error(ErrorCode::kUnsupported,
                  "config.json: rope parameters of their own for \"" + key + "\" layers");
    }
  }

  RopeConfig rope;
  rope.kind = parse_kind(scaling.text_or("rope_type", scaling.text_or("type", "default")));
  rope.theta = scaling.positive_or("rope_theta", config.positive_or("rope_theta", 10000));
  if (rope.theta <= 1) config.fail("rope_theta", "must be above 1");
  rope.max_positions = max_positions;
  rope.original_max_positions =
      config.size_or("original_max_position_embeddings",
                     scaling.size_or("original_max_position_embeddings", max_positions));
  const double share = scaling.positive_or("partial_rotary_factor",
                                           config.positive_or("partial_rotary_factor", 1));
  rope.dim = static_cast<int64_t>(static_cast<double>(head_dim) * std::min(share, 1.0));
  if (rope.dim < 2 || rope.dim % 2 != 0) {
    config.fail("head_dim", "gives " + std::to_string(rope.dim) +
                                " rotated elements per head; it must be an even number");
  }
  switch (rope.kind) {
    case Kind::kDefault: break;
    case Kind::kLinear: rope.factor = scaling.positive("factor"); break;
    case Kind::kDynamic:
      rope.factor = scaling.positive("factor");
      if (rope.dim == 2) config.fail("head_dim", "is too small for dynamic RoPE scaling");
      break;
    case Kind::kLlama3: parse_llama3(scaling, rope); break;
    case Kind::kYarn: parse_yarn(scaling, rope); break;
    case Kind::kLongrope: parse_longrope(scaling, rope); break;
  }
  return rope;
}

int64_t rope_max_context(const RopeConfig& rope) {
  const auto stretch = [&](int64_t positions) {
    constexpr double kMost = std::numeric_limits<int32_t>::max();
    const double context = std::min(static_cast<double>(positions) * rope.factor, kMost);
    return std::max(static_cast<int64_t>(context), rope.max_positions);
  };
  switch (rope.kind) {
    case Kind::kLinear:
    case Kind::kDynamic: return stretch(rope.max_positions);
    case Kind::kYarn: return stretch(rope.original_max_positions);
    case Kind::kDefault:
    case Kind::kLongrope:
    case Kind::kLlama3: break;
  }
  return rope.max_positions;
}

std::vector<float> rope_frequencies(const RopeConfig& rope, int64_t sequence_length) {
  float base = static_cast<float>(rope.theta);
  if (rope.kind == Kind::kDynamic && sequence_length > rope.max_positions) {
    const float factor = static_cast<float>(rope.factor);
    const float stretch = factor * static_cast<float>(sequence_length) /
                              static_cast<float>(rope.max_positions) - (factor - 1);
    base *= std::pow(stretch, static_cast<float>(rope.dim) / static_cast<float>(rope.dim - 2));
  }
  std::vector<float> frequencies = periods(base, rope.dim);
  if (rope.kind == Kind::kYarn) return yarn_frequencies(rope, frequencies);
  if (rope.kind == Kind::kLongrope) {
    const bool is_long = sequence_length > rope.original_max_positions;
    const std::vector<float>& factors = is_long ? rope.long_factors : rope.short_factors;
    for (size_t i = 0; i < frequencies.size(); ++i) frequencies[i] *= factors[i];
  }
  for (float& x : frequencies) x = 1.0f / x;
  if (rope.kind == Kind::kLinear) {
    for (float& x : frequencies) x /= static_cast<float>(rope.factor);
  } else if (rope.kind == Kind::kLlama3) {
    scale_llama3(rope, frequencies);
  }
  return frequencies;
}

RotaryEmbedding::RotaryEmbedding(RopeConfig config, PositionOps& ops, ComputeBackend& backend,
                                 const ModelOptions& options)
    : config_(config),
      ops_(ops),
      frequencies_(rope_frequencies(config, 0)),
      cos_({options.max_step_tokens, config.dim / 2}, options.device, backend.tensor_factory(),
           backend.memory_manager()),
      sin_({options.max_step_tokens, config.dim / 2}, options.device, backend.tensor_factory(),
           backend.memory_manager()),
      rows_({options.max_step_tokens}, options.device, backend.tensor_factory(),
            backend.memory_manager()) {
  std::iota(rows_.host().begin(), rows_.host().end(), 0);
  rows_.upload(options.max_step_tokens);
}

int64_t RotaryEmbedding::workspace_bytes(const RopeConfig& config, const ModelOptions& options) {
  return options.max_step_tokens * (2 * (config.dim / 2) + 1) * 4;
}

void RotaryEmbedding::prepare(std::span<const StepItem> items) {
  int64_t row = 0;
  for (const StepItem& item : items) {
    for (int64_t j = 0; j < item.tokens; ++j) {
      const int64_t position = item.first_position + j;
      update_frequencies(std::max(position + 1, item.prompt_length));
      fill_row(row++, position);
    }
  }
  cos_.upload(row);
  sin_.upload(row);
}

void RotaryEmbedding::rotate(const Tensor& x) const {
  const int64_t tokens = x.dim(0);
  ops_.rotary_embedding(x, cos_.device(tokens), sin_.device(tokens), rows_.device(tokens));
}

void RotaryEmbedding::fill_row(int64_t row, int64_t position) {
  const size_t pairs = frequencies_.size();
  const std::span<float> cos = cos_.host().subspan(static_cast<size_t>(row) * pairs, pairs);
  const std::span<float> sin = sin_.host().subspan(static_cast<size_t>(row) * pairs, pairs);
  const float factor = static_cast<float>(config_.attention_factor);
  for (size_t i = 0; i < pairs; ++i) {
    const float angle = static_cast<float>(position) * frequencies_[i];
    cos[i] = std::cos(angle) * factor;
    sin[i] = std::sin(angle) * factor;
  }
}

void RotaryEmbedding::update_frequencies(int64_t sequence_length) {
  int64_t length = 0;  // the shortest with the same frequencies
  if (config_.kind == Kind::kDynamic) {
    length = std::max(sequence_length, config_.max_positions);
  } else if (config_.kind == Kind::kLongrope && sequence_length > config_.original_max_positions) {
    length = config_.original_max_positions + 1;
  }
  if (length == frequencies_length_) return;
  frequencies_ = rope_frequencies(config_, length);
  frequencies_length_ = length;
}

}  // namespace ferrum
