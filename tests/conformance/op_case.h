#pragma once
// One call of one operation: its arguments, what must come out, and what it costs. The same table
// of cases feeds the conformance tests and bench/ops_bench.cpp.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ferrum/tensor/kernel_ops.h"
#include "ferrum/tensor/tensor_factory.h"
#include "ferrum/tensor/tensor_ops.h"

namespace ferrum::conformance {

// How an argument lies in memory. Around it, and between its elements, lie sentinel bytes.
enum class Layout {
  kContiguous,
  kOffset,      // one element behind an aligned address
  kPadded,      // contiguous rows with gaps between them
  kTransposed,  // dimensions in reverse order: the innermost one is strided
};

struct Argument {
  Shape shape;
  DataType dtype = DataType::kF32;
  Layout layout = Layout::kContiguous;
  std::vector<double> values = {};  // row-major; empty: drawn from [-2, 2]
};

// What the argument holds, exactly, after rounding to its dtype.
struct Values {
  Shape shape;
  std::vector<double> data;
};

// What a case runs on: a backend's operations, its own groups or the composed ones.
struct Kernels {
  TensorOps& ops;
  KernelOps& groups;
  TensorFactory& factory;
  Device device;
};

using Tensors = std::span<const Tensor>;
using Arrays = std::span<const Values>;

struct OpCase {
  std::string op;    // "rms_norm"
  std::string name;  // "rms_norm bf16 [3, 33] padded"
  std::vector<Argument> inputs;
  std::vector<Argument> outputs;  // they hold values before the call too, for what works in place
  // |found - expected| <= tolerance * (1 + |expected|) + the rounding of the output's dtype.
  double tolerance = 0;
  double flops = 0;
  double bytes = 0;
  std::function<void(Kernels&, Tensors in, Tensors out)> run;
  std::function<std::vector<std::vector<double>>(Arrays in, Arrays out)> reference;
};

using OpCases = std::vector<OpCase>;

// Every case; one function per file of cases.
OpCases all_cases();
void add_elementwise_cases(OpCases& cases);
void add_row_cases(OpCases& cases);
void add_matmul_cases(OpCases& cases);
void add_data_cases(OpCases& cases);
void add_kernel_cases(OpCases& cases);
void add_attention_cases(OpCases& cases);
void add_sampling_cases(OpCases& cases);

// The arguments of a case on a device.
class PreparedCase {
 public:
  PreparedCase(const OpCase& op_case, Kernels& kernels);
  void run() { case_.run(kernels_, inputs_, outputs_); }
  // Runs once and compares; one sentence per failure.
  std::vector<std::string> check();

 private:
  struct Placed {
    Tensor whole;  // u8: the argument and its sentinels
    std::vector<std::byte> before;
    Values values;
  };
  Tensor place(const Argument& argument, uint64_t seed, Placed& placed);
  void compare(size_t index, const std::vector<double>& expected,
               std::vector<std::string>& failures);

  const OpCase& case_;
  Kernels& kernels_;
  std::vector<Placed> placed_inputs_, placed_outputs_;
  std::vector<Tensor> inputs_, outputs_;
};

std::string to_string(Layout layout);
// "bf16 [3, 33] padded"
std::string describe(const Argument& argument);

}  // namespace ferrum::conformance
