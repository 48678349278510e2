#pragma once
// What a part of the source axis registers.
//
// The functions are called from several threads at once. They may share state of the part, such as
// connections, for as long as its catalog lives.

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ferrum/types/catalog.h"
#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/model_files.h"
#include "ferrum/weights/weight_loader.h"
#include "ferrum/weights/weight_loader_config.h"
#include "ferrum/weights/weight_source.h"

namespace ferrum {

struct SourcePart {
  std::string description;  // one line, for listings

  // Throws kNotFound, kIo, or kInvalidArgument for a location that is not this kind's.
  std::function<std::unique_ptr<ByteSource>(const WeightSource&, const WeightLoaderConfig&)> open;
  // A text that differs whenever the bytes may: what was read under an equal stamp may be used
  // again. Asks the medium, cheaply. Throws as `open`.
  std::function<std::string(const WeightSource&, const WeightLoaderConfig&)> stamp;

  // The file `name` beside the source's, a relative name without "..". Throws kNotFound or, where
  // a link would lead out of the model, kInvalidFormat. Null: nothing lies beside it.
  std::function<WeightSource(const WeightSource&, std::string_view name)> sibling = {};

  // Brings the whole file into the cache, verified; `open` then finds it there. Gives back how many
  // bytes it fetched, which those are not that were there or that another process brought. Null
  // where the bytes are near already: preload then reads what `open` gives.
  std::function<int64_t(const WeightSource&, const WeightLoaderConfig&, std::stop_token,
                        const LoadProgress&)>
      fetch = {};

  // How a location begins that users write for this kind: "s3://". With none, it has no text form.
  std::vector<std::string> prefixes = {};
  // One file: "s3://bucket/key". Throws kInvalidArgument.
  std::function<WeightSource(const std::string& location)> parse = {};
  // The files of a model: "s3://bucket/prefix". Throws kInvalidArgument, kNotFound, kIo.
  std::function<std::unique_ptr<ModelFiles>(const std::string& location,
                                            const WeightLoaderConfig&)>
      open_model = {};
};

using SourceCatalog = Catalog<SourcePart>;

}  // namespace ferrum
