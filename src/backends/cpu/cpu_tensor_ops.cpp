#include "backends/cpu/cpu_tensor_ops.h"

#include <string>
#include <vector>

#include "backends/cpu/cast.h"
#include "backends/cpu/elementwise.h"
#include "backends/cpu/matmul.h"
#include "backends/cpu/op_checks.h"
#include "backends/cpu/row_ops.h"

namespace ferrum {

void CpuTensorOps::matmul(const Tensor& a, const Tensor& b, const Tensor& out) {
  run_matmul(context_, a, b, out);
}

void CpuTensorOps::add(const Tensor& a, const Tensor& b, const Tensor& out) {
  run_binary(context_, context_.kernels.add, a, b, out);
}

void CpuTensorOps::sub(const Tensor& a, const Tensor& b, const Tensor& out) {
  run_binary(context_, context_.kernels.sub, a, b, out);
}

void CpuTensorOps::mul(const Tensor& a, const Tensor& b, const Tensor& out) {
  run_binary(context_, context_.kernels.mul, a, b, out);
}

void CpuTensorOps::div(const Tensor& a, const Tensor& b, const Tensor& out) {
  run_binary(context_, context_.kernels.div, a, b, out);
}

void CpuTensorOps::softmax(const Tensor& x, int dim, const Tensor& out) {
  run_softmax(context_, x, dim, out);
}

void CpuTensorOps::layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                              const Tensor& out) {
  run_layer_norm(context_, x, weight, bias, eps, out);
}

void CpuTensorOps::rms_norm(const Tensor& x, const Tensor& weight, float eps, const Tensor& out) {
  run_rms_norm(context_, x, weight, eps, out);
}

void CpuTensorOps::relu(const Tensor& x, const Tensor& out) {
  run_unary(context_, context_.kernels.relu, x, out);
}

void CpuTensorOps::gelu(const Tensor& x, const Tensor& out) {
  run_unary(context_, context_.kernels.gelu, x, out);
}

void CpuTensorOps::silu(const Tensor& x, const Tensor& out) {
  run_unary(context_, context_.kernels.silu, x, out);
}

void CpuTensorOps::concat(std::span<const Tensor> parts, int dim, const Tensor& out) {
  require_on_cpu(out, "out");
  const int resolved = out.shape().resolve_dim(dim);
  int64_t total = 0;
  for (const Tensor& part : parts) {
    require_on_cpu(part, "a part");
    require_rank(part, "a part", out.rank());
    require_shape(part, "a part", out.shape().with_dim(resolved, part.dim(resolved)));
    total += part.dim(resolved);
  }
  if (total != out.dim(resolved)) {
    throw Error(ErrorCode::kInvalidArgument, "parts of " + std::to_string(total) +
                                                 " along dimension " + std::to_string(resolved) +
                                                 " into " + to_string(out));
  }
  int64_t start = 0;
  for (const Tensor& part : parts) {
    run_cast(context_, part, out.narrow(resolved, start, part.dim(resolved)));
    start += part.dim(resolved);
  }
}

void CpuTensorOps::cast(const Tensor& x, const Tensor& out) { run_cast(context_, x, out); }

void CpuTensorOps::gather_rows(const Tensor& table, const Tensor& indices, const Tensor& out) {
  require_on_cpu(table, "table");
  require_on_cpu(out, "out");
  require_dtype(indices, "indices", DataType::kI32);
  require_rank(indices, "indices", 1);
  if (table.rank() < 1 || out.rank() != table.rank()) require_rank(out, "out", table.rank());
  require_shape(out, "out", table.shape().with_dim(0, indices.dim(0)));
  const int32_t* index = indices.data<int32_t>();
  const int64_t step = indices.stride(0);
  for (int64_t i = 0; i < indices.dim(0); ++i) {
    const int32_t row = index[i * step];
    if (row >= 0 && row < table.dim(0)) continue;
    throw Error(ErrorCode::kInvalidArgument, "index " + std::to_string(row) + " of a table of " +
                                                 std::to_string(table.dim(0)) + " rows");
  }
  for (int64_t i = 0; i < indices.dim(0); ++i) {
    run_cast(context_, table.select(0, index[i * step]), out.select(0, i));
  }
}

}  // namespace ferrum
