#pragma once
// A file in which every tensor has its place before the first is written.

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "ferrum/weights/weight_writer.h"
#include "weights/writers/output_file.h"

namespace ferrum {

class TensorFile : public WeightWriter {
 public:
  struct Place {
    int64_t begin = 0, bytes = 0;  // in the file
  };
  using Places = std::map<std::string, Place, std::less<>>;

  // Throws as OutputFile.
  TensorFile(const std::string& path, int64_t bytes, Places places);

  void write(std::string_view tensor, std::span<const std::byte> bytes) override;
  // Throws kInvalidArgument, naming a tensor that is not whole.
  void finish() override;

  // What stands between the tensors.
  void write_text(int64_t offset, std::string_view text);

 private:
  struct Progress {
    Place place;
    int64_t written = 0;
  };
  OutputFile file_;
  std::map<std::string, Progress, std::less<>> tensors_;
};

// Throws kInvalidArgument for two tensors of one name, and for more bytes in all than any file has:
// what follows need not check sums.
void check_tensors(const WriteRequest& request);
// The one tensor of a format that has room for no other. Throws kInvalidArgument.
const TensorDeclaration& only_tensor(const WriteRequest& request, std::string_view format);
// Throws kUnsupported where there is metadata, which `format` has no place for.
void refuse_metadata(const WriteRequest& request, std::string_view format);

}  // namespace ferrum
