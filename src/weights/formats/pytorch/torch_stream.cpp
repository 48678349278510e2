// What torch.save wrote up to version 1.5: five pickles (a magic number, the version, what machine
// it was, the object, the keys of its storages), then of each storage the number of elements as
// 64 bits and the elements, little-endian.

#include <map>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"
#include "weights/formats/pytorch/torch_container.h"
#include "weights/formats/pytorch/unpickler.h"
#include "weights/strict_sax.h"

namespace ferrum {
namespace {

constexpr std::string_view kMagicNumber("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr int64_t kVersion = 1001, kCountBytes = 8;

class TorchStream : public TorchContainer {
 public:
  explicit TorchStream(std::shared_ptr<const ByteSource> source) : source_(std::move(source)) {
    PickleInput input(*source_, 0, source_->size(), source_->name());
    const Pickle magic = read_pickle(input);
    if (!magic.is(magic.root(), PickleKind::kBigInteger) ||
        magic.text(magic.root()) != kMagicNumber) {
      refuse("is a pickle, but not one that torch.save wrote");
    }
    const Pickle version = read_pickle(input);
    if (version.find_integer(version.root()) != kVersion) {
      refuse("is a PyTorch file of another version than " + std::to_string(kVersion));
    }
    read_pickle(input);
    pickle_ = read_pickle(input);
    const Pickle keys = read_pickle(input);
    place_storages(keys, input.position());
  }

  const Pickle& pickle() const override { return pickle_; }

  TorchStorage storage(PickleId persistent) const override {
    const TorchStorageId id = read_storage_id(pickle_, persistent);
    const auto it = storages_.find(id.key);
    if (it == storages_.end() || places_[it->second].bytes != id.bytes) {
      throw Error(ErrorCode::kInvalidFormat,
                  "its storage " + quote_json(id.key) + " is not in the file, or not of " +
                      std::to_string(id.bytes) + " bytes");
    }
    const TorchStorage whole{it->second, 0, id.bytes, id.type};
    return id.view ? view_of(whole, *id.view) : whole;
  }

  int64_t locate(size_t storage) const override {
    const Place& place = places_[storage];
    PickleInput input(*source_, place.begin, place.begin + kCountBytes, source_->name());
    const auto count = take_number<uint64_t>(input);
    if (count != static_cast<uint64_t>(place.bytes / place.element_bytes)) {
      refuse("has " + std::to_string(count) + " elements in a storage that is declared with " +
             std::to_string(place.bytes / place.element_bytes));
    }
    return place.begin + kCountBytes;
  }

 private:
  struct Place {
    int64_t begin, bytes;  // from the number of elements on; of the elements
    int element_bytes;
  };

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::kInvalidFormat, source_->name() + " " + why);
  }

  // The storages of the whole pickle, as large as it says, in the order of `keys`.
  void place_storages(const Pickle& keys, int64_t begin) {
    std::map<std::string, TorchStorageId, std::less<>> known;
    for (PickleId id = 0; id < pickle_.size(); ++id) {
      if (!pickle_.is(id, PickleKind::kPersistent) || is_module(id)) continue;
      TorchStorageId storage = read_id(id);
      std::string key = storage.key;
      known.try_emplace(std::move(key), std::move(storage));
    }
    if (!keys.is(keys.root(), PickleKind::kList)) refuse("has no list of its storages");
    for (const PickleId item : keys.items(keys.root())) {
      const auto key = keys.find_text(item);
      const auto it = key ? known.find(*key) : known.end();
      if (it == known.end()) refuse("lists a storage that it does not use");
      const int64_t bytes = it->second.bytes;
      const auto data = checked_add(begin, kCountBytes);
      const auto end = data ? checked_add(*data, bytes) : std::nullopt;
      if (!end || *end > source_->size()) {
        refuse("ends at byte " + std::to_string(source_->size()) + " inside a storage of " +
               std::to_string(bytes) + " bytes at " + std::to_string(begin));
      }
      if (!storages_.emplace(*key, places_.size()).second) refuse("lists a storage twice");
      places_.push_back({begin, bytes, it->second.type->bytes});
      begin = *end;
    }
  }
  TorchStorageId read_id(PickleId persistent) const {
    try {
      return read_storage_id(pickle_, persistent);
    } catch (const Error& error) {
      throw error.with_context(source_->name());
    }
  }
  // The class of a module, with its source text: ("module", class, file, text).
  bool is_module(PickleId persistent) const {
    const auto items = pickle_.items(pickle_.persistent_id(persistent));
    return !items.empty() && pickle_.find_text(items[0]) == "module";
  }

  // (key, offset, elements) of a storage that is a part of another.
  TorchStorage view_of(const TorchStorage& whole, PickleId view) const {
    const auto items = pickle_.items(view);
    const auto offset = items.size() == 3 ? pickle_.find_integer(items[1]) : std::nullopt;
    const auto elements = items.size() == 3 ? pickle_.find_integer(items[2]) : std::nullopt;
    if (!offset || !elements) {
      throw Error(ErrorCode::kInvalidFormat, "its storage does not say of what it is a part");
    }
    return part_of_storage(whole, *offset, *elements);
  }

  std::shared_ptr<const ByteSource> source_;
  Pickle pickle_;
  std::vector<Place> places_;
  std::map<std::string, size_t, std::less<>> storages_;  // key to place
};

}  // namespace

std::unique_ptr<TorchContainer> open_torch_stream(std::shared_ptr<const ByteSource> source) {
  return std::make_unique<TorchStream>(std::move(source));
}

}  // namespace ferrum
