#include "backends/cpu/cpu_linear.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

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

// One call, cut into passes of tokens and tasks of rows x tokens.
struct Call {
  const LinearKernels& kernels;
  const LinearKernel& kernel;
  const char* weight;
  int64_t weight_size;  // bytes of one element
  int64_t in, rows;
  const char* x;
  DataType x_dtype;
  int64_t x_stride;
  char* out;
  DataType out_dtype;
  int64_t out_stride;
  const float* bias;
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
  int64_t row_parts, token_parts, tasks;
  int64_t sums_stride;
  int64_t packed_bytes;  // of the tokens of a task
  int64_t sums_bytes, thread_bytes;
};

Cut cut(const Call& c, int64_t tokens, int threads) {
  const LinearKernel& k = c.kernel;
  // Several tasks per thread, so that a thread that the machine slows down holds up little.
  const int64_t share = parts(c.rows, int64_t{threads} * 6);
  Cut s{};
  s.rows = std::min(k.max_rows / k.row_group * k.row_group, round_up(share, k.row_group));
  s.row_parts = parts(c.rows, s.rows);
  s.tokens = round_up(k.max_tokens ? std::min(tokens, k.max_tokens) : tokens, k.lanes);
  const int64_t grain = 4 * k.lanes;
  while (k.lanes > 1 && s.tokens > grain &&
         s.row_parts * parts(tokens, s.tokens) < 2 * threads) {
    s.tokens = round_up(s.tokens / 2, grain);
  }
  s.token_parts = parts(tokens, s.tokens);
  s.tasks = s.row_parts * s.token_parts;
  s.sums_stride = s.rows * k.lanes;
  s.sums_bytes = round_up(s.tokens * s.rows * 4, kLine);
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

// The first row of a task. All rows of one part of the tokens follow each other, so that its
// packed x stays in the caches.
int64_t row_of(const Cut& s, int64_t task) { return task % s.row_parts * s.rows; }

// `next` is the task that this thread is likely to run after this one, if there is one.
void run_task(const Call& c, const Cut& s, const Pass& pass, int64_t task, int64_t next,
              char* scratch) {
  const int64_t row = row_of(s, task);
  const int64_t part = task / s.row_parts;
  const int64_t rows = std::min(s.rows, c.rows - row);
  const int64_t count = std::min(s.tokens, pass.tokens - part * s.tokens);
  float* const sums = reinterpret_cast<float*>(scratch);
  const int64_t row_bytes = c.in * c.weight_size;
  c.kernel.multiply({.weight = c.weight + row * row_bytes,
                     .in = c.in,
                     .rows = rows,
                     .x = pass.packed + part * s.packed_bytes,
                     .tokens = count,
                     .sums = sums,
                     .sums_stride = s.sums_stride,
                     .scratch = scratch + s.sums_bytes,
                     .next = next < s.tasks ? c.weight + row_of(s, next) * row_bytes : nullptr});
  const int64_t out = (pass.first + part * s.tokens) * c.out_stride + row;
  c.kernels.store({.sums = sums,
                   .sums_stride = s.sums_stride,
                   .lanes = c.kernel.lanes,
                   .rows = rows,
                   .tokens = count,
                   .factor = nullptr,
                   .bias = c.bias ? c.bias + row : nullptr,
                   .out = c.out + out * element_bytes(c.out_dtype),
                   .out_dtype = c.out_dtype,
                   .out_stride = c.out_stride});
}

void run_pass(const Call& c, int64_t first, int64_t tokens, ThreadPool& pool, Scratch& scratch) {
  const int64_t products = c.rows * c.in * tokens;
  const bool serial =
      products <= kSerialProducts && c.rows * c.in * c.weight_size <= kSerialBytes;
  const int threads = serial ? 1 : pool.size();
  const Cut s = cut(c, tokens, threads);
  const int64_t packed_bytes = s.packed_bytes * s.token_parts;
  const Pass pass{first, tokens, scratch.reserve(packed_bytes + s.thread_bytes * threads)};
  char* const thread_scratch = pass.packed + packed_bytes;
  if (threads == 1 || c.kernel.lanes == 1) {
    pack_tokens(c, s, pass, 0, tokens);
  } else {
    pool.parallel_for(tokens, c.kernel.lanes, [&](int64_t begin, int64_t end) {
      pack_tokens(c, s, pass, begin, end);
    });
  }
  if (threads == 1) {
    for (int64_t i = 0; i < s.tasks; ++i) run_task(c, s, pass, i, i + 1, thread_scratch);
    return;
  }
  std::atomic<int64_t> next{0};
  pool.run([&](int thread) {
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < s.tasks;) {
      run_task(c, s, pass, i, i + threads, thread_scratch + thread * s.thread_bytes);
    }
  });
}

// The bias as f32, converted into `scratch` where it is not; null when undefined.
const float* as_f32(const Tensor& bias, int64_t rows, Scratch& scratch) {
  if (!bias.defined()) return nullptr;
  if (bias.rank() != 1 || bias.dim(0) != rows || !bias.is_contiguous()) {
    refuse("bias is " + to_string(bias), "pass a contiguous [" + std::to_string(rows) + "]");
  }
  if (!is_activation(bias.dtype()) || !bias.device().is_cpu()) {
    throw Error(ErrorCode::kUnsupported, "linear: bias is " + to_string(bias),
                "pass f32, f16 or bf16 on cpu");
  }
  if (bias.dtype() == DataType::kF32) return static_cast<const float*>(bias.raw_data());
  float* const values = reinterpret_cast<float*>(scratch.reserve(rows * 4));
  for (int64_t r = 0; r < rows; ++r) {
    values[r] = cpu::load_element(bias.raw_data(), bias.dtype(), r);
  }
  return values;
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
  const auto* packed = dynamic_cast<const CpuLinearWeight*>(&weight);
  if (!packed) refuse("the weight was packed by another backend", "pack it with this one");
  const Tensor& w = packed->tensor();
  check_rows("x", x, w.dim(1));
  check_rows("out", out, w.dim(0));
  if (x.dim(0) != out.dim(0)) {
    refuse("x is " + to_string(x) + " but out is " + to_string(out), "give both the same tokens");
  }
  if (out.numel() == 0) return;
  cpu::ScratchPool::Lease bias_scratch(scratch_);
  const bool empty = w.dim(1) == 0;  // vector kernels want something to add up
  const LinearKernels kernels = cpu::linear_kernels(empty ? Isa::kScalar : isa_, w.dtype());
  const float* const bias_values = as_f32(bias, w.dim(0), *bias_scratch);
  cpu::ScratchPool::Lease scratch(scratch_);
  for (int64_t first = 0; first < x.dim(0); first += kTokensPerPass) {
    const int64_t tokens = std::min(kTokensPerPass, x.dim(0) - first);
    const Call call{.kernels = kernels,
                    .kernel = tokens <= kernels.few_tokens ? kernels.few : kernels.many,
                    .weight = static_cast<const char*>(w.raw_data()),
                    .weight_size = element_bytes(w.dtype()),
                    .in = w.dim(1),
                    .rows = w.dim(0),
                    .x = static_cast<const char*>(x.raw_data()),
                    .x_dtype = x.dtype(),
                    .x_stride = x.stride(0),
                    .out = static_cast<char*>(out.mutable_raw_data()),
                    .out_dtype = out.dtype(),
                    .out_stride = out.stride(0),
                    .bias = bias_values};
    run_pass(call, first, tokens, pool_, *scratch);
  }
}

}  // namespace ferrum
