#pragma once
// The elements of one tensor of a file, whichever way they can be had: mapped, by range, decoded.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ferrum/weights/weight_reader.h"
#include "weights/arrangement.h"
#include "weights/element_pipeline.h"

namespace ferrum {

class TensorBytes {
 public:
  // Borrows `reader`; `name` is one of its tensors. With `unpacked`, elements of less than a byte
  // are u8, codes of a byte each.
  TensorBytes(const WeightReader& reader, std::string_view name, const TensorInfo& info,
              bool unpacked);

  // The whole tensor: in host memory where the file is, else, or taken apart, of addresses alone.
  const Tensor& view() const { return view_; }
  // What must be done to each element first.
  const TransformStep* swap() const { return swap_ ? &*swap_ : nullptr; }

  // The elements of `arranged`, which was made of view(), through `pipeline` to `out` in row-major
  // order. What is not in memory, or mapped there, passes through a window.
  void gather(const Arrangement& arranged, ElementPipeline& pipeline, std::byte* out,
              FunctionRef<void(int64_t bytes)> done) const;

  // A contiguous part of view() will soon be read: what is mapped begins to come near, as far as a
  // gather would have it at once.
  void expect(const Tensor& part) const;

  // A contiguous part of view() was read for good.
  void release(const Tensor& part) const;

  // The bytes of a contiguous part of view(), which has none in memory, in chunks of whole
  // elements.
  using Sink = FunctionRef<void(std::span<const std::byte>)>;
  void stream(const Tensor& part, Sink sink) const;

 private:
  void read(int64_t begin, int64_t end, Sink sink) const;    // bytes of the file
  void unpack(int64_t begin, int64_t end, Sink sink) const;  // elements taken apart
  bool is_mapped() const { return view_.device().is_cpu(); }

  const WeightReader& reader_;
  std::string_view name_;
  std::optional<StoredTensor> stored_;
  std::optional<TransformStep> swap_;
  std::optional<DataType> packed_;  // what is taken apart
  Tensor view_;
};

}  // namespace ferrum
