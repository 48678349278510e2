#include "conformance/case_grid.h"

namespace ferrum::conformance {
namespace {

void add_cast(OpCases& cases, const Argument& x, const Argument& out) {
  add_case(cases, {.op = "cast",
                   .name = {},
                   .inputs = {x},
                   .outputs = {out},
                   .run = [](Kernels& k, Tensors in, Tensors o) { k.ops.cast(in[0], o[0]); },
                   .reference = [](Arrays in, Arrays) -> std::vector<std::vector<double>> {
                     return {in[0].data};
                   }});
}

void add_gather(OpCases& cases, const Argument& table, std::vector<double> rows,
                const Argument& out) {
  const auto count = static_cast<int64_t>(rows.size());
  add_case(cases,
           {.op = "gather_rows",
            .name = {},
            .inputs = {table, {{count}, DataType::kI32, Layout::kOffset, std::move(rows)}},
            .outputs = {out},
            .run = [](Kernels& k, Tensors in, Tensors o) { k.ops.gather_rows(in[0], in[1], o[0]); },
            .reference = [](Arrays in, Arrays) -> std::vector<std::vector<double>> {
              const auto width = in[0].shape.numel() / in[0].shape[0];
              std::vector<double> result;
              for (const double row : in[1].data) {
                const auto first = in[0].data.begin() + static_cast<int64_t>(row) * width;
                result.insert(result.end(), first, first + width);
              }
              return {result};
            }});
}

// Two parts along dimension 1 of three-dimensional tensors.
void add_concat(OpCases& cases, const Argument& a, const Argument& b, const Argument& out) {
  add_case(cases, {.op = "concat",
                   .name = {},
                   .inputs = {a, b},
                   .outputs = {out},
                   .run = [](Kernels& k, Tensors in, Tensors o) { k.ops.concat(in, 1, o[0]); },
                   .reference = [](Arrays in, Arrays) -> std::vector<std::vector<double>> {
                     std::vector<double> result;
                     for (int64_t i = 0; i < in[0].shape[0]; ++i) {
                       for (const Values& part : in) {
                         const int64_t width = part.shape[1] * part.shape[2];
                         const auto first = part.data.begin() + i * width;
                         result.insert(result.end(), first, first + width);
                       }
                     }
                     return {result};
                   }});
}

}  // namespace

void add_data_cases(OpCases& cases) {
  for (const DataType from : kFloats) {
    for (const DataType to : kFloats) {
      for (const Layout layout : kLayouts) {
        for (const Shape& shape :
             {Shape{0, 3}, Shape{1}, Shape{3, 33}, Shape{5, 7, 11}, Shape{3, 20011}}) {
          add_cast(cases, {shape, from, layout}, {shape, to});
          add_cast(cases, {shape, from}, {shape, to, layout});
        }
        add_gather(cases, {{7, 33}, from, layout}, {6, 0, 3, 3, 1}, {{5, 33}, to, layout});
        add_gather(cases, {{7, 33}, from, layout}, {}, {{0, 33}, to, layout});
        add_concat(cases, {{2, 3, 5}, from, layout}, {{2, 1, 5}, to}, {{2, 4, 5}, to, layout});
        add_concat(cases, {{2, 0, 5}, from, layout}, {{2, 1, 5}, to}, {{2, 1, 5}, to, layout});
      }
    }
  }
  add_cast(cases, {{3}, DataType::kI64, Layout::kOffset, {-5, 0, 7}}, {{3}, DataType::kI32});
  add_cast(cases, {{3}, DataType::kI32, Layout::kOffset, {-5, 0, 7}}, {{3}, DataType::kF32});
}

}  // namespace ferrum::conformance
