#include "backends/cpu/cpu_attention.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "backends/cpu/attention_checks.h"
#include "backends/cpu/kernels/attention_kernels.h"
#include "backends/cpu/kernels/linear_kernels.h"
#include "backends/cpu/kernels/scalar_elements.h"

namespace ferrum {
namespace {

using cpu::AttentionKernel;
using cpu::kAttentionTile;
using cpu::LinearKernels;
using cpu::Scratch;

constexpr int64_t kLine = 64;
constexpr int64_t kTokensPerThread = 8;             // written to the cache, at least
constexpr int64_t kSerialProducts = 256 << 10;      // below this, waking threads costs more
constexpr int64_t kLeastPart = 2 * kAttentionTile;  // positions worth a part of their own

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
int64_t parts_of(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }
int64_t element_bytes(DataType dtype) { return bits_of(dtype) / 8; }

// One call's arguments as plain numbers.
struct Call {
  const LinearKernels& linear;  // for packing queries and storing results
  const AttentionKernel& kernel;
  const Tensor& q;
  const Tensor& out;
  char* out_data;
  const char* keys;
  const char* values;
  DataType cache_dtype;
  int64_t kv_heads, group, block_size, head_dim;  // group: query heads per KV head
  const PagedLayout& layout;
  float scale;
  int64_t window;
};

// The query rows tokens x heads of one KV head of an item, against the positions begin .. end.
struct Task {
  int32_t item, kv_head;
  int32_t token, tokens;  // of the step
  int32_t head, heads;    // of the query
  int32_t begin, end;     // positions, begin a multiple of kAttentionTile
  int32_t last;           // position of the last token
  int32_t part, parts;    // which part of the positions this is, of how many
  int32_t state;          // where a part keeps its result; the parts of a query follow each other
};

// The running softmax of a task: what parts of one query are merged from.
struct State {
  float* largest;  // [rows]
  float* total;    // [rows]
  float* acc;      // [rows / lanes][dims][lanes]
};

struct Sizes {
  int64_t rows, dims;
  int64_t packed, copy, state, thread;  // bytes
};

Sizes sizes_of(const Call& c) {
  Sizes s{};
  s.rows = c.kernel.max_rows;
  s.dims = round_up(c.head_dim, cpu::kDimGroup);
  s.packed = round_up(s.rows * s.dims * element_bytes(c.kernel.query_dtype), kLine);
  const int64_t widest = std::max(element_bytes(c.q.dtype()), element_bytes(c.out.dtype()));
  s.copy = round_up(s.rows * c.head_dim * widest, kLine);
  s.state = round_up((s.dims + 2) * s.rows * 4, kLine);
  s.thread = s.packed + s.copy + s.state + round_up(c.kernel.scratch_bytes, kLine);
  return s;
}

State state_at(char* memory, const Sizes& s) {
  float* const acc = reinterpret_cast<float*>(memory);
  float* const largest = acc + s.dims * s.rows;
  return {largest, largest + s.rows, acc};
}

int64_t rows_of(const Call& c, const Task& task) {
  return round_up(int64_t{task.tokens} * task.heads, c.kernel.lanes);
}

// Query rows [tokens, heads, head_dim] of the task, gathered and packed for the kernel.
void pack_queries(const Call& c, const Task& task, char* copy, char* packed) {
  const int64_t size = element_bytes(c.q.dtype());
  const int64_t row = c.head_dim * size;
  const char* const q = static_cast<const char*>(c.q.raw_data());
  for (int64_t t = 0; t < task.tokens; ++t) {
    for (int64_t h = 0; h < task.heads; ++h) {
      const int64_t from = (task.token + t) * c.q.stride(0) + (task.head + h) * c.q.stride(1);
      std::memcpy(copy + (t * task.heads + h) * row, q + from * size, static_cast<size_t>(row));
    }
  }
  c.linear.pack({.x = copy,
                 .x_dtype = c.q.dtype(),
                 .stride = c.head_dim,
                 .tokens = int64_t{task.tokens} * task.heads,
                 .begin = 0,
                 .end = int64_t{task.tokens} * task.heads,
                 .in = c.head_dim,
                 .packed_dtype = c.kernel.query_dtype,
                 .lanes = c.kernel.lanes,
                 .depth = round_up(c.head_dim, cpu::kPackedStep),
                 .packed = packed});
}

// The positions that each query row sees. Padding rows see all, which is never masked.
void see(const Call& c, const Task& task, int32_t* first, int32_t* last) {
  for (int64_t r = 0; r < rows_of(c, task); ++r) {
    const int64_t token = r / task.heads;
    const bool real = token < task.tokens;
    const int64_t at = task.last - (task.tokens - 1) + token;
    last[r] = real ? static_cast<int32_t>(at) : std::numeric_limits<int32_t>::max();
    const int64_t oldest = c.window > 0 && real ? std::max<int64_t>(0, at - c.window + 1) : 0;
    first[r] = static_cast<int32_t>(oldest);
  }
}

void run_positions(const Call& c, const Task& task, const char* packed, const State& state,
                   void* scratch) {
  int32_t first[cpu::kMaxAttentionRows];
  int32_t last[cpu::kMaxAttentionRows];
  see(c, task, first, last);
  const int64_t size = element_bytes(c.cache_dtype);
  const int64_t stride = c.head_dim * size;
  const int32_t* const table =
      c.layout.block_table.data<int32_t>() + task.item * c.layout.block_table.stride(0);
  const int64_t final_row = int64_t{task.tokens} * task.heads - 1;
  const void* keys[kAttentionTile];
  const void* values[kAttentionTile];
  for (int64_t p0 = task.begin; p0 < task.end; p0 += kAttentionTile) {
    const int64_t count = std::min<int64_t>(kAttentionTile, task.end - p0);
    for (int64_t p = 0; p < count; ++p) {
      const int64_t block = table[(p0 + p) / c.block_size];
      const int64_t row = (block * c.kv_heads + task.kv_head) * c.block_size +
                          (p0 + p) % c.block_size;
      keys[p] = c.keys + row * stride;
      values[p] = c.values + row * stride;
    }
    c.kernel.step({.keys = keys,
                   .values = values,
                   .positions = count,
                   .position = p0,
                   .head_dim = c.head_dim,
                   .queries = packed,
                   .rows = rows_of(c, task),
                   .first = first,
                   .last = last,
                   .masked = p0 + count - 1 > last[0] || p0 < first[final_row],
                   .scale = c.scale,
                   .largest = state.largest,
                   .total = state.total,
                   .acc = state.acc,
                   .scratch = scratch});
  }
}

void run_task(const Call& c, const Sizes& s, const Task& task, const State& state, char* memory) {
  char* const copy = memory + s.packed;
  pack_queries(c, task, copy, memory);
  const int64_t rows = rows_of(c, task);
  std::fill_n(state.largest, rows, cpu::kNoScore);
  std::fill_n(state.total, rows, 0.0f);
  std::fill_n(state.acc, s.dims * rows, 0.0f);
  run_positions(c, task, memory, state, copy + s.copy + s.state);
}

// out = acc / total, by way of a contiguous copy.
void store_result(const Call& c, const Sizes& s, const Task& task, const State& state,
                  char* copy) {
  const int64_t rows = rows_of(c, task);
  for (int64_t r = 0; r < rows; ++r) state.total[r] = 1.0f / state.total[r];
  c.linear.store({.sums = state.acc,
                  .sums_stride = s.dims * c.kernel.lanes,
                  .lanes = c.kernel.lanes,
                  .rows = c.head_dim,
                  .tokens = int64_t{task.tokens} * task.heads,
                  .factor = state.total,
                  .bias = nullptr,
                  .out = copy,
                  .out_dtype = c.out.dtype(),
                  .out_stride = c.head_dim});
  const int64_t size = element_bytes(c.out.dtype());
  const int64_t row = c.head_dim * size;
  for (int64_t t = 0; t < task.tokens; ++t) {
    for (int64_t h = 0; h < task.heads; ++h) {
      const int64_t to = (task.token + t) * c.out.stride(0) + (task.head + h) * c.out.stride(1);
      std::memcpy(c.out_data + to * size, copy + (t * task.heads + h) * row,
                  static_cast<size_t>(row));
    }
  }
}

// Adds the running softmax `part` to `whole`; both have `rows` rows in groups of `lanes`.
void merge(int64_t rows, int64_t lanes, int64_t dims, const State& part, const State& whole) {
  for (int64_t r = 0; r < rows; ++r) {
    const float largest = std::max(whole.largest[r], part.largest[r]);
    const float a = std::exp2(whole.largest[r] - largest);
    const float b = std::exp2(part.largest[r] - largest);
    whole.largest[r] = largest;
    whole.total[r] = a * whole.total[r] + b * part.total[r];
    for (int64_t d = 0; d < dims; ++d) {
      const int64_t index = (r / lanes * dims + d) * lanes + r % lanes;
      whole.acc[index] = a * whole.acc[index] + b * part.acc[index];
    }
  }
}

// Calls body(task) for every task, parts left as one.
template <class Body>
void for_each_task(const Call& c, Body body) {
  const int64_t heads = std::min(c.group, c.kernel.max_rows);
  const int64_t tokens_per_task = std::max<int64_t>(1, c.kernel.max_rows / heads);
  const int32_t* const start = c.layout.query_start.data<int32_t>();
  const int32_t* const context = c.layout.context_length.data<int32_t>();
  for (int64_t item = 0; item < c.layout.context_length.numel(); ++item) {
    for (int64_t token = start[item]; token < start[item + 1]; token += tokens_per_task) {
      const int64_t tokens = std::min<int64_t>(tokens_per_task, start[item + 1] - token);
      const int64_t at = context[item] - (start[item + 1] - token);  // position of `token`
      const int64_t oldest = c.window > 0 ? std::max<int64_t>(0, at - c.window + 1) : 0;
      for (int64_t kv = 0; kv < c.kv_heads; ++kv) {
        for (int64_t h = 0; h < c.group; h += heads) {
          body(Task{.item = static_cast<int32_t>(item),
                    .kv_head = static_cast<int32_t>(kv),
                    .token = static_cast<int32_t>(token),
                    .tokens = static_cast<int32_t>(tokens),
                    .head = static_cast<int32_t>(kv * c.group + h),
                    .heads = static_cast<int32_t>(std::min(heads, c.group - h)),
                    .begin = static_cast<int32_t>(oldest / kAttentionTile * kAttentionTile),
                    .end = static_cast<int32_t>(at + tokens),
                    .last = static_cast<int32_t>(at + tokens - 1),
                    .part = 0,
                    .parts = 1,
                    .state = 0});
        }
      }
    }
  }
}

// Few tasks of long contexts are cut into parts, so that every thread has work: at most
// `parts` per task, each of at least kLeastPart positions.
template <class Body>
void for_each_part(const Task& task, int64_t parts, Body body) {
  const int64_t length = task.end - task.begin;
  parts = std::clamp<int64_t>(length / kLeastPart, 1, parts);
  const int64_t share = round_up(parts_of(length, parts), kAttentionTile);
  parts = parts_of(length, share);
  for (int64_t i = 0; i < parts; ++i) {
    Task part = task;
    part.begin = static_cast<int32_t>(task.begin + i * share);
    part.end = static_cast<int32_t>(std::min<int64_t>(part.begin + share, task.end));
    part.part = static_cast<int32_t>(i);
    part.parts = static_cast<int32_t>(parts);
    body(part);
  }
}

int64_t work_of(const Call& c, const Task& task) {
  return (int64_t{task.end} - task.begin) * rows_of(c, task);
}

// The tasks of a call, longest first, and the memory they work in.
struct Plan {
  Task* tasks;
  int64_t count;
  int64_t states;  // of parts
  int64_t work;    // positions x rows
  char* state_memory;
  char* thread_memory;
};

Plan make_plan(const Call& c, const Sizes& s, int threads, Scratch& scratch) {
  int64_t whole = 0;
  for_each_task(c, [&](const Task&) { ++whole; });
  const int64_t most = std::max<int64_t>(1, parts_of(2 * threads, std::max<int64_t>(1, whole)));
  Plan plan{};
  for_each_task(c, [&](const Task& task) {
    for_each_part(task, most, [&](const Task& part) {
      ++plan.count;
      plan.states += part.parts > 1;
    });
  });
  const int64_t list = round_up(plan.count * static_cast<int64_t>(sizeof(Task)), kLine);
  char* const memory = scratch.reserve(list + plan.states * s.state + threads * s.thread);
  plan.tasks = reinterpret_cast<Task*>(memory);
  plan.state_memory = memory + list;
  plan.thread_memory = plan.state_memory + plan.states * s.state;
  Task* next = plan.tasks;
  int32_t state = 0;
  for_each_task(c, [&](const Task& task) {
    for_each_part(task, most, [&](const Task& part) {
      plan.work += work_of(c, part);
      *next = part;
      if (part.parts > 1) next->state = state++;
      ++next;
    });
  });
  std::sort(plan.tasks, next, [&](const Task& a, const Task& b) {
    return work_of(c, a) > work_of(c, b);
  });
  return plan;
}

// Calls body(task, memory of the thread) for every task, each thread taking the next one.
template <class Body>
void run_tasks(const Plan& plan, const Sizes& s, bool serial, ThreadPool& pool, Body body) {
  if (serial) {
    for (int64_t i = 0; i < plan.count; ++i) body(plan.tasks[i], plan.thread_memory);
    return;
  }
  std::atomic<int64_t> next{0};
  pool.run([&](int thread) {
    char* const memory = plan.thread_memory + thread * s.thread;
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < plan.count;) {
      body(plan.tasks[i], memory);
    }
  });
}

void run_plan(const Call& c, const Sizes& s, const Plan& plan, ThreadPool& pool) {
  const bool serial = pool.size() == 1 || plan.work * c.head_dim < kSerialProducts;
  run_tasks(plan, s, serial, pool, [&](const Task& task, char* memory) {
    if (task.parts > 1) {
      run_task(c, s, task, state_at(plan.state_memory + task.state * s.state, s), memory);
      return;
    }
    const State state = state_at(memory + s.packed + s.copy, s);
    run_task(c, s, task, state, memory);
    store_result(c, s, task, state, memory + s.packed);
  });
  if (plan.states == 0) return;
  run_tasks(plan, s, serial, pool, [&](const Task& task, char* memory) {
    if (task.parts == 1 || task.part > 0) return;
    char* const states = plan.state_memory + task.state * s.state;
    const State whole = state_at(states, s);
    for (int64_t i = 1; i < task.parts; ++i) {
      merge(rows_of(c, task), c.kernel.lanes, s.dims, state_at(states + i * s.state, s), whole);
    }
    store_result(c, s, task, whole, memory + s.packed);
  });
}

// One token's heads [kv_heads, head_dim] into their places in the cache.
void write_token(const LinearKernels& kernels, const Tensor& x, int64_t token, int64_t slot,
                 const Tensor& cache, char* cache_data) {
  const int64_t block_size = cache.dim(2), head_dim = cache.dim(3);
  const int64_t head = block_size * head_dim;  // elements from one head to the next
  const int64_t to = slot / block_size * cache.dim(1) * head + slot % block_size * head_dim;
  const int64_t from = token * x.stride(0);
  const int64_t size = element_bytes(cache.dtype());
  if (x.dtype() == DataType::kF32) {
    kernels.store({.sums = static_cast<const float*>(x.raw_data()) + from,
                   .sums_stride = x.stride(1),
                   .lanes = 1,
                   .rows = head_dim,
                   .tokens = x.dim(1),
                   .factor = nullptr,
                   .bias = nullptr,
                   .out = cache_data + to * size,
                   .out_dtype = cache.dtype(),
                   .out_stride = head});
    return;
  }
  const char* const source = static_cast<const char*>(x.raw_data());
  for (int64_t h = 0; h < x.dim(1); ++h) {
    const int64_t first = from + h * x.stride(1);
    if (x.dtype() == cache.dtype()) {
      std::memcpy(cache_data + (to + h * head) * size, source + first * size,
                  static_cast<size_t>(head_dim * size));
      continue;
    }
    for (int64_t d = 0; d < head_dim; ++d) {
      const float value = cpu::load_element(source, x.dtype(), first + d);
      cpu::store_element(cache_data, cache.dtype(), to + h * head + d, value);
    }
  }
}

}  // namespace

void CpuAttentionOps::write_kv(const Tensor& k, const Tensor& v, const Tensor& slots,
                               const Tensor& k_cache, const Tensor& v_cache) {
  cpu::check_write_kv(k, v, slots, k_cache, v_cache);
  if (k.numel() == 0) return;
  const LinearKernels kernels = cpu::linear_kernels(isa_, k_cache.dtype());
  char* const k_data = static_cast<char*>(k_cache.mutable_raw_data());
  char* const v_data = static_cast<char*>(v_cache.mutable_raw_data());
  const int64_t* const slot = slots.data<int64_t>();
  pool_.parallel_for(k.dim(0), kTokensPerThread, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      write_token(kernels, k, t, slot[t], k_cache, k_data);
      write_token(kernels, v, t, slot[t], v_cache, v_data);
    }
  });
}

void CpuAttentionOps::paged_attention(const Tensor& q, const Tensor& k_cache,
                                      const Tensor& v_cache, const PagedLayout& layout,
                                      const AttentionParams& params, const Tensor& out) {
  cpu::check_paged_attention(q, k_cache, v_cache, layout, params, out);
  if (q.numel() == 0) return;
  const LinearKernels linear = cpu::linear_kernels(isa_, k_cache.dtype());
  const AttentionKernel kernel =
      cpu::attention_kernel(isa_, k_cache.dtype(), k_cache.dim(3));
  const Call call{.linear = linear,
                  .kernel = kernel,
                  .q = q,
                  .out = out,
                  .out_data = static_cast<char*>(out.mutable_raw_data()),
                  .keys = static_cast<const char*>(k_cache.raw_data()),
                  .values = static_cast<const char*>(v_cache.raw_data()),
                  .cache_dtype = k_cache.dtype(),
                  .kv_heads = k_cache.dim(1),
                  .group = q.dim(1) / k_cache.dim(1),
                  .block_size = k_cache.dim(2),
                  .head_dim = k_cache.dim(3),
                  .layout = layout,
                  .scale = params.scale * std::numbers::log2e_v<float>,
                  .window = params.sliding_window};
  const Sizes sizes = sizes_of(call);
  cpu::ScratchPool::Lease scratch(scratch_);
  const Plan plan = make_plan(call, sizes, pool_.size(), *scratch);
  run_plan(call, sizes, plan, pool_);
}

}  // namespace ferrum
