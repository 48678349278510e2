#include <limits>

#include "conformance/case_grid.h"
#include "support/reference_ops.h"

namespace ferrum::conformance {
namespace {

constexpr float kEps = 1e-5f;

void add_softmax(OpCases& cases, const Argument& x, int dim, const Argument& out) {
  add_case(cases,
           {.op = "softmax",
            .name = {},
            .inputs = {x},
            .outputs = {out},
            .tolerance = 1e-6,
            .flops = 5.0 * static_cast<double>(x.shape.numel()),
            .run = [dim](Kernels& k, Tensors in, Tensors o) { k.ops.softmax(in[0], dim, o[0]); },
            .reference = [dim](Arrays in, Arrays) -> std::vector<std::vector<double>> {
              return {reference::softmax(in[0].data, in[0].shape, dim)};
            }});
}

void add_layer_norm(OpCases& cases, const Argument& x, const Argument& weight, bool bias,
                    const Argument& out) {
  std::vector<Argument> inputs{x, weight};
  if (bias) inputs.push_back(weight);
  add_case(cases, {.op = "layer_norm",
                   .name = {},
                   .inputs = inputs,
                   .outputs = {out},
                   .tolerance = 4e-6,
                   .flops = 8.0 * static_cast<double>(x.shape.numel()),
                   .run =
                       [bias](Kernels& k, Tensors in, Tensors o) {
                         k.ops.layer_norm(in[0], in[1], bias ? in[2] : Tensor(), kEps, o[0]);
                       },
                   .reference = [bias](Arrays in, Arrays) -> std::vector<std::vector<double>> {
                     return {reference::layer_norm(in[0].data, in[1].data,
                                                   bias ? in[2].data : std::vector<double>{},
                                                   static_cast<double>(kEps))};
                   }});
}

void add_rms_norm(OpCases& cases, const Argument& x, const Argument& weight, bool group,
                  const Argument& out) {
  add_case(cases,
           {.op = group ? "norm.rms_norm" : "rms_norm",
            .name = {},
            .inputs = {x, weight},
            .outputs = {out},
            .tolerance = 4e-6,
            .flops = 4.0 * static_cast<double>(x.shape.numel()),
            .run =
                [group](Kernels& k, Tensors in, Tensors o) {
                  if (group) return k.groups.norm()->rms_norm(in[0], in[1], kEps, o[0]);
                  k.ops.rms_norm(in[0], in[1], kEps, o[0]);
                },
            .reference = [](Arrays in, Arrays) -> std::vector<std::vector<double>> {
              return {reference::rms_norm(in[0].data, in[1].data, static_cast<double>(kEps))};
            }});
}

void add_add_rms_norm(OpCases& cases, const Argument& x, const Argument& residual,
                      const Argument& weight, const Argument& out) {
  add_case(cases,
           {.op = "add_rms_norm",
            .name = {},
            .inputs = {x, weight},
            .outputs = {residual, out},
            // The norm is of the residual as stored, so its rounding reaches the output.
            .tolerance = residual.dtype == DataType::kF32    ? 4e-6
                         : residual.dtype == DataType::kBF16 ? 0x1p-7
                                                             : 0x1p-10,
            .flops = 5.0 * static_cast<double>(x.shape.numel()),
            .run = [](Kernels& k, Tensors in,
                      Tensors o) { k.groups.norm()->add_rms_norm(in[0], o[0], in[1], kEps, o[1]); },
            .reference = [](Arrays in, Arrays o) -> std::vector<std::vector<double>> {
              std::vector<double> sum = o[0].data;
              for (size_t i = 0; i < sum.size(); ++i) sum[i] += in[0].data[i];
              return {sum, reference::rms_norm(sum, in[1].data, static_cast<double>(kEps))};
            }});
}

}  // namespace

void add_row_cases(OpCases& cases) {
  const std::array<Shape, 7> shapes{Shape{0, 8},     Shape{1, 1},    Shape{3, 31},   Shape{2, 33},
                                    Shape{2, 3, 64}, Shape{3, 2053}, Shape{33, 2048}};
  for (const DataType dtype : kFloats) {
    for (const Layout layout : kLayouts) {
      for (const Shape& shape : shapes) {
        const Argument x{shape, dtype, layout};
        const Argument weight{{shape[shape.rank() - 1]}, dtype, Layout::kOffset};
        add_softmax(cases, x, -1, x);
        add_softmax(cases, x, 0, x);
        add_layer_norm(cases, x, weight, true, x);
        add_layer_norm(cases, x, weight, false, {shape, DataType::kF32});
        add_rms_norm(cases, x, weight, false, x);
        add_rms_norm(cases, x, weight, true, {shape, DataType::kF32, layout});
        if (shape.rank() == 2) add_add_rms_norm(cases, x, x, weight, x);
      }
    }
  }
  constexpr double kInf = std::numeric_limits<double>::infinity();
  add_softmax(cases,
              {{2, 3}, DataType::kF32, Layout::kContiguous, {-kInf, -kInf, -kInf, 1, -kInf, 1}}, -1,
              {{2, 3}});
  add_softmax(cases, {{1, 4}, DataType::kF32, Layout::kContiguous, {1e30, -1e30, 1e30, 0}}, -1,
              {{1, 4}});
  add_softmax(cases, {{2, 128256}, DataType::kBF16}, -1, {{2, 128256}, DataType::kF32});
}

}  // namespace ferrum::conformance
