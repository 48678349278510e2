#include "weights/formats/safetensors/safetensors_writer.h"

#include <algorithm>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "weights/formats/safetensors/safetensors_header.h"
#include "weights/writers/tensor_file.h"

namespace ferrum {
namespace {

int64_t whole_bytes(const TensorDeclaration& tensor) {
  const int64_t bits = bits_of(tensor.dtype);
  if (tensor.shape.numel() % 8 * bits % 8 != 0) {
    throw Error(ErrorCode::kUnsupported,
                "tensor '" + tensor.name + "' of " + std::string(to_string(tensor.dtype)) + " " +
                    to_string(tensor.shape) + " does not end with a whole byte",
                "safetensors cannot hold it; cast it to a wider type");
  }
  return bytes_of(tensor.dtype, tensor.shape.numel());
}

size_t rank_of(DataType dtype) {
  const auto dtypes = safetensors_dtypes();
  return static_cast<size_t>(std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& known) {
                               return known.second == dtype;
                             }) - dtypes.begin());
}

// Wider elements first, so that all are aligned; then by name.
std::vector<const TensorDeclaration*> in_file_order(const WriteRequest& request) {
  std::vector<const TensorDeclaration*> order;
  for (const TensorDeclaration& tensor : request.tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    const size_t left = rank_of(a->dtype), right = rank_of(b->dtype);
    return left != right ? left > right : a->name < b->name;
  });
  return order;
}

std::string name_of(const TensorDeclaration& tensor) {
  const size_t rank = rank_of(tensor.dtype);
  if (rank < safetensors_dtypes().size()) return std::string(safetensors_dtypes()[rank].first);
  throw Error(ErrorCode::kUnsupported,
              "safetensors has no element type " + std::string(to_string(tensor.dtype)) +
                  ", which tensor '" + tensor.name + "' has",
              "cast it to a wider type");
}

// Throws kInvalidArgument for what is not UTF-8.
std::string to_json_text(const Json& value) try {
  return value.dump();
} catch (const nlohmann::json::exception&) {
  throw Error(ErrorCode::kInvalidArgument, "a name or text of the metadata is not UTF-8");
}

// Pads the JSON text and puts its length before it.
std::string to_header(std::string text) {
  constexpr size_t kAlignment = 8;
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  if (static_cast<int64_t>(text.size()) > kMaxSafetensorsHeaderBytes) {
    throw Error(ErrorCode::kInvalidArgument,
                "a header of " + std::to_string(text.size()) + " bytes is more than readers accept",
                "write fewer tensors to the file");
  }
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + text;
}

}  // namespace

std::unique_ptr<WeightWriter> create_safetensors_writer(const WriteRequest& request) {
  check_tensors(request);
  if (std::ssize(request.tensors) > kMaxSafetensorsTensors) {
    throw Error(ErrorCode::kInvalidArgument,
                std::to_string(request.tensors.size()) + " tensors are more than readers accept",
                "write at most " + std::to_string(kMaxSafetensorsTensors) + " to a file");
  }
  TensorFile::Places places;
  std::string json = "{";
  if (!request.metadata.empty()) json += "\"__metadata__\":" + to_json_text(request.metadata);
  int64_t end = 0;
  for (const TensorDeclaration* tensor : in_file_order(request)) {
    if (tensor->name == "__metadata__") {
      throw Error(ErrorCode::kInvalidArgument, "no tensor may have the name '__metadata__'");
    }
    const int64_t begin = end, bytes = whole_bytes(*tensor);
    end += bytes;
    places[tensor->name] = {begin, bytes};
    json += (json.size() > 1 ? "," : "") + to_json_text(tensor->name) + ":{\"dtype\":\"" +
            name_of(*tensor) + "\",\"shape\":" + Json(tensor->shape).dump() +
            ",\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  }
  const std::string header = to_header(json + "}");
  const auto data = static_cast<int64_t>(header.size());
  for (auto& [name, place] : places) place.begin += data;
  auto file = std::make_unique<TensorFile>(request.path, data + end, std::move(places));
  file->write_text(0, header);
  return file;
}

}  // namespace ferrum
