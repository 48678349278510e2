// What torch.save wrote up to version 0.1.9: a tar archive of the files "storages", "tensors" and
// "pickle", in which tensors are persistent values by number. All of it is data: nothing is
// extracted, imported or called.

#include <map>
#include <vector>

#include "ferrum/types/checked.h"
#include "ferrum/types/error.h"
#include "weights/archives/tar_archive.h"
#include "weights/formats/pytorch/torch_container.h"
#include "weights/formats/pytorch/unpickler.h"

namespace ferrum {
namespace {

class TorchTar : public TorchContainer {
 public:
  explicit TorchTar(std::shared_ptr<const ByteSource> source) : source_(std::move(source)) {
    const TarArchive archive(*source_);
    try {
      read_storages(archive);
      read_tensors(archive);
      const TarArchive::Entry& file = get(archive, "pickle");
      PickleInput input(*source_, file.offset, file.offset + file.bytes, file.name);
      pickle_ = read_pickle(input);
    } catch (const Error& error) {
      throw error.with_context(source_->name());
    }
  }

  const Pickle& pickle() const override { return pickle_; }

  TorchStorage storage(PickleId) const override {
    throw Error(ErrorCode::kInvalidFormat, "its elements are not in the file 'tensors'");
  }
  const TorchTensor* find_tensor(PickleId persistent) const override {
    const auto key = key_of(pickle_, pickle_.persistent_id(persistent));
    const auto it = key ? tensors_.find(*key) : tensors_.end();
    return it == tensors_.end() ? nullptr : &it->second;
  }
  int64_t locate(size_t storage) const override { return begins_[storage]; }

 private:
  [[noreturn]] static void refuse(const std::string& why) {
    throw Error(ErrorCode::kInvalidFormat, "it " + why);
  }

  static const TarArchive::Entry& get(const TarArchive& archive, const std::string& name) {
    const TarArchive::Entry* entry = archive.find(name);
    if (!entry) refuse("is a tar archive without '" + name + "', so none that torch.save wrote");
    return *entry;
  }

  // A number, which may be written as text.
  static std::optional<std::string> key_of(const Pickle& pickle, PickleId id) {
    if (const auto number = pickle.find_integer(id)) return std::to_string(*number);
    const auto text = pickle.find_text(id);
    const bool digits = text && !text->empty() && text->size() <= 20 &&
                        text->find_first_not_of("0123456789") == text->npos;
    return digits ? std::optional(std::string(*text)) : std::nullopt;
  }

  // How many pickles follow; each takes a byte at least.
  static int64_t read_count(PickleInput& input) {
    const Pickle pickle = read_pickle(input);
    const auto count = pickle.find_integer(pickle.root());
    if (!count || *count < 0 || *count > input.remaining()) {
      refuse("does not say how much '" + input.what() + "' holds");
    }
    return *count;
  }

  // Of each storage a pickle (key, device, class), the number of its elements, and these. Then one
  // pickle of parts of them: [(key, key of the whole, offset, elements)].
  void read_storages(const TarArchive& archive) {
    const TarArchive::Entry& file = get(archive, "storages");
    PickleInput input(*source_, file.offset, file.offset + file.bytes, file.name);
    for (int64_t left = read_count(input); left > 0; --left) {
      const Pickle pickle = read_pickle(input);
      const auto items = pickle.items(pickle.root());
      const auto key = items.size() == 3 ? key_of(pickle, items[0]) : std::nullopt;
      if (!key || !pickle.is(items[2], PickleKind::kGlobal) ||
          pickle.global(items[2]).role != TorchRole::kStorageClass) {
        refuse("has a storage without key or class");
      }
      const TorchType* type = pickle.global(items[2]).type;
      const auto bytes = checked_mul(static_cast<int64_t>(take_number<uint64_t>(input)),
                                     type->bytes);
      if (!bytes || *bytes < 0) refuse("has a storage whose size does not fit in 64 bits");
      add_storage(*key, {begins_.size(), 0, *bytes, type});
      begins_.push_back(input.position());
      input.skip(*bytes);
    }
    read_views(read_pickle(input));
  }
  void add_storage(const std::string& key, const TorchStorage& storage) {
    if (!storages_.emplace(key, storage).second) refuse("has two storages " + key);
  }
  void read_views(const Pickle& pickle) {
    if (!pickle.is(pickle.root(), PickleKind::kList)) refuse("has no list of parts of storages");
    for (const PickleId id : pickle.items(pickle.root())) {
      const auto items = pickle.items(id);
      if (items.size() != 4) refuse("has a part of a storage that is no part");
      const auto key = key_of(pickle, items[0]), root = key_of(pickle, items[1]);
      const auto offset = pickle.find_integer(items[2]), count = pickle.find_integer(items[3]);
      const auto whole = root ? storages_.find(*root) : storages_.end();
      if (!key || whole == storages_.end() || !offset || !count) {
        refuse("has a part of a storage that is not there");
      }
      add_storage(*key, part_of_storage(whole->second, *offset, *count));
    }
  }

  // Of each tensor a pickle (key, key of the storage, class), then 32 bits of rank and 32 unused
  // ones, the sizes, the strides and the offset of the first element.
  void read_tensors(const TarArchive& archive) {
    const TarArchive::Entry& file = get(archive, "tensors");
    PickleInput input(*source_, file.offset, file.offset + file.bytes, file.name);
    for (int64_t left = read_count(input); left > 0; --left) {
      const Pickle pickle = read_pickle(input);
      const auto items = pickle.items(pickle.root());
      const auto key = items.size() == 3 ? key_of(pickle, items[0]) : std::nullopt;
      const auto storage_key = key ? key_of(pickle, items[1]) : std::nullopt;
      const auto storage = storage_key ? storages_.find(*storage_key) : storages_.end();
      if (storage == storages_.end()) refuse("has a tensor without key or storage");
      const auto rank = static_cast<int32_t>(take_number<uint32_t>(input));
      input.skip(4);
      check_torch_rank(rank);
      const auto sizes = take_integers(input, rank), strides = take_integers(input, rank);
      const auto offset = static_cast<int64_t>(take_number<uint64_t>(input));
      add_tensor(*key, storage->second, offset, sizes, strides);
    }
  }
  void add_tensor(const std::string& key, const TorchStorage& storage, int64_t offset,
                  std::span<const int64_t> sizes, std::span<const int64_t> strides) {
    try {
      const auto tensor = make_torch_tensor(storage, *storage.type, offset, sizes, strides);
      if (!tensors_.emplace(key, tensor).second) refuse("has it twice");
    } catch (const Error& error) {
      throw error.with_context("tensor number " + key);
    }
  }
  static std::vector<int64_t> take_integers(PickleInput& input, int count) {
    std::vector<int64_t> result;
    for (int i = 0; i < count; ++i) {
      result.push_back(static_cast<int64_t>(take_number<uint64_t>(input)));
    }
    return result;
  }

  std::shared_ptr<const ByteSource> source_;
  Pickle pickle_;
  std::vector<int64_t> begins_;  // of the storages that are not parts
  std::map<std::string, TorchStorage, std::less<>> storages_;
  std::map<std::string, TorchTensor, std::less<>> tensors_;
};

}  // namespace

std::unique_ptr<TorchContainer> open_torch_tar(std::shared_ptr<const ByteSource> source) {
  return std::make_unique<TorchTar>(std::move(source));
}

}  // namespace ferrum
