#include "conformance/case_grid.h"
#include "support/reference_ops.h"

namespace ferrum::conformance {
namespace {

void add_matmul(OpCases& cases, const Argument& a, const Argument& b, const Argument& out) {
  const int64_t depth = a.shape[a.shape.rank() - 1];
  add_case(cases,
           {.op = "matmul",
            .name = {},
            .inputs = {a, b},
            .outputs = {out},
            .tolerance = sum_tolerance(depth),
            .flops = 2.0 * static_cast<double>(out.shape.numel() * depth),
            .run = [](Kernels& k, Tensors in, Tensors o) { k.ops.matmul(in[0], in[1], o[0]); },
            .reference = [](Arrays in, Arrays) -> std::vector<std::vector<double>> {
              return {reference::matmul(in[0].data, in[0].shape, in[1].data, in[1].shape)};
            }});
}

struct Sizes {
  int64_t m, n, k;
};

}  // namespace

void add_matmul_cases(OpCases& cases) {
  const std::array<Sizes, 8> sizes{{{1, 1, 1},
                                    {1, 33, 31},
                                    {7, 32, 64},
                                    {65, 31, 257},
                                    {3, 5, 0},
                                    {0, 4, 8},
                                    {64, 96, 300},
                                    {129, 67, 33}}};
  for (const DataType dtype : kFloats) {
    for (const Layout layout : kLayouts) {
      for (const auto& [m, n, k] : sizes) {
        add_matmul(cases, {{m, k}, dtype, layout}, {{k, n}, dtype, layout},
                   {{m, n}, dtype, layout});
      }
      // The weight of a linear layer, seen as [k, n].
      add_matmul(cases, {{4, 96}, DataType::kF32, layout}, {{96, 64}, dtype, Layout::kTransposed},
                 {{4, 64}, DataType::kF32, layout});
    }
  }
  add_matmul(cases, {{2, 3, 5, 7}}, {{2, 1, 7, 4}}, {{2, 3, 5, 4}});
  add_matmul(cases, {{6, 5, 7}}, {{7, 4}}, {{6, 5, 4}});
  add_matmul(cases, {{1, 5, 7}, DataType::kBF16}, {{3, 7, 4}, DataType::kF16}, {{3, 5, 4}});
  add_matmul(cases, {{256, 512}}, {{512, 256}}, {{256, 256}});
}

}  // namespace ferrum::conformance
