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

// x weight^T, plus bias.
std::vector<double> linear_reference(const Values& x, const Values& weight, const Values* bias) {
  const int64_t depth = weight.shape[1], rows = weight.shape[0];
  std::vector<double> transposed(weight.data.size());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < depth; ++c) {
      transposed[static_cast<size_t>(c * rows + r)] =
          weight.data[static_cast<size_t>(r * depth + c)];
    }
  }
  auto result = reference::matmul(x.data, x.shape, transposed, Shape{depth, rows});
  for (size_t i = 0; bias && i < result.size(); ++i) {
    result[i] += bias->data[i % static_cast<size_t>(rows)];
  }
  return result;
}

double linear_tolerance(const Argument& x, const Argument& weight) {
  const int64_t depth = x.shape[1];
  // x may be rounded to a 16-bit weight's dtype first: a relative error of every term.
  const double rounded = weight.dtype == DataType::kBF16  ? 0x1p-9
                         : weight.dtype == DataType::kF16 ? 0x1p-12
                                                          : 0;
  return sum_tolerance(depth) +
         (x.dtype == weight.dtype ? 0 : rounded) * 4 * static_cast<double>(depth) / 2;
}

void add_linear(OpCases& cases, const Argument& x, const Argument& weight, bool bias,
                const Argument& out) {
  std::vector<Argument> inputs{x, weight};
  if (bias) inputs.push_back({{weight.shape[0]}, DataType::kF32, Layout::kOffset});
  add_case(cases, {.op = "linear",
                   .name = {},
                   .inputs = inputs,
                   .outputs = {out},
                   .tolerance = linear_tolerance(x, weight),
                   .flops = 2.0 * static_cast<double>(out.shape.numel() * x.shape[1]),
                   .run =
                       [bias](Kernels& k, Tensors in, Tensors o) {
                         const auto packed = k.groups.linear()->pack(in[1]);
                         k.groups.linear()->linear(in[0], *packed, bias ? in[2] : Tensor(), o[0]);
                       },
                   .reference = [bias](Arrays in, Arrays) -> std::vector<std::vector<double>> {
                     return {linear_reference(in[0], in[1], bias ? &in[2] : nullptr)};
                   }});
}

// Two layers of different heights, the second with a bias.
void add_linear_group(OpCases& cases, const Argument& x, DataType weight, Layout layout) {
  const int64_t tokens = x.shape[0], depth = x.shape[1];
  const Argument first{{35, depth}, weight}, second{{64, depth}, weight};
  add_case(cases, {.op = "linear_group",
                   .name = {},
                   .inputs = {x, first, second, {{64}}},
                   .outputs = {{{tokens, 35}, x.dtype, layout}, {{tokens, 64}, x.dtype, layout}},
                   .tolerance = linear_tolerance(x, first),
                   .flops = 2.0 * static_cast<double>(tokens * depth * 99),
                   .run =
                       [](Kernels& k, Tensors in, Tensors o) {
                         LinearOps& ops = *k.groups.linear();
                         const auto a = ops.pack(in[1]), b = ops.pack(in[2]);
                         const LinearTarget both[] = {{*a, Tensor(), o[0]}, {*b, in[3], o[1]}};
                         ops.linear_group(in[0], both);
                       },
                   .reference = [](Arrays in, Arrays) -> std::vector<std::vector<double>> {
                     return {linear_reference(in[0], in[1], nullptr),
                             linear_reference(in[0], in[2], &in[3])};
                   }});
}

std::vector<double> small_values(int64_t count, double largest) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back((static_cast<double>((i * 7919 + 13) % 251) / 125 - 1) * largest);
  }
  return values;
}

// Weights so small, and biases so large, that both factors are at most 4: an error e (1 + 4) of one
// of them is then one of 5 e * 4 * 1.1 of the result. Either may be rounded to out's dtype first.
void add_gated_linear(OpCases& cases, const Argument& x, int64_t rows, DataType weight,
                      const Argument& out) {
  const int64_t depth = x.shape[1];
  const Argument gate{{rows, depth}, weight, Layout::kContiguous,
                      small_values(rows * depth, 1 / static_cast<double>(depth))};
  const Argument bias{{rows}};
  const double rounded = out.dtype == DataType::kBF16 ? 8 * 0x1p-9
                         : out.dtype == DataType::kF16 ? 8 * 0x1p-12
                                                       : 4e-7;
  add_case(cases,
           {.op = "gated_linear",
            .name = {},
            .inputs = {x, gate, bias, {{rows, depth}, weight, Layout::kContiguous, gate.values},
                       bias},
            .outputs = {out},
            .tolerance = 2 * 5 * 4 * 1.1 * linear_tolerance(x, gate) + rounded,
            .flops = 4.0 * static_cast<double>(out.shape.numel() * depth),
            .run =
                [](Kernels& k, Tensors in, Tensors o) {
                  LinearOps& ops = *k.groups.linear();
                  const auto a = ops.pack(in[1]), b = ops.pack(in[3]);
                  const Tensor scratch = k.factory.empty(o[0].shape(), o[0].dtype(), k.device);
                  ops.gated_linear(in[0], {*a, in[2], o[0]}, {*b, in[4], scratch});
                },
            .reference = [](Arrays in, Arrays) -> std::vector<std::vector<double>> {
              auto result = linear_reference(in[0], in[1], &in[2]);
              const auto up = linear_reference(in[0], in[3], &in[4]);
              for (size_t i = 0; i < result.size(); ++i) {
                result[i] = reference::silu(result[i]) * up[i];
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
        for (const int64_t tokens : {0, 1, 33}) {
          add_linear_group(cases, {{tokens, 96}, x, layout}, dtype, layout);
          add_gated_linear(cases, {{tokens, 96}, x, layout}, 70, dtype, {{tokens, 70}, x, layout});
        }
        add_linear(cases, {{3, 31}, x, layout}, {{33, 31}, dtype, Layout::kOffset}, true,
                   {{3, 33}, DataType::kF32, layout});
      }
    }
  }
  add_argmax(cases, {{1, 128256}, DataType::kF32});
}

}  // namespace ferrum::conformance
