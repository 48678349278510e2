#include "weights/writers/tensor_file.h"

#include <set>
#include <utility>

#include "ferrum/types/error.h"

namespace ferrum {

TensorFile::TensorFile(const std::string& path, int64_t bytes, Places places)
    : file_(path, bytes) {
  for (auto& [name, place] : places) tensors_[name] = {place, 0};
}

void TensorFile::write(std::string_view tensor, std::span<const std::byte> bytes) {
  const auto it = tensors_.find(tensor);
  if (it == tensors_.end()) {
    throw Error(ErrorCode::kInvalidArgument,
                file_.path().string() + " was declared without a tensor '" + std::string(tensor) +
                    "'");
  }
  auto& [place, written] = it->second;
  const auto count = static_cast<int64_t>(bytes.size());
  if (count > place.bytes - written) {
    throw Error(ErrorCode::kInvalidArgument,
                "tensor '" + it->first + "' was declared with " + std::to_string(place.bytes) +
                    " bytes, written are " + std::to_string(written) + " and " +
                    std::to_string(count) + " more");
  }
  file_.write(place.begin + written, bytes);
  written += count;
}

void TensorFile::write_text(int64_t offset, std::string_view text) {
  file_.write(offset, std::as_bytes(std::span(text)));
}

void TensorFile::finish() {
  for (const auto& [name, progress] : tensors_) {
    if (progress.written == progress.place.bytes) continue;
    throw Error(ErrorCode::kInvalidArgument,
                "tensor '" + name + "' has " + std::to_string(progress.written) + " bytes of " +
                    std::to_string(progress.place.bytes) + " when " + file_.path().string() +
                    " is to be finished");
  }
  file_.publish();
}

void check_tensors(const WriteRequest& request) {
  constexpr int64_t kMostBytes = int64_t{1} << 60;
  std::set<std::string_view> names;
  int64_t left = kMostBytes;
  for (const TensorDeclaration& tensor : request.tensors) {
    if (!names.insert(tensor.name).second) {
      throw Error(ErrorCode::kInvalidArgument,
                  "two tensors '" + tensor.name + "' are to be written to " + request.path);
    }
    const int64_t bytes = bytes_of(tensor.dtype, tensor.shape.numel());
    if (bytes > left) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the tensors to be written to " + request.path + " are larger than any file");
    }
    left -= bytes;
  }
}

const TensorDeclaration& only_tensor(const WriteRequest& request, std::string_view format) {
  if (request.tensors.size() == 1) return request.tensors.front();
  throw Error(ErrorCode::kInvalidArgument,
              "a file of the format " + std::string(format) + " holds one tensor, " +
                  std::to_string(request.tensors.size()) + " are to be written to " + request.path,
              "choose one tensor, or write safetensors or npz");
}

void refuse_metadata(const WriteRequest& request, std::string_view format) {
  if (request.metadata.empty()) return;
  throw Error(ErrorCode::kUnsupported,
              "the format " + std::string(format) + " has no place for metadata, such as '" +
                  request.metadata.begin()->first + "'",
              "write it without, or write safetensors");
}

}  // namespace ferrum
