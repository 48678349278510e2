#include <algorithm>

#include "conformance/case_grid.h"
#include "support/reference_ops.h"

namespace ferrum::conformance {
namespace {

void add_rotary(OpCases& cases, const Argument& x, int64_t pairs) {
  constexpr int64_t kPositions = 50;
  std::vector<double> positions;
  for (int64_t t = 0; t < x.shape[0]; ++t) {
    positions.push_back(static_cast<double>((t * 17 + 3) % kPositions));
  }
  add_case(cases, {.op = "rotary_embedding",
                   .name = {},
                   .inputs = {{{kPositions, pairs}},
                              {{kPositions, pairs}, DataType::kF32, Layout::kPadded},
                              {{x.shape[0]}, DataType::kI32, Layout::kOffset, positions}},
                   .outputs = {x},
                   .tolerance = 4e-7,
                   .flops = 6.0 * static_cast<double>(x.shape[0] * x.shape[1] * pairs),
                   .run =
                       [](Kernels& k, Tensors in, Tensors o) {
                         k.groups.position()->rotary_embedding(o[0], in[0], in[1], in[2]);
                       },
                   .reference = [pairs](Arrays in, Arrays o) -> std::vector<std::vector<double>> {
                     return {reference::rotary(o[0].data, o[0].shape, in[0].data, in[1].data, pairs,
                                               in[2].data)};
                   }});
}

void add_linear(OpCases& cases, const Argument& x, const Argument& weight, bool bias,
                const Argument& out) {
  std::vector<Argument> inputs{x, weight};
  if (bias) inputs.push_back({{weight.shape[0]}, DataType::kF32, Layout::kOffset});
  const int64_t depth = x.shape[1];
  // x may be rounded to a 16-bit weight's dtype first: a relative error of every term.
  const double rounded = weight.dtype == DataType::kBF16  ? 0x1p-9
                         : weight.dtype == DataType::kF16 ? 0x1p-12
                                                          : 0;
  add_case(
      cases,
      {.op = "linear",
       .name = {},
       .inputs = inputs,
       .outputs = {out},
       .tolerance = sum_tolerance(depth) +
                    (x.dtype == weight.dtype ? 0 : rounded) * 4 * static_cast<double>(depth) / 2,
       .flops = 2.0 * static_cast<double>(out.shape.numel() * depth),
       .run =
           [bias](Kernels& k, Tensors in, Tensors o) {
             const auto packed = k.groups.linear()->pack(in[1]);
             k.groups.linear()->linear(in[0], *packed, bias ? in[2] : Tensor(), o[0]);
           },
       .reference = [bias](Arrays in, Arrays) -> std::vector<std::vector<double>> {
         const int64_t depth_ = in[1].shape[1], rows = in[1].shape[0];
         std::vector<double> transposed(in[1].data.size());
         for (int64_t r = 0; r < rows; ++r) {
           for (int64_t c = 0; c < depth_; ++c) {
             transposed[static_cast<size_t>(c * rows + r)] =
                 in[1].data[static_cast<size_t>(r * depth_ + c)];
           }
         }
         auto result = reference::matmul(in[0].data, in[0].shape, transposed, Shape{depth_, rows});
         for (size_t i = 0; bias && i < result.size(); ++i) {
           result[i] += in[2].data[i % static_cast<size_t>(rows)];
         }
         return {result};
       }});
}

// Distinct values in a fixed shuffle, so that the largest is known and unique unless repeated.
std::vector<double> shuffled(int64_t rows, int64_t columns) {
  std::vector<double> values;
  for (int64_t i = 0; i < rows * columns; ++i) {
    values.push_back(static_cast<double>((i * 7919 + 13) % 251) / 8 - 16);
  }
  return values;
}

void add_argmax(OpCases& cases, const Argument& logits) {
  add_case(
      cases,
      {.op = "argmax",
       .name = {},
       .inputs = {logits},
       .outputs = {{{logits.shape[0]}, DataType::kI32}},
       .run = [](Kernels& k, Tensors in, Tensors o) { k.groups.sampling()->argmax(in[0], o[0]); },
       .reference = [](Arrays in, Arrays) -> std::vector<std::vector<double>> {
         std::vector<double> result;
         const int64_t n = in[0].shape[1];
         for (int64_t r = 0; r < in[0].shape[0]; ++r) {
           const auto first = in[0].data.begin() + r * n;
           result.push_back(static_cast<double>(std::max_element(first, first + n) - first));
         }
         return {result};
       }});
}

}  // namespace

void add_kernel_cases(OpCases& cases) {
  for (const DataType dtype : kFloats) {
    for (const Layout layout : kLayouts) {
      add_rotary(cases, {{3, 2, 64}, dtype, layout}, 32);
      add_rotary(cases, {{5, 3, 66}, dtype, layout}, 31);
      add_rotary(cases, {{0, 2, 8}, dtype, layout}, 4);
      for (const int64_t columns : {1, 31, 33, 3001}) {
        add_argmax(cases, {{3, columns}, dtype, layout, shuffled(3, columns)});
      }
      if (layout == Layout::kTransposed) continue;  // elements of a row are contiguous
      for (const DataType x : {DataType::kF32, DataType::kBF16}) {
        for (const int64_t tokens : {0, 1, 5, 33}) {
          add_linear(cases, {{tokens, 96}, x, layout}, {{70, 96}, dtype}, tokens == 5,
                     {{tokens, 70}, x, layout});
        }
        add_linear(cases, {{3, 31}, x, layout}, {{33, 31}, dtype, Layout::kOffset}, true,
                   {{3, 33}, DataType::kF32, layout});
      }
    }
  }
  add_argmax(cases, {{1, 128256}, DataType::kF32});
}

}  // namespace ferrum::conformance
