// What torch.save has written since version 1.6: a ZIP archive of one folder with data.pkl, the
// order of bytes, and a file per storage that begins at a multiple of 64 bytes.

#include "ferrum/types/error.h"
#include "weights/archives/zip_archive.h"
#include "weights/formats/pytorch/torch_container.h"
#include "weights/formats/pytorch/unpickler.h"
#include "weights/strict_sax.h"

namespace ferrum {
namespace {

class TorchZip : public TorchContainer {
 public:
  explicit TorchZip(std::shared_ptr<const ByteSource> source)
      : archive_(std::move(source)), folder_(find_folder()) {
    if (archive_.find(folder_ + "constants.pkl")) {
      throw Error(ErrorCode::kUnsupported,
                  name() + " is a TorchScript archive, a program with its weights",
                  "save the weights alone: torch.save(torch.jit.load(path).state_dict(), path)");
    }
    const ZipArchive::Entry* entry = archive_.find(folder_ + "data.pkl");
    if (!entry) refuse("has no data.pkl in its folder " + quote_json(folder_));
    const std::string bytes = archive_.read(*entry, kMaxPickleBytes);
    PickleInput input(std::as_bytes(std::span(bytes)), name() + ": data.pkl");
    pickle_ = read_pickle(input);
    if (const ZipArchive::Entry* order = archive_.find(folder_ + "byteorder")) {
      const std::string text = archive_.read(*order, 16);
      big_endian_ = text == "big";
      if (!big_endian_ && text != "little") refuse("has the byte order " + quote_json(text));
    }
  }

  const Pickle& pickle() const override { return pickle_; }
  bool big_endian() const override { return big_endian_; }

  TorchStorage storage(PickleId persistent) const override {
    const TorchStorageId id = read_storage_id(pickle_, persistent);
    const std::string file = folder_ + "data/" + id.key;
    const ZipArchive::Entry* entry = archive_.find(file);
    if (!entry) {
      throw Error(ErrorCode::kInvalidFormat, "its storage " + quote_json(file) +
                                                 " is not in the archive");
    }
    if (entry->method != ZipArchive::kStored) {
      throw Error(ErrorCode::kUnsupported, "its storage " + quote_json(file) + " is compressed",
                  "pack the archive without compression: zip -0");
    }
    if (id.view) {
      throw Error(ErrorCode::kInvalidFormat, "its storage is a part of another, as in no archive");
    }
    if (entry->bytes != id.bytes) {
      throw Error(ErrorCode::kInvalidFormat,
                  "its storage " + quote_json(file) + " has " + std::to_string(entry->bytes) +
                      " bytes, where " + std::to_string(id.bytes) + " are declared");
    }
    return {static_cast<size_t>(entry - archive_.entries().data()), 0, id.bytes, id.type};
  }

  int64_t locate(size_t storage) const override {
    return archive_.data_offset(archive_.entries()[storage]);
  }

 private:
  const std::string& name() const { return archive_.source()->name(); }
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::kInvalidFormat, name() + " is a ZIP archive that " + why);
  }

  // All files lie in one folder, which the first of them names.
  std::string find_folder() const {
    if (archive_.entries().empty()) refuse("is empty");
    const std::string& first = archive_.entries()[0].name;
    const size_t slash = first.find('/');
    if (slash == first.npos) refuse("begins with " + quote_json(first) + ", not with a folder");
    return first.substr(0, slash + 1);
  }

  ZipArchive archive_;
  std::string folder_;  // with its '/'
  Pickle pickle_;
  bool big_endian_ = false;
};

}  // namespace

std::unique_ptr<TorchContainer> open_torch_zip(std::shared_ptr<const ByteSource> source) {
  return std::make_unique<TorchZip>(std::move(source));
}

}  // namespace ferrum
