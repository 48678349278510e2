#pragma once
// The three axes of weight loading, and the loader over them.

#include <memory>

#include "ferrum/tensor/tensor_factory.h"
#include "ferrum/weights/source_part.h"
#include "ferrum/weights/transform_part.h"
#include "ferrum/weights/weight_loader.h"
#include "ferrum/weights/weight_loader_config.h"
#include "ferrum/weights/weight_reader.h"

namespace ferrum {

struct WeightCatalogs {
  SourceCatalog sources{"weight source"};
  FormatCatalog formats{"weight format"};
  TransformCatalog transforms{"transformation"};
};

// Every part of this build.
void register_sources(SourceCatalog& catalog);
void register_formats(FormatCatalog& catalog);
void register_transforms(TransformCatalog& catalog);
WeightCatalogs create_weight_catalogs();

// The model at a location as users write it: the path of a folder, or what begins with a source's
// prefix ("hf:org/name", "s3://bucket/prefix"). It may also be one file that is a whole model
// (GGUF), or a folder with no weights but such a file. Throws kInvalidArgument, kNotFound, kIo;
// kUnsupported for a prefix whose source this build lacks.
std::unique_ptr<ModelFiles> open_model(const WeightCatalogs& catalogs, const std::string& location,
                                       const WeightLoaderConfig& config = {});
// One file at such a location. Throws kInvalidArgument, kUnsupported.
WeightSource parse_weight_source(const WeightCatalogs& catalogs, const std::string& location);

// Borrows both; they must outlive the loader, `factory` its tensors too. Throws kInvalidArgument
// for a config out of range.
std::unique_ptr<WeightLoader> create_weight_loader(const WeightCatalogs& catalogs,
                                                   TensorFactory& factory,
                                                   const WeightLoaderConfig& config = {});

// Begins a file of `format`, or where that is empty, of the one whose extension the path has.
// Throws kUnsupported where there is none or it is only read, naming those that are written; and as
// the format's create_writer.
std::unique_ptr<WeightWriter> create_weight_writer(const FormatCatalog& formats,
                                                   const WriteRequest& request,
                                                   const WeightFormat& format = {});

}  // namespace ferrum
