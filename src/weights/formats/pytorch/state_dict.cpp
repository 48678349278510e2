#include "weights/formats/pytorch/state_dict.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ferrum/text/utf8.h"
#include "ferrum/types/error.h"
#include "weights/formats/pytorch/tensor_rebuild.h"
#include "weights/strict_sax.h"

namespace ferrum {
namespace {

constexpr std::array<std::string_view, 3> kWrappers{"state_dict", "model_state_dict", "model"};
// Few values that share containers could have very many names: a bomb.
constexpr size_t kMaxSharing = 64, kAlwaysShared = 10'000;
constexpr size_t kMaxExtras = 1000, kMaxExtraText = 256;
constexpr size_t kMaxListedKeys = 50;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::kInvalidFormat, why);
}

class StateDictReader {
 public:
  explicit StateDictReader(const TorchContainer& container)
      : container_(container),
        pickle_(container.pickle()),
        marks_(pickle_.size(), Mark::kUnknown) {}

  StateDict run(const std::optional<std::string>& key, const std::string& name) {
    const PickleId root = pickle_.root();
    holds_tensor(root, 0);
    const PickleId part = key ? get_part(root, *key) : choose_part(root);
    if (is_torch_tensor(container_, part)) {
      add_tensor(part, name);
    } else {
      collect(part, "", 0);
      if (part != root) collect_extras(root);
    }
    return std::move(result_);
  }

 private:
  enum class Mark : uint8_t { kUnknown, kOpen, kNo, kYes };

  // Calls `visit(key, value)`; the key of an item of a list is nothing.
  template <class Visit>
  void for_each_entry(PickleId id, Visit visit) {
    const auto pairs = [&](std::span<const PickleId> items) {
      for (size_t i = 0; i + 1 < items.size(); i += 2) {
        count_entry();
        visit(std::optional(items[i]), items[i + 1]);
      }
    };
    if (pickle_.is(id, PickleKind::kList) || pickle_.is(id, PickleKind::kTuple)) {
      for (const PickleId item : pickle_.items(id)) {
        count_entry();
        visit(std::optional<PickleId>(), item);
      }
    } else if (pickle_.is(id, PickleKind::kDict)) {
      pairs(pickle_.items(id));
    } else if (pickle_.find_role(id) == TorchRole::kOrderedDict) {
      // Python 2 passes the items as a list of pairs.
      const auto arguments = pickle_.items(pickle_.arguments(id));
      if (!arguments.empty() && pickle_.is(arguments[0], PickleKind::kDict)) {
        pairs(pickle_.items(arguments[0]));
      } else if (!arguments.empty()) {
        for (const PickleId pair : pickle_.items(arguments[0])) pairs(pickle_.items(pair));
      }
      pairs(pickle_.items(id));
    }
  }
  void count_entry() {
    if (++entries_ > kMaxSharing * pickle_.size() + kAlwaysShared) refuse_sharing();
  }

  [[noreturn]] static void refuse_sharing() {
    refuse("its containers are shared so that they would hold far more than is there");
  }

  // Also refuses what contains itself, so that walks that follow end.
  bool holds_tensor(PickleId id, int depth) {
    Mark& mark = marks_[id];
    if (mark == Mark::kOpen) refuse("it has a container that contains itself");
    if (mark != Mark::kUnknown) return mark == Mark::kYes;
    if (depth > kMaxTorchDepth) {
      refuse("its containers nest deeper than " + std::to_string(kMaxTorchDepth) + " levels");
    }
    mark = Mark::kOpen;
    bool holds = is_torch_tensor(container_, id);
    distinct_ += holds;
    if (!holds) {
      for_each_entry(id, [&](std::optional<PickleId>, PickleId value) {
        holds = holds_tensor(value, depth + 1) || holds;
      });
    }
    marks_[id] = holds ? Mark::kYes : Mark::kNo;
    return holds;
  }

  // The name of a dict's key; nothing for keys that are no name.
  std::optional<std::string> name_of(PickleId key) const {
    if (const auto integer = pickle_.find_integer(key)) return std::to_string(*integer);
    const auto text = pickle_.find_text(key);
    if (!text || text->size() > kMaxTorchNameBytes || find_invalid_utf8(*text)) return {};
    return std::string(*text);
  }

  std::string list_keys(PickleId id) {
    std::string list;
    size_t count = 0;
    for_each_entry(id, [&](std::optional<PickleId> key, PickleId value) {
      const auto name = key ? name_of(*key) : std::nullopt;
      if (!name || marks_[value] != Mark::kYes) return;
      if (++count <= kMaxListedKeys) list += (count > 1 ? ", " : "") + *name;
    });
    if (count > kMaxListedKeys) {
      list += " and " + std::to_string(count - kMaxListedKeys) + " more";
    }
    return list.empty() ? "none of its keys holds tensors" : "keys that hold tensors: " + list;
  }

  PickleId choose_part(PickleId root) {
    std::vector<PickleId> found;
    std::string names;
    for_each_entry(root, [&](std::optional<PickleId> key, PickleId value) {
      const auto text = key ? pickle_.find_text(*key) : std::nullopt;
      if (!text || std::find(kWrappers.begin(), kWrappers.end(), *text) == kWrappers.end() ||
          marks_[value] != Mark::kYes || is_torch_tensor(container_, value)) {
        return;
      }
      found.push_back(value);
      names += (names.empty() ? "'" : " and '") + std::string(*text) + "'";
    });
    if (found.size() > 1) {
      throw Error(ErrorCode::kInvalidArgument, "it has tensors under " + names,
                  "name the part by the format option \"key\"; " + list_keys(root));
    }
    return found.empty() ? root : found[0];
  }

  PickleId get_part(PickleId root, const std::string& path) {
    if (const auto part = find_part(root, path, 0)) return *part;
    throw Error(ErrorCode::kNotFound, "it has no tensors under the key " + quote_json(path),
                list_keys(root));
  }
  // A key may itself hold dots.
  std::optional<PickleId> find_part(PickleId id, std::string_view path, int depth) {
    std::optional<PickleId> found;
    for_each_entry(id, [&](std::optional<PickleId> key, PickleId value) {
      const auto name = key ? name_of(*key) : std::nullopt;
      if (found || !name || marks_[value] != Mark::kYes) return;
      if (path == *name) {
        found = value;
      } else if (depth < kMaxTorchDepth && path.starts_with(*name + ".")) {
        found = find_part(value, path.substr(name->size() + 1), depth + 1);
      }
    });
    return found;
  }

  void collect(PickleId id, const std::string& prefix, int depth) {
    if (depth > kMaxTorchDepth) {  // a path to a shared container may be longer than the first one
      refuse("its containers nest deeper than " + std::to_string(kMaxTorchDepth) + " levels");
    }
    int64_t index = 0;
    for_each_entry(id, [&](std::optional<PickleId> key, PickleId value) {
      const auto name = key ? name_of(*key) : std::optional(std::to_string(index++));
      const bool has_tensors = marks_[value] == Mark::kYes;
      if (!name) {
        if (has_tensors) refuse("it has a tensor under a key that is no name" + after(prefix));
        return;
      }
      if (prefix.size() + name->size() > kMaxTorchNameBytes) {
        refuse("it has a name of more than " + std::to_string(kMaxTorchNameBytes) + " bytes");
      }
      if (is_torch_tensor(container_, value)) add_tensor(value, prefix + *name);
      else if (has_tensors) collect(value, prefix + *name + ".", depth + 1);
      else if (key) add_extra(value, prefix + *name);
    });
  }
  static std::string after(const std::string& prefix) {
    return prefix.empty() ? "" : " below " + quote_json(prefix);
  }

  void add_tensor(PickleId id, const std::string& name) {
    const size_t count = result_.tensors.size() + result_.unreadable.size();
    if (count == kMaxTorchTensors) {
      refuse("it has more than " + std::to_string(kMaxTorchTensors) + " tensors");
    }
    if (count > kMaxSharing * distinct_ + kAlwaysShared) refuse_sharing();
    if (result_.tensors.contains(name) || result_.unreadable.contains(name)) {
      refuse("it has two tensors called " + quote_json(name));
    }
    try {
      result_.tensors[name] = read_torch_tensor(container_, id);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kUnsupported) {
        result_.unreadable[name] = error.what();
        return;
      }
      throw error.with_context("tensor " + quote_json(name));
    }
  }

  void add_extra(PickleId id, const std::string& name) {
    if (result_.extra.size() == kMaxExtras || result_.extra.contains(name)) return;
    switch (pickle_.kind(id)) {
      case PickleKind::kBool: result_.extra[name] = pickle_.truth(id); return;
      case PickleKind::kInteger: result_.extra[name] = pickle_.integer(id); return;
      case PickleKind::kReal:
        if (std::isfinite(pickle_.real(id))) result_.extra[name] = pickle_.real(id);
        return;
      case PickleKind::kText: {
        const std::string_view text = pickle_.text(id);
        if (text.size() > kMaxExtraText || find_invalid_utf8(text)) return;
        result_.extra[name] = std::string(text);
        return;
      }
      default: return;
    }
  }
  void collect_extras(PickleId root) {
    for_each_entry(root, [&](std::optional<PickleId> key, PickleId value) {
      if (const auto name = key ? name_of(*key) : std::nullopt) add_extra(value, *name);
    });
  }

  const TorchContainer& container_;
  const Pickle& pickle_;
  std::vector<Mark> marks_;
  size_t entries_ = 0;   // looked at
  size_t distinct_ = 0;  // tensors
  StateDict result_;
};

}  // namespace

StateDict read_state_dict(const TorchContainer& container, const std::optional<std::string>& key,
                          const std::string& name) {
  return StateDictReader(container).run(key, name);
}

}  // namespace ferrum
