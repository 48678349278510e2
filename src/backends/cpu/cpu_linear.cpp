#include "backends/cpu/cpu_linear.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <new>
#include <span>
#include <string>
#include <utility>

#include "backends/cpu/elementwise.h"
#include "backends/cpu/kernels/linear_kernels.h"
#include "backends/cpu/kernels/scalar_elements.h"

namespace ferrum {
namespace {

using cpu::LinearKernel;
using cpu::LinearKernels;
using cpu::Scratch;

// Weights are read from memory once per this many tokens: at 512 tokens a bf16 weight is used
// for 512 multiply-adds per 2 bytes, far above what any memory needs.
constexpr int64_t kTokensPerPass = 512;
constexpr int64_t kLine = 64;

// Work below this stays on the calling thread: waking the others costs microseconds.
constexpr int64_t kSerialBytes = 64 << 10;
constexpr int64_t kSerialProducts = 256 << 10;

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
int64_t parts(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }

bool is_activation(DataType dtype) {
  return dtype == DataType::kF32 || dtype == DataType::kF16 || dtype == DataType::kBF16;
}

class CpuLinearWeight final : public LinearWeight {
 public:
  explicit CpuLinearWeight(Tensor tensor) : tensor_(std::move(tensor)) {}
  int64_t in_features() const override { return tensor_.dim(1); }
  int64_t out_features() const override { return tensor_.dim(0); }
  int64_t size_bytes() const override { return tensor_.size_bytes(); }
  const Tensor& tensor() const { return tensor_; }

 private:
  Tensor tensor_;
};

[[noreturn]] void refuse(const std::string& found, const std::string& remedy) {
  throw Error(ErrorCode::kInvalidArgument, "linear: " + found, remedy);
}

void check_rows(const char* name, const Tensor& t, int64_t columns) {
  if (!t.defined() || t.rank() != 2 || t.dim(1) != columns) {
    refuse(std::string(name) + " is " + (t.defined() ? to_string(t) : "undefined") +
               ", wanted [tokens, " + std::to_string(columns) + "]",
           "pass a matrix whose rows fit the weight");
  }
  if (!is_activation(t.dtype()) || !t.device().is_cpu()) {
    throw Error(ErrorCode::kUnsupported, "linear: " + std::string(name) + " is " + to_string(t),
                "pass f32, f16 or bf16 on cpu");
  }
  if (columns > 1 && t.stride(1) != 1) {
    refuse(std::string(name) + " has elements " + std::to_string(t.stride(1)) + " apart",
           "only its rows may be strided");
  }
}

// One of the layers of a call.
struct Target {
  const char* weight;
  const char* up;  // as in LinearTask
  int64_t rows;
  const float* bias;
  const float* up_bias;
  char* out;
  DataType out_dtype;
  int64_t out_stride;
  int64_t first_part;  // of the rows of all targets, cut
};

// The layers that one x goes through together; cut into passes of tokens and tasks of rows x
// tokens.
struct Call {
  const LinearKernels& kernels;
  const LinearKernel& kernel;
  int64_t weight_size;  // bytes of one element
  int64_t in;
  int64_t rows;         // of all targets
  const char* x;
  DataType x_dtype;
  int64_t x_stride;
  std::span<Target> targets;
};

// Up to kTokensPerPass tokens of a call.
struct Pass {
  int64_t first, tokens;
  char* packed;  // one pack after the other, for each part of the tokens
};

// How one pass is cut, and what scratch it takes.
struct Cut {
  int64_t rows;      // of a task
  int64_t tokens;    // of a task
  int64_t row_parts, token_parts;
  int64_t packed_bytes;  // of the tokens of a task
  int64_t sums_bytes, thread_bytes;
};

Cut cut(const Call& c, int64_t tokens, int threads) {
  const LinearKernel& k = c.kernel;
  // Several tasks per thread, so that a thread that the machine slows down holds up little.
  const int64_t share = parts(c.rows, int64_t{threads} * 6);
  const bool deep = k.depth && c.in > k.depth && k.max_deep_rows;
  const int64_t most = (deep ? k.max_deep_rows : k.max_rows) / k.row_group * k.row_group;
  Cut s{};
  s.rows = std::min(most, round_up(share, k.row_group));
  for (Target& target : c.targets) {
    target.first_part = s.row_parts;
    s.row_parts += parts(target.rows, s.rows);
  }
  const int64_t token_parts = k.max_tokens ? parts(tokens, k.max_tokens) : 1;
  s.tokens = round_up(parts(tokens, token_parts), k.lanes);
  const int64_t grain = 4 * k.lanes;
  while (k.lanes > 1 && s.tokens > grain &&
         s.row_parts * parts(tokens, s.tokens) < 2 * threads) {
    s.tokens = round_up(s.tokens / 2, grain);
  }
  s.token_parts = parts(tokens, s.tokens);
  const bool gated = c.targets[0].up != nullptr;
  s.sums_bytes = round_up(s.tokens * s.rows * (gated ? 8 : 4), kLine);
  s.thread_bytes = round_up(s.sums_bytes + k.scratch_bytes, kLine);
  const int64_t x_size = k.x_dtype == DataType::kF32 ? 4 : 2;
  s.packed_bytes = round_up(s.tokens * round_up(c.in, cpu::kPackedStep) * x_size, kLine);
  return s;
}

int64_t element_bytes(DataType dtype) { return bits_of(dtype) / 8; }

// Tokens begin .. end of a pass, each into the pack of its part.
void pack_tokens(const Call& c, const Cut& s, const Pass& pass, int64_t begin, int64_t end) {
  const int64_t whole = round_up(c.in, cpu::kPackedStep);
  while (begin < end) {
    const int64_t part = begin / s.tokens;
    const int64_t first = part * s.tokens;
    const int64_t stop = std::min(end, first + s.tokens);
    c.kernels.pack({.x = c.x + (pass.first + first) * c.x_stride * element_bytes(c.x_dtype),
                    .x_dtype = c.x_dtype,
                    .stride = c.x_stride,
                    .tokens = std::min(s.tokens, pass.tokens - first),
                    .begin = begin - first,
                    .end = stop - first,
                    .in = c.in,
                    .packed_dtype = c.kernel.x_dtype,
                    .lanes = c.kernel.lanes,
                    .depth = c.kernel.depth ? c.kernel.depth : whole,
                    .packed = pass.packed + part * s.packed_bytes});
    begin = stop;
  }
}

// The tasks of one thread, all rows by the first part of the tokens, then by the next: neighbours,
// so that its reads follow each other and the packed x of a part stays in its cache. Threads with
// different tokens often pass by the same rows at the same time, which then come from memory once.
// A thread that is done takes from the shares of the others.
struct alignas(kLine) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

// Part `part` of the rows of all targets: the target it is in, and its first row there.
struct Rows {
  const Target& target;
  int64_t first;
  const char* weight;
};

Rows rows_of(const Call& c, const Cut& s, int64_t part) {
  const Target* target = &c.targets.back();
  while (target->first_part > part) --target;
  const int64_t first = (part - target->first_part) * s.rows;
  return {*target, first, target->weight + first * c.in * c.weight_size};
}

// `last` of its share: no task is known to follow.
void run_task(const Call& c, const Cut& s, const Pass& pass, int64_t task, bool last,
              char* scratch) {
  const auto [target, row, weight] = rows_of(c, s, task % s.row_parts);
  const int64_t part = task / s.row_parts;
  const int64_t out = (pass.first + part * s.tokens) * target.out_stride + row;
  const int64_t offset = weight - target.weight;
  c.kernel.run({.weight = weight,
                .up = target.up ? target.up + offset : nullptr,
                .in = c.in,
                .rows = std::min(s.rows, target.rows - row),
                .x = pass.packed + part * s.packed_bytes,
                .tokens = std::min(s.tokens, pass.tokens - part * s.tokens),
                .bias = target.bias ? target.bias + row : nullptr,
                .up_bias = target.up_bias ? target.up_bias + row : nullptr,
                .out = target.out + out * element_bytes(target.out_dtype),
                .out_dtype = target.out_dtype,
                .out_stride = target.out_stride,
                .sums = reinterpret_cast<float*>(scratch),
                .scratch = scratch + s.sums_bytes,
                .next = last ? nullptr : rows_of(c, s, (task + 1) % s.row_parts).weight});
}

void run_shares(const Call& c, const Cut& s, const Pass& pass, std::span<Share> shares,
                size_t thread, char* scratch) {
  for (size_t i = 0; i < shares.size(); ++i) {
    Share& share = shares[(thread + i) % shares.size()];
    for (int64_t task; (task = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) {
      run_task(c, s, pass, task, task + 1 == share.end, scratch);
    }
  }
}

// One share per thread in `memory`.
std::span<Share> make_shares(const Cut& s, int threads, char* memory) {
  Share* const shares = reinterpret_cast<Share*>(memory);
  const int64_t tasks = s.row_parts * s.token_parts;
  for (int i = 0; i < threads; ++i) {
    new (shares + i) Share{tasks * i / threads, tasks * (i + 1) / threads};
  }
  return {shares, static_cast<size_t>(threads)};
}

void run_pass(const Call& c, int64_t first, int64_t tokens, ThreadPool& pool, Scratch& scratch) {
  const int64_t products = c.rows * c.in * tokens;
  const bool serial =
      products <= kSerialProducts && c.rows * c.in * c.weight_size <= kSerialBytes;
  const int threads = serial ? 1 : pool.size();
  const Cut s = cut(c, tokens, threads);
  const int64_t packed_bytes = s.packed_bytes * s.token_parts;
  const auto share_bytes = threads * static_cast<int64_t>(sizeof(Share));
  char* const memory = scratch.reserve(share_bytes + packed_bytes + s.thread_bytes * threads);
  const std::span<Share> shares = make_shares(s, threads, memory);
  const Pass pass{first, tokens, memory + share_bytes};
  char* const thread_scratch = pass.packed + packed_bytes;
  if (threads == 1) {
    pack_tokens(c, s, pass, 0, tokens);
    run_shares(c, s, pass, shares, 0, thread_scratch);
    return;
  }
  if (c.kernel.lanes == 1) {
    pack_tokens(c, s, pass, 0, tokens);
  } else {
    pool.parallel_for(tokens, c.kernel.lanes, [&](int64_t begin, int64_t end) {
      pack_tokens(c, s, pass, begin, end);
    });
  }
  pool.run([&](int thread) {
    run_shares(c, s, pass, shares, static_cast<size_t>(thread),
               thread_scratch + thread * s.thread_bytes);
  });
}

const CpuLinearWeight& own(const LinearWeight& weight) {
  const auto* const packed = dynamic_cast<const CpuLinearWeight*>(&weight);
  if (!packed) refuse("the weight was packed by another backend", "pack it with this one");
  return *packed;
}

void check_target(const Tensor& x, const LinearTarget& target) {
  const Tensor& w = own(target.weight).tensor();
  check_rows("x", x, w.dim(1));
  check_rows("out", target.out, w.dim(0));
  if (x.dim(0) != target.out.dim(0)) {
    refuse("x is " + to_string(x) + " but out is " + to_string(target.out),
           "give both the same tokens");
  }
  const Tensor& bias = target.bias;
  if (!bias.defined()) return;
  if (bias.rank() != 1 || bias.dim(0) != w.dim(0) || !bias.is_contiguous()) {
    refuse("bias is " + to_string(bias), "pass a contiguous [" + std::to_string(w.dim(0)) + "]");
  }
  if (!is_activation(bias.dtype()) || !bias.device().is_cpu()) {
    throw Error(ErrorCode::kUnsupported, "linear: bias is " + to_string(bias),
                "pass f32, f16 or bf16 on cpu");
  }
}

// The bias as f32 where floats may lie, else copied into `values`; null when undefined.
const float* as_f32(const Tensor& bias, float* values) {
  if (!bias.defined()) return nullptr;
  const bool aligned = reinterpret_cast<uintptr_t>(bias.raw_data()) % alignof(float) == 0;
  if (bias.dtype() == DataType::kF32 && aligned) return static_cast<const float*>(bias.raw_data());
  for (int64_t r = 0; r < bias.dim(0); ++r) {
    values[r] = cpu::load_element(bias.raw_data(), bias.dtype(), r);
  }
  return values;
}

// How many of the targets, from the first, have its weight's dtype and fit one call.
constexpr size_t kMaxTargets = 8;
size_t groupable(std::span<const LinearTarget> targets) {
  const auto dtype = [](const LinearTarget& t) { return own(t.weight).tensor().dtype(); };
  size_t n = 1;
  while (n < std::min(targets.size(), kMaxTargets) && dtype(targets[n]) == dtype(targets[0])) ++n;
  return n;
}

Target target_of(const LinearTarget& t, const float* bias) {
  return {.weight = static_cast<const char*>(own(t.weight).tensor().raw_data()),
          .up = nullptr,
          .rows = t.out.dim(1),
          .bias = bias,
          .up_bias = nullptr,
          .out = static_cast<char*>(t.out.mutable_raw_data()),
          .out_dtype = t.out.dtype(),
          .out_stride = t.out.stride(0),
          .first_part = 0};
}

// Up to `few` tokens at once go through the kernel for few.
void run_targets(const Tensor& x, DataType weight, const LinearKernels& kernels, int64_t few,
                 std::span<Target> targets, ThreadPool& pool, Scratch& scratch) {
  int64_t rows = 0;
  for (const Target& target : targets) rows += target.rows;
  if (rows == 0) return;
  for (int64_t first = 0; first < x.dim(0); first += kTokensPerPass) {
    const int64_t tokens = std::min(kTokensPerPass, x.dim(0) - first);
    const LinearKernel& kernel = tokens <= few ? kernels.few : kernels.many;
    const Call call{.kernels = kernels,
                    .kernel = kernel,
                    .weight_size = element_bytes(weight),
                    .in = x.dim(1),
                    .rows = rows,
                    .x = static_cast<const char*>(x.raw_data()),
                    .x_dtype = x.dtype(),
                    .x_stride = x.stride(0),
                    .targets = targets};
    run_pass(call, first, tokens, pool, scratch);
  }
}

}  // namespace

std::unique_ptr<LinearWeight> CpuLinearOps::pack(const Tensor& weight) {
  if (!weight.defined() || weight.rank() != 2) {
    refuse("weight is " + (weight.defined() ? to_string(weight) : "undefined"),
           "pass [out_features, in_features]");
  }
  if (!is_activation(weight.dtype()) || !weight.device().is_cpu()) {
    throw Error(ErrorCode::kUnsupported, "linear: weight is " + to_string(weight),
                "cast it to f32, f16 or bf16 on cpu");
  }
  if (!weight.is_contiguous()) {
    refuse("weight " + to_string(weight) + " is strided", "pass it contiguous: it is not copied");
  }
  return std::make_unique<CpuLinearWeight>(weight);
}

void CpuLinearOps::linear(const Tensor& x, const LinearWeight& weight, const Tensor& bias,
                          const Tensor& out) {
  const LinearTarget only{weight, bias, out};
  linear_group(x, {&only, 1});
}

void CpuLinearOps::linear_group(const Tensor& x, std::span<const LinearTarget> targets) {
  for (const LinearTarget& target : targets) check_target(x, target);
  while (!targets.empty()) {
    const size_t n = groupable(targets);
    run_group(x, targets.first(n));
    targets = targets.subspan(n);
  }
}

// Targets of one weight dtype, at most kMaxTargets.
void CpuLinearOps::run_group(const Tensor& x, std::span<const LinearTarget> group) {
  std::array<Target, kMaxTargets> targets;
  cpu::ScratchPool::Lease biases(scratch_);
  int64_t rows = 0;
  for (const LinearTarget& t : group) rows += t.out.dim(1);
  float* bias = reinterpret_cast<float*>((*biases).reserve(rows * 4));
  for (size_t i = 0; i < group.size(); ++i) {
    targets[i] = target_of(group[i], as_f32(group[i].bias, bias));
    bias += group[i].out.dim(1);
  }
  const DataType dtype = own(group[0].weight).tensor().dtype();
  const bool empty = x.dim(1) == 0;  // vector kernels want something to add up
  const LinearKernels kernels = cpu::linear_kernels(empty ? Isa::kScalar : isa_, dtype);
  cpu::ScratchPool::Lease scratch(scratch_);
  run_targets(x, dtype, kernels, kernels.few_tokens, std::span(targets).first(group.size()), pool_,
              *scratch);
}

void CpuLinearOps::gated_linear(const Tensor& x, const LinearTarget& gate,
                                const LinearTarget& up) {
  check_target(x, gate);
  check_target(x, up);
  if (gate.out.dim(1) != up.out.dim(1)) {
    refuse("gate is " + to_string(gate.out) + " but up is " + to_string(up.out),
           "give both weights the same shape");
  }
  const DataType dtype = own(gate.weight).tensor().dtype();
  const LinearKernels kernels = cpu::linear_kernels(isa_, dtype);
  const bool same = dtype == own(up.weight).tensor().dtype();
  if (same && kernels.many.gated && x.dim(0) > kernels.few_tokens && x.dim(1) > 0) {
    return run_gated(x, gate, up);
  }
  const LinearTarget both[] = {gate, up};
  linear_group(x, both);
  run_silu_mul({pool_, vector_kernels(isa_)}, gate.out, up.out, gate.out);
}

void CpuLinearOps::run_gated(const Tensor& x, const LinearTarget& gate, const LinearTarget& up) {
  cpu::ScratchPool::Lease biases(scratch_), scratch(scratch_);
  float* const bias = reinterpret_cast<float*>((*biases).reserve(gate.out.dim(1) * 8));
  Target target = target_of(gate, as_f32(gate.bias, bias));
  target.up = static_cast<const char*>(own(up.weight).tensor().raw_data());
  target.up_bias = as_f32(up.bias, bias + gate.out.dim(1));
  const DataType dtype = own(gate.weight).tensor().dtype();
  run_targets(x, dtype, cpu::linear_kernels(isa_, dtype), 0, {&target, 1}, pool_, *scratch);
}

}  // namespace ferrum
