#pragma once
// A model as a folder of a web server: each file lies at <url>/<name>.

#include <functional>
#include <memory>

#include "ferrum/weights/model_files.h"
#include "weights/http/remote_object.h"
#include "weights/sources/url/url_location.h"

namespace ferrum {

// Opens the object at a URL, with the headers of the model.
using OpenUrl = std::function<std::unique_ptr<RemoteObject>(const UrlLocation&)>;

std::unique_ptr<ModelFiles> open_url_model(const UrlLocation& folder, OpenUrl open);

}  // namespace ferrum
