#include <limits>

#include "conformance/case_grid.h"
#include "support/reference_ops.h"

namespace ferrum::conformance {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Binary {
  const char* name;
  double (*reference)(double, double);
  double tolerance;
  std::function<void(Kernels&, const Tensor&, const Tensor&, const Tensor&)> run;
};

struct Unary {
  const char* name;
  double (*reference)(double);
  double tolerance;
  std::function<void(Kernels&, const Tensor&, const Tensor&)> run;
};

const std::array<Binary, 5>& binaries() {
  static const std::array<Binary, 5> all{{
      {"add", [](double a, double b) { return a + b; }, 0,
       [](Kernels& k, auto& a, auto& b, auto& out) { k.ops.add(a, b, out); }},
      {"sub", [](double a, double b) { return a - b; }, 0,
       [](Kernels& k, auto& a, auto& b, auto& out) { k.ops.sub(a, b, out); }},
      {"mul", [](double a, double b) { return a * b; }, 0,
       [](Kernels& k, auto& a, auto& b, auto& out) { k.ops.mul(a, b, out); }},
      {"div", [](double a, double b) { return a / b; }, 6e-8,
       [](Kernels& k, auto& a, auto& b, auto& out) { k.ops.div(a, b, out); }},
      {"silu_mul", [](double a, double b) { return reference::silu(a) * b; }, 4e-7,
       [](Kernels& k, auto& a, auto& b, auto& out) { k.groups.activation()->silu_mul(a, b, out); }},
  }};
  return all;
}

const std::array<Unary, 4>& unaries() {
  static const std::array<Unary, 4> all{{
      {"relu", [](double x) { return x < 0 ? 0 : x; }, 0,
       [](Kernels& k, auto& x, auto& out) { k.ops.relu(x, out); }},
      {"gelu", reference::gelu, 4e-7, [](Kernels& k, auto& x, auto& out) { k.ops.gelu(x, out); }},
      {"silu", reference::silu, 4e-7, [](Kernels& k, auto& x, auto& out) { k.ops.silu(x, out); }},
      {"gelu_tanh", reference::gelu_tanh, 4e-7,
       [](Kernels& k, auto& x, auto& out) { k.groups.activation()->gelu_tanh(x, out); }},
  }};
  return all;
}

void add_binary(OpCases& cases, const Binary& op, const Argument& a, const Argument& b,
                const Argument& out) {
  const bool intermediate_16 = out.dtype != DataType::kF32;
  add_case(cases,
           {.op = op.name,
            .name = {},
            .inputs = {a, b},
            .outputs = {out},
            // Rounding twice, to f32 and then to 16 bits, may move a tie.
            .tolerance = op.tolerance + (intermediate_16 ? 1e-7 : 0),
            .flops = static_cast<double>(out.shape.numel()),
            .run = [&op](Kernels& k, Tensors in, Tensors o) { op.run(k, in[0], in[1], o[0]); },
            .reference = [&op](Arrays in, Arrays) -> std::vector<std::vector<double>> {
              return {reference::broadcast_binary(in[0].data, in[0].shape, in[1].data, in[1].shape,
                                                  op.reference)};
            }});
}

void add_unary(OpCases& cases, const Unary& op, const Argument& x, const Argument& out) {
  add_case(cases, {.op = op.name,
                   .name = {},
                   .inputs = {x},
                   .outputs = {out},
                   .tolerance = op.tolerance + (out.dtype != DataType::kF32 ? 1e-7 : 0),
                   .flops = static_cast<double>(out.shape.numel()),
                   .run = [&op](Kernels& k, Tensors in, Tensors o) { op.run(k, in[0], o[0]); },
                   .reference = [&op](Arrays in, Arrays) -> std::vector<std::vector<double>> {
                     std::vector<double> result;
                     for (const double value : in[0].data) result.push_back(op.reference(value));
                     return {result};
                   }});
}

// Zeros, subnormals, infinities, NaN and the ends of the ranges of exp, erf and tanh.
std::vector<double> edge_values() {
  return {0,     -0.0,  1,      -1,     0x1p-149, -0x1p-140, 0x1p-24,   0x1p-14, 0.625,   -0.625,
          0.999, 1.001, 4,      -4,     9,        -9,        20,        -20,     80,      -80,
          200,   -200,  1000.0, 3000.0, 1e-3,     -1e-3,     kInfinity, 2.5,     65504.0, 0.1};
}

}  // namespace

void add_elementwise_cases(OpCases& cases) {
  const std::array<Shape, 7> shapes{Shape{0},       Shape{1},        Shape{31},      Shape{3, 33},
                                    Shape{2, 0, 3}, Shape{5, 7, 11}, Shape{37, 2053}};
  for (const Binary& op : binaries()) {
    for (const DataType dtype : kFloats) {
      for (const Layout layout : kLayouts) {
        for (const Shape& shape : shapes) {
          const Argument a{shape, dtype, layout};
          add_binary(cases, op, a, a, a);
        }
        add_binary(cases, op, {{5, 33}, dtype, layout}, {{33}, DataType::kF32, Layout::kOffset},
                   {{5, 33}, DataType::kBF16, Layout::kContiguous});
      }
    }
    if (std::string(op.name) != "silu_mul") {
      add_binary(cases, op, {{4, 1, 3}}, {{1, 5, 1}}, {{4, 5, 3}});
      add_binary(cases, op, {{}}, {{2, 3}}, {{2, 3}});
    }
  }
  for (const Unary& op : unaries()) {
    for (const DataType dtype : kFloats) {
      for (const Layout layout : kLayouts) {
        for (const Shape& shape : shapes) {
          add_unary(cases, op, {shape, dtype, layout}, {shape, dtype, layout});
        }
      }
      // gelu_tanh composed of silu has no finite cube at the far end.
      if (dtype == DataType::kF16 || std::string(op.name) == "gelu_tanh") continue;
      const std::vector<double> edges = edge_values();
      const Shape shape{static_cast<int64_t>(edges.size())};
      add_unary(cases, op, {shape, dtype, Layout::kContiguous, edges}, {shape, dtype});
    }
  }
}

}  // namespace ferrum::conformance
