#pragma once
// Brings tensors from where they lie to where they are computed with. Seed names: WeightLoader,
// TensorSpec, WeightMetadata, WeightLoaderCapabilities.
//
// Source and format are two axes: a source yields ranges of bytes, a format finds tensors in them,
// transformations change them on the way, and the backend's TensorFactory places the result. All
// foreign bytes are hostile until parsed: sizes are checked before anything is allocated.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "ferrum/quant/quantization_scheme.h"
#include "ferrum/tensor/quantized_tensor.h"
#include "ferrum/tensor/tensor.h"
#include "ferrum/types/device.h"
#include "ferrum/types/json.h"
#include "ferrum/weights/transformation.h"
#include "ferrum/weights/weight_metadata.h"
#include "ferrum/weights/weight_source.h"

namespace ferrum {

struct TensorSpec {
  std::string name;              // as in the file
  std::optional<Shape> shape;    // expected after the transformations; a mismatch is an error
  // Wanted; a cast is appended, or put before a quantisation, where the file's differs.
  std::optional<DataType> dtype;
  Device device;
  WeightSource source;
  std::vector<TensorTransformation> transformations;  // applied in order
};
void to_json(Json& json, const TensorSpec& spec);
void from_json(const Json& json, TensorSpec& spec);

struct WeightLoaderCapabilities {
  std::vector<WeightFormat> supported_formats;
  std::vector<std::string> supported_sources;
  int64_t max_tensor_size = 0;      // bytes
  bool supports_streaming = false;  // reads ranges rather than whole files
  bool supports_concurrent = false; // load_tensors works on several tensors at once
  std::vector<std::string> supported_transformations;
};
void to_json(Json& json, const WeightLoaderCapabilities& capabilities);
void from_json(const Json& json, WeightLoaderCapabilities& capabilities);

// What a load would give.
struct LoadPlan {
  DataType dtype = DataType::kF32;  // of a quantised weight: the matrix'
  Shape shape;
  bool in_place = false;  // a view of the source's bytes: nothing is read, copied or computed
  std::vector<QuantizationScheme::PartLayout> parts = {};  // of a quantised weight
};

// Progress of a long call, in bytes of the source; called from any loading thread, one at a time.
// The total of a preload grows with each file in which the first goes on; what of a file was near
// already is done at the first call with its total.
using LoadProgress = std::function<void(int64_t done_bytes, int64_t total_bytes)>;

// Thread-safe. Errors: kNotFound for a missing file or tensor (near names are listed), kIo,
// kInvalidFormat for bytes that are not what they claim, kInvalidArgument for a spec that the
// tensor does not meet, kCancelled when `stop` was requested. Each names source and tensor.
class WeightLoader {
 public:
  virtual ~WeightLoader() = default;

  // A mapped tensor without transformations is a view of the file: nothing is copied or read until
  // used. A file that is truncated while mapped cannot be survived; sizes are checked when opened.
  virtual Tensor load_tensor(const TensorSpec& spec) = 0;
  // Reads headers alone. Throws as load_tensor does before it reads.
  virtual LoadPlan plan_load(const TensorSpec& spec) = 0;
  // In the order of the specs, worked on concurrently. Fails as a whole with the first error.
  virtual std::vector<Tensor> load_tensors(std::span<const TensorSpec> specs,
                                           std::stop_token stop = {},
                                           const LoadProgress& progress = {}) = 0;
  // The same for specs that may end in a quantisation, which the two above refuse: what it makes
  // of the matrix comes as a QuantizedTensor, all parts from one pass over the source.
  virtual std::vector<Weight> load_weights(std::span<const TensorSpec> specs,
                                           std::stop_token stop = {},
                                           const LoadProgress& progress = {}) = 0;

  // Whether the source can be opened and read now; asks the source itself.
  virtual bool is_available(const WeightSource& source) = 0;
  // Reads headers alone.
  virtual WeightMetadata get_metadata(const WeightSource& source) = 0;
  // Brings all bytes near, those of further parts too, so that the loads that follow wait for no
  // medium: for a mapped file, into the page cache. Gives back how many bytes it fetched from
  // elsewhere: not those that were on this machine, nor those that another process brought.
  virtual int64_t preload(const WeightSource& source, std::stop_token stop = {},
                          const LoadProgress& progress = {}) = 0;
  virtual WeightLoaderCapabilities capabilities() const = 0;
};

}  // namespace ferrum
