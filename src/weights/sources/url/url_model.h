#pragma once
// A model as a folder of a web server: each file lies at <url>/<name>.

#include <functional>
#include <memory>

#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/model_files.h"
#include "weights/sources/url/url_location.h"

namespace ferrum {

// How the files of a model are asked for. Both throw as RemoteObject's constructor.
struct UrlFiles {
  std::function<void(const UrlLocation&)> ask;  // whether it is there, which serves `open` then
  std::function<std::unique_ptr<ByteSource>(const UrlLocation&)> open;  // cached where it is
};

std::unique_ptr<ModelFiles> open_url_model(const UrlLocation& folder, UrlFiles files);

}  // namespace ferrum
