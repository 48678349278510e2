#include "conformance/op_case.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>

namespace ferrum::conformance {
namespace {

constexpr int64_t kGuard = 128;  // bytes before and after
constexpr auto kSentinel = std::byte{0xa5};

template <class T>
std::array<std::byte, sizeof(T)> bytes_of_value(T value) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

double load(DataType dtype, const std::byte* from) {
  const auto read = [from](auto value) {
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  switch (dtype) {
    case DataType::kF32:
      return static_cast<double>(read(float{}));
    case DataType::kF16:
      return static_cast<double>(to_float(read(Float16{})));
    case DataType::kBF16:
      return static_cast<double>(to_float(read(BFloat16{})));
    case DataType::kI32:
      return read(int32_t{});
    default:
      return static_cast<double>(read(int64_t{}));
  }
}

void store(DataType dtype, double value, std::byte* to) {
  const auto write = [to](auto stored) { std::memcpy(to, &stored, sizeof stored); };
  switch (dtype) {
    case DataType::kF32:
      return write(static_cast<float>(value));
    case DataType::kF16:
      return write(to_float16(static_cast<float>(value)));
    case DataType::kBF16:
      return write(to_bfloat16(static_cast<float>(value)));
    case DataType::kI32:
      return write(static_cast<int32_t>(value));
    default:
      return write(static_cast<int64_t>(value));
  }
}

// The view of an argument within its bytes. Address and strides are those of a tensor that lies
// kGuard bytes (and, for kOffset, one element) behind the start.
struct View {
  Shape base;  // the contiguous tensor that it is a view of
  int64_t byte_offset;

  explicit View(const Argument& argument) : base(argument.shape), byte_offset(kGuard) {
    const int rank = argument.shape.rank();
    if (argument.layout == Layout::kOffset) byte_offset += bits_of(argument.dtype) / 8;
    if (argument.layout == Layout::kPadded && rank > 0) {
      base = base.with_dim(-1, argument.shape[rank - 1] + 3);
    }
    if (argument.layout == Layout::kTransposed) {
      std::vector<int64_t> reversed(argument.shape.dims().rbegin(), argument.shape.dims().rend());
      base = Shape(std::span<const int64_t>(reversed));
    }
  }

  int64_t total_bytes(DataType dtype) const {
    return 2 * kGuard + bytes_of(dtype, base.numel() + 1);
  }

  Tensor of(const std::shared_ptr<Storage>& storage, const Argument& argument) const {
    const Tensor whole(storage, base, argument.dtype, byte_offset);
    const int rank = argument.shape.rank();
    if (argument.layout == Layout::kPadded && rank > 0) {
      return whole.narrow(-1, 1, argument.shape[rank - 1]);
    }
    if (argument.layout != Layout::kTransposed) return whole;
    std::vector<int> order;
    for (int d = rank - 1; d >= 0; --d) order.push_back(d);
    return whole.permute(order);
  }
};

// f(position, byte offset within the storage) for all elements in row-major order.
template <class F>
void for_elements(const Tensor& tensor, F&& f) {
  for (int64_t position = 0; position < tensor.numel(); ++position) {
    int64_t rest = position;
    int64_t offset = 0;
    for (int d = tensor.rank() - 1; d >= 0; --d) {
      offset += rest % tensor.dim(d) * tensor.stride(d);
      rest /= tensor.dim(d);
    }
    f(static_cast<size_t>(position), tensor.byte_offset() + offset * bits_of(tensor.dtype()) / 8);
  }
}

double rounding(DataType dtype, double value) {
  const double magnitude = std::fabs(value);
  switch (dtype) {
    case DataType::kF32:
      return magnitude * 0x1p-24 + 0x1p-150;
    case DataType::kF16:
      return std::max(magnitude * 0x1p-11, 0x1p-25);
    case DataType::kBF16:
      return magnitude * 0x1p-8 + 0x1p-134;
    default:
      return 0;
  }
}

// What a number beyond the largest of its dtype becomes.
double overflow(DataType dtype, double value) {
  const double limit = dtype == DataType::kF16 ? 65520 : 0x1.ffffffp127;
  return std::fabs(value) < limit ? value : std::copysign(INFINITY, value);
}

bool agree(double found, double expected, double bound) {
  if (std::isnan(expected)) return std::isnan(found);
  if (std::isinf(expected) || std::isinf(found)) return found == expected;
  return std::fabs(found - expected) <= bound;
}

}  // namespace

std::string to_string(Layout layout) {
  constexpr std::array kNames{"contiguous", "offset", "padded", "transposed"};
  return kNames[static_cast<size_t>(layout)];
}

std::string describe(const Argument& argument) {
  return std::string(ferrum::to_string(argument.dtype)) + " " + ferrum::to_string(argument.shape) +
         " " + to_string(argument.layout);
}

OpCases all_cases() {
  OpCases cases;
  add_elementwise_cases(cases);
  add_row_cases(cases);
  add_matmul_cases(cases);
  add_data_cases(cases);
  add_kernel_cases(cases);
  add_attention_cases(cases);
  add_sampling_cases(cases);
  return cases;
}

PreparedCase::PreparedCase(const OpCase& op_case, Kernels& kernels)
    : case_(op_case),
      kernels_(kernels),
      placed_inputs_(op_case.inputs.size()),
      placed_outputs_(op_case.outputs.size()) {
  uint64_t seed = std::hash<std::string>{}(op_case.name);
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    inputs_.push_back(place(op_case.inputs[i], seed++, placed_inputs_[i]));
  }
  for (size_t i = 0; i < op_case.outputs.size(); ++i) {
    outputs_.push_back(place(op_case.outputs[i], seed++, placed_outputs_[i]));
  }
}

Tensor PreparedCase::place(const Argument& argument, uint64_t seed, Placed& placed) {
  const View view(argument);
  const int64_t total = view.total_bytes(argument.dtype);
  placed.before.assign(static_cast<size_t>(total), kSentinel);
  placed.whole =
      kernels_.factory.from_host(placed.before, Shape{total}, DataType::kU8, kernels_.device);
  const Tensor tensor = view.of(placed.whole.storage(), argument);
  placed.values = {argument.shape, std::vector<double>(static_cast<size_t>(tensor.numel()))};
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> draw(-2, 2);
  for_elements(tensor, [&](size_t position, int64_t offset) {
    const double value = argument.values.empty() ? draw(random) : argument.values[position];
    std::byte* at = placed.before.data() + offset;
    store(argument.dtype, value, at);
    placed.values.data[position] = load(argument.dtype, at);
  });
  placed.whole =
      kernels_.factory.from_host(placed.before, Shape{total}, DataType::kU8, kernels_.device);
  return view.of(placed.whole.storage(), argument);
}

std::vector<std::string> PreparedCase::check() {
  std::vector<Values> in, out;
  for (const Placed& placed : placed_inputs_) in.push_back(placed.values);
  for (const Placed& placed : placed_outputs_) out.push_back(placed.values);
  const std::vector<std::vector<double>> expected = case_.reference(in, out);
  std::vector<std::string> failures;
  try {
    run();
  } catch (const Error& error) {
    return {case_.name + ": threw " + error.what()};
  }
  for (size_t i = 0; i < outputs_.size(); ++i) compare(i, expected[i], failures);
  for (size_t i = 0; i < placed_inputs_.size(); ++i) {
    const Placed& placed = placed_inputs_[i];
    const Tensor host = kernels_.factory.to_device(placed.whole, Device::cpu());
    if (std::memcmp(host.raw_data(), placed.before.data(), placed.before.size()) == 0) continue;
    failures.push_back(case_.name + ": wrote to input " + std::to_string(i));
  }
  return failures;
}

void PreparedCase::compare(size_t index, const std::vector<double>& expected,
                           std::vector<std::string>& failures) {
  Placed& placed = placed_outputs_[index];
  const Tensor& out = outputs_[index];
  const Tensor host = kernels_.factory.to_device(placed.whole, Device::cpu());
  const auto* bytes = static_cast<const std::byte*>(host.raw_data());
  std::vector<bool> covered(placed.before.size());
  std::string first;
  for_elements(out, [&](size_t position, int64_t offset) {
    std::fill_n(covered.begin() + offset, bits_of(out.dtype()) / 8, true);
    const double found = load(out.dtype(), bytes + offset);
    const double want = overflow(out.dtype(), expected[position]);
    const double bound =
        1.001 * rounding(out.dtype(), want) + case_.tolerance * (1 + std::fabs(want));
    if (!first.empty() || agree(found, want, bound)) return;
    first = case_.name + ": output " + std::to_string(index) + ", element " +
            std::to_string(position) + " is " + std::to_string(found) + ", expected " +
            std::to_string(want) + " +- " + std::to_string(bound);
  });
  if (!first.empty()) failures.push_back(first);
  for (size_t i = 0; i < covered.size(); ++i) {
    if (covered[i] || bytes[i] == placed.before[i]) continue;
    failures.push_back(case_.name + ": wrote outside of output " + std::to_string(index) +
                       ", at byte " + std::to_string(i));
    return;
  }
}

}  // namespace ferrum::conformance
