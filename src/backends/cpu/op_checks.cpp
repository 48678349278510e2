#include "backends/cpu/op_checks.h"

#include <string>

namespace ferrum {
namespace {

[[noreturn]] void refuse(ErrorCode code, const char* name, const Tensor& tensor,
                         const std::string& wanted) {
  throw Error(code, std::string(name) + " is " + to_string(tensor) + ", must be " + wanted);
}

}  // namespace

void require_on_cpu(const Tensor& tensor, const char* name) {
  if (!tensor.defined()) refuse(ErrorCode::kInvalidArgument, name, tensor, "a tensor on cpu");
  if (!tensor.device().is_cpu()) refuse(ErrorCode::kUnsupported, name, tensor, "on cpu");
}

void require_float(const Tensor& tensor, const char* name) {
  require_on_cpu(tensor, name);
  const DataType dtype = tensor.dtype();
  if (dtype != DataType::kF32 && dtype != DataType::kF16 && dtype != DataType::kBF16) {
    refuse(ErrorCode::kUnsupported, name, tensor, "f32, f16 or bf16");
  }
}

void require_dtype(const Tensor& tensor, const char* name, DataType dtype) {
  require_on_cpu(tensor, name);
  if (tensor.dtype() != dtype) {
    refuse(ErrorCode::kInvalidArgument, name, tensor, std::string(to_string(dtype)));
  }
}

void require_shape(const Tensor& tensor, const char* name, const Shape& shape) {
  if (tensor.shape() != shape) {
    refuse(ErrorCode::kInvalidArgument, name, tensor, to_string(shape));
  }
}

void require_rank(const Tensor& tensor, const char* name, int rank) {
  if (tensor.rank() != rank) {
    refuse(ErrorCode::kInvalidArgument, name, tensor, "of rank " + std::to_string(rank));
  }
}

}  // namespace ferrum
