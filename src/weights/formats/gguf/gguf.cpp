// GGUF: keys and values, then the tensors' names, shapes, types and places, then their bytes.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

#include <algorithm>

#include "ferrum/types/error.h"
#include "ferrum/weights/weight_reader.h"
#include "weights/formats/gguf/gguf_file.h"
#include "weights/formats/gguf/gguf_model.h"
#include "weights/formats/gguf/gguf_names.h"

namespace ferrum {
namespace {

using Sink = FunctionRef<void(std::span<const std::byte>)>;

constexpr int64_t kMaxHeadBytes = 64 << 20;

class GgufReader : public WeightReader {
 public:
  GgufReader(GgufFile file, bool transformers_names) {
    metadata_.format = "gguf";
    metadata_.extra = file.values.summary();
    std::optional<GgufNames> names;
    if (transformers_names) names.emplace(file.values, file.name);
    for (auto& [name, entry] : file.tensors) {
      auto renamed = names ? names->find(name) : TransformersTensor{name};
      if (renamed) add(std::move(*renamed), std::move(entry), file.name);
    }
    metadata_.summarise();
  }

  const WeightMetadata& metadata() const override { return metadata_; }

  std::optional<StoredTensor> find_stored(std::string_view name) const override {
    const Located& found = get(name);
    const GgufTensor& tensor = found.entry.tensor;
    if (tensor.block || found.paired_heads > 0) return std::nullopt;
    return StoredTensor{found.entry.bytes, Tensor(extent_storage(found.entry.bytes->size()),
                                                  tensor.shape, tensor.dtype, tensor.offset)};
  }

  void decode(std::string_view name, int64_t begin, int64_t end, Sink sink) const override {
    const Located& found = get(name);
    const int64_t size = bits_of(found.entry.tensor.dtype) / 8;
    if (found.paired_heads > 0) {
      decode_heads(found, begin / size, end / size, sink);
    } else {
      decode_gguf(found.entry, begin / size, end / size, sink);
    }
  }

 private:
  struct Located {
    GgufFile::Entry entry;
    int64_t paired_heads;
  };

  const Located& get(std::string_view name) const { return tensors_.find(name)->second; }

  void add(TransformersTensor renamed, GgufFile::Entry entry, const std::string& file) {
    const GgufTensor& tensor = entry.tensor;
    TensorInfo info{tensor.dtype, tensor.shape, bytes_of(tensor.dtype, tensor.shape.numel())};
    if (tensor.block) {
      info.encoding = tensor.block->name;
      info.stored_bytes = tensor.bytes;
    }
    if (renamed.paired_heads > 0) check_heads(renamed, tensor, file);
    if (!metadata_.tensors.emplace(renamed.name, std::move(info)).second) {
      throw Error(ErrorCode::kInvalidFormat,
                  file + " has two tensors that transformers calls '" + renamed.name + "'");
    }
    tensors_.emplace(std::move(renamed.name), Located{std::move(entry), renamed.paired_heads});
  }

  static void check_heads(const TransformersTensor& renamed, const GgufTensor& tensor,
                          const std::string& file) {
    const int64_t rows = tensor.shape.rank() > 0 ? tensor.shape[0] : 0;
    if (rows == 0 || rows % (2 * renamed.paired_heads) != 0 ||
        (tensor.block && tensor.shape.rank() < 2) ||
        tensor.bytes / renamed.paired_heads > kMaxHeadBytes) {
      throw Error(ErrorCode::kInvalidFormat,
                  file + ": '" + renamed.name + "' of shape " + to_string(tensor.shape) +
                      " does not divide into " + std::to_string(renamed.paired_heads) + " heads");
    }
  }

  // Elements [begin, end) with the rows of each head in the order of transformers: row r of the d
  // rows of a head lies at 2r, or at 2r + 1 - d in the second half.
  static void decode_heads(const Located& found, int64_t begin, int64_t end, Sink sink) {
    if (begin == end) return;
    const GgufTensor& tensor = found.entry.tensor;
    const int64_t rows = tensor.shape[0] / found.paired_heads;
    const int64_t row_elements = tensor.shape.numel() / tensor.shape[0];
    const int64_t row_bytes = tensor.bytes / tensor.shape[0];
    const int64_t head_elements = rows * row_elements;
    std::vector<std::byte> head(static_cast<size_t>(rows * row_bytes));
    std::vector<float> values(tensor.block ? static_cast<size_t>(row_elements) : 0);
    for (int64_t h = begin / head_elements; h * head_elements < end; ++h) {
      found.entry.bytes->read(tensor.offset + h * rows * row_bytes, head);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t first = h * head_elements + r * row_elements;
        const int64_t from = std::max(begin, first), to = std::min(end, first + row_elements);
        if (from >= to) continue;
        const int64_t at = r < rows / 2 ? 2 * r : 2 * r + 1 - rows;
        std::span<const std::byte> row(head.data() + at * row_bytes,
                                       static_cast<size_t>(row_bytes));
        if (tensor.block) {
          tensor.block->decode(row.data(), row_elements / tensor.block->elements, values.data());
          row = std::as_bytes(std::span(values));
        }
        const int64_t size = bits_of(tensor.dtype) / 8;
        sink(row.subspan(static_cast<size_t>((from - first) * size),
                         static_cast<size_t>((to - from) * size)));
      }
    }
  }

  WeightMetadata metadata_;
  std::map<std::string, Located, std::less<>> tensors_;
};

std::unique_ptr<WeightReader> open_gguf(const WeightFile& file) {
  std::string names;
  JsonReader options(file.options, "the options of gguf");
  options.read("names", names);
  options.finish();
  if (!names.empty() && names != "transformers") {
    throw Error(ErrorCode::kInvalidArgument,
                "the options of gguf: \"names\" is \"" + names + "\"",
                "it may be \"transformers\"; without it, names are those of the file");
  }
  return std::make_unique<GgufReader>(open_gguf_file(file), !names.empty());
}

// A name alone says nothing: a whole file may be called as a part.
std::vector<std::string> further_parts(const WeightFile& file) {
  const std::string& path = file.bytes->name();
  std::vector<std::string> names = further_gguf_parts(path.substr(path.rfind('/') + 1));
  if (!names.empty() && !is_first_gguf_part(read_gguf_directory(file.bytes).values)) return {};
  return names;
}

}  // namespace

void register_gguf(FormatCatalog& catalog) {
  catalog.add("gguf",
              {.description = "GGUF files of version 2 and 3, in parts or whole, every block type",
               .extensions = {".gguf"},
               .matches = looks_like_gguf,
               .open = open_gguf,
               .further_parts = further_parts,
               .may_be_model = may_be_gguf_model,
               .open_model = open_gguf_model});
}

}  // namespace ferrum
