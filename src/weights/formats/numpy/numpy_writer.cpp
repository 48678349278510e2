#include "weights/formats/numpy/numpy_writer.h"

#include <zlib.h>

#include "ferrum/types/error.h"
#include "weights/archives/zip_layout.h"
#include "weights/formats/numpy/npy_header.h"
#include "weights/writers/tensor_file.h"

namespace ferrum {
namespace {

uint32_t update_crc(uint32_t crc, std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// A ZIP archive of .npy files, stored, so that arrays can be mapped.
class NpzWriter : public WeightWriter {
 public:
  explicit NpzWriter(const WriteRequest& request)
      : entries_(describe(request)), directory_(lay_out_zip(entries_.records)) {
    TensorFile::Places places;
    for (size_t i = 0; i < request.tensors.size(); ++i) {
      const ZipRecord& record = entries_.records[i];
      const auto header = static_cast<int64_t>(entries_.headers[i].size());
      places[request.tensors[i].name] = {record.data_offset + header, record.bytes - header};
      indices_[request.tensors[i].name] = i;
    }
    const auto end = static_cast<int64_t>(to_zip_directory(entries_.records, directory_).size());
    file_ = std::make_unique<TensorFile>(request.path, directory_ + end, std::move(places));
  }

  void write(std::string_view tensor, std::span<const std::byte> bytes) override {
    file_->write(tensor, bytes);
    uint32_t& crc = entries_.records[indices_.find(tensor)->second].crc32;
    crc = update_crc(crc, bytes);
  }

  void finish() override {
    for (size_t i = 0; i < entries_.records.size(); ++i) {
      const ZipRecord& record = entries_.records[i];
      file_->write_text(record.local_offset, to_zip_local_header(record) + entries_.headers[i]);
    }
    file_->write_text(directory_, to_zip_directory(entries_.records, directory_));
    file_->finish();
  }

 private:
  struct Entries {
    std::vector<ZipRecord> records;    // of the declared tensors, in their order
    std::vector<std::string> headers;  // what each begins with
  };

  static Entries describe(const WriteRequest& request) {
    refuse_metadata(request, "npz");
    check_tensors(request);
    Entries entries;
    for (const TensorDeclaration& tensor : request.tensors) {
      std::string header = to_npy_header(tensor.dtype, tensor.shape, tensor.name);
      const int64_t bytes = bytes_of(tensor.dtype, tensor.shape.numel());
      entries.records.push_back(
          {tensor.name + ".npy", static_cast<int64_t>(header.size()) + bytes});
      entries.records.back().crc32 = update_crc(0, std::as_bytes(std::span(header)));
      entries.headers.push_back(std::move(header));
    }
    return entries;
  }

  Entries entries_;
  int64_t directory_;  // where it begins
  std::map<std::string, size_t, std::less<>> indices_;
  std::unique_ptr<TensorFile> file_;
};

std::unique_ptr<WeightWriter> create_npy_writer(const WriteRequest& request) {
  refuse_metadata(request, "npy");
  check_tensors(request);
  const TensorDeclaration& tensor = only_tensor(request, "npy");
  const std::string header = to_npy_header(tensor.dtype, tensor.shape, tensor.name);
  const auto begin = static_cast<int64_t>(header.size());
  const int64_t bytes = bytes_of(tensor.dtype, tensor.shape.numel());
  auto file = std::make_unique<TensorFile>(request.path, begin + bytes,
                                           TensorFile::Places{{tensor.name, {begin, bytes}}});
  file->write_text(0, header);
  return file;
}

}  // namespace

std::unique_ptr<WeightWriter> create_numpy_writer(const WriteRequest& request) {
  if (request.path.ends_with(".npz")) return std::make_unique<NpzWriter>(request);
  if (request.path.ends_with(".npy")) return create_npy_writer(request);
  throw Error(ErrorCode::kInvalidArgument,
              "a file of NumPy is to be written to " + request.path,
              "end its name in .npz, or in .npy for one array alone");
}

}  // namespace ferrum
