// NumPy's files: .npy, one array named after its file, and .npz, a ZIP archive of those.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

#include <array>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "ferrum/types/error.h"
#include "ferrum/types/json.h"
#include "ferrum/weights/weight_reader.h"
#include "weights/archives/zip_archive.h"
#include "weights/formats/numpy/npy_array.h"
#include "weights/formats/numpy/npy_header.h"
#include "weights/formats/numpy/numpy_writer.h"
#include "weights/work_in_parallel.h"

namespace ferrum {
namespace {

constexpr std::string_view kExtension = ".npy";
constexpr int kWalks = 16;
constexpr std::string_view kEmptyZipMagic("PK\5\6", 4);

// An array, or why it cannot be loaded.
using OpenedArray = std::variant<StoredTensor, std::string>;

class NumpyReader : public WeightReader {
 public:
  NumpyReader() { metadata_.format = "numpy"; }

  const WeightMetadata& metadata() const override { return metadata_; }
  std::optional<StoredTensor> find_stored(std::string_view name) const override {
    return arrays_.find(name)->second;
  }

  // `deflated_bytes` of an array that is inflated on the way; 0 for others.
  void add(const std::string& name, OpenedArray opened, int64_t deflated_bytes) {
    if (const auto* why = std::get_if<std::string>(&opened)) {
      metadata_.unreadable[name] = *why;
      return;
    }
    StoredTensor array = std::get<StoredTensor>(std::move(opened));
    const Tensor& extent = array.extent;
    metadata_.tensors[name] = {extent.dtype(), extent.shape(), extent.size_bytes(),
                               deflated_bytes > 0 ? "deflate" : "", deflated_bytes};
    arrays_[name] = std::move(array);
  }
  void finish() { metadata_.summarise(); }

 private:
  WeightMetadata metadata_;
  std::map<std::string, StoredTensor, std::less<>> arrays_;
};

std::string without_extension(std::string_view name) {
  if (name.ends_with(kExtension)) name.remove_suffix(kExtension.size());
  return std::string(name);
}

// A .npy file names nothing: "path/to/embedding.npy" holds "embedding".
std::string name_of(const ByteSource& source) {
  const std::string& path = source.name();
  const size_t slash = path.find_last_of("/\\");
  const std::string name = without_extension(path.substr(slash == path.npos ? 0 : slash + 1));
  return name.empty() ? "array" : name;
}

template <class Open>
OpenedArray open_or_say_why_not(Open&& open) try {
  return open();
} catch (const Error& error) {
  if (error.code() != ErrorCode::kUnsupported) throw;
  return error.what();
}

StoredTensor open_entry(const std::shared_ptr<const ZipArchive>& archive,
                        const ZipArchive::Entry& entry, std::optional<DataType> void_dtype) {
  const std::string what = archive->describe(entry);
  if (!entry.name.ends_with(kExtension)) {
    throw Error(ErrorCode::kInvalidFormat, what + " is not an array (.npy)",
                "name the format if the file is not a .npz archive");
  }
  const ZipContent content = find_zip_content(archive, entry);
  return open_npy_array(content.bytes, content.offset, content.offset + entry.bytes, void_dtype,
                        what);
}

// Where a look at an array waits for its medium, several walks share the entries: each looks at
// some that follow each other, so that small ones are read ahead.
void add_archive(const std::shared_ptr<const ByteSource>& bytes,
                 std::optional<DataType> void_dtype, NumpyReader* reader) {
  const auto archive = std::make_shared<const ZipArchive>(bytes);
  const std::vector<ZipArchive::Entry>& entries = archive->entries();
  std::vector<OpenedArray> arrays(entries.size());
  const size_t walks = bytes->storage() ? 1 : kWalks;
  work_in_parallel(static_cast<int64_t>(walks), kWalks, [&](int64_t i) {
    const auto walk = static_cast<size_t>(i);
    const size_t end = entries.size() * (walk + 1) / walks;
    for (size_t at = entries.size() * walk / walks; at < end; ++at) {
      arrays[at] =
          open_or_say_why_not([&] { return open_entry(archive, entries[at], void_dtype); });
    }
  });
  for (size_t i = 0; i < entries.size(); ++i) {
    const bool deflated = entries[i].method == ZipArchive::kDeflated;
    reader->add(without_extension(entries[i].name), std::move(arrays[i]),
                deflated ? entries[i].compressed_bytes : 0);
  }
}

std::unique_ptr<WeightReader> open_numpy(const WeightFile& file) {
  DataType dtype{};
  JsonReader options(file.options, "the options of numpy");
  const auto void_dtype = options.read("dtype", dtype) ? std::optional(dtype) : std::nullopt;
  options.finish();
  auto reader = std::make_unique<NumpyReader>();
  const ByteSource& bytes = *file.bytes;
  if (looks_like_zip(bytes)) {
    add_archive(file.bytes, void_dtype, reader.get());
  } else {
    const auto open = [&] {
      return open_npy_array(file.bytes, 0, bytes.size(), void_dtype, bytes.name());
    };
    reader->add(name_of(bytes), open_or_say_why_not(open), 0);
  }
  reader->finish();
  return reader;
}

bool begins_with(const ByteSource& source, std::string_view magic) {
  std::string start(magic.size(), '\0');
  if (source.size() < static_cast<int64_t>(start.size())) return false;
  source.read(0, std::as_writable_bytes(std::span(start)));
  return start == magic;
}

// Many formats are archives. One that begins with an array is of arrays, and an empty one of none;
// whether all of it is, is seen when it is opened.
bool looks_like_npz(const ByteSource& source) {
  return begins_with(source, kEmptyZipMagic) || first_zip_name(source).ends_with(kExtension);
}

}  // namespace

void register_numpy(FormatCatalog& catalog) {
  catalog.add("numpy",
              {.description = "NumPy arrays (.npy, .npz), either order of bytes and indices",
               .extensions = {".npy", ".npz"},
               .matches = [](const ByteSource& source) {
                 return begins_with(source, kNpyMagic) || looks_like_npz(source);
               },
               .open = open_numpy,
               .create_writer = create_numpy_writer});
}

}  // namespace ferrum
