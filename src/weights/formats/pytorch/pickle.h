#pragma once
// What a pickle says, as data: nothing is imported, called or made.
//
// Values lie in one arena and refer to each other by number, so that lists may contain themselves
// and a value may be shared; whoever walks them must bound depth and count.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weights/formats/pytorch/torch_globals.h"

namespace ferrum {

enum class PickleKind : uint8_t {
  kNone, kBool, kInteger,
  kBigInteger,  // more than 64 bits, as text of little-endian bytes
  kReal, kText,
  kTuple, kList, kSet,
  kDict,        // items: key, value, key, value, ...
  kGlobal,
  kCall,        // of a global, with a tuple of arguments; perhaps with a state and, of an
                // OrderedDict, with items
  kPersistent,  // what lies outside the pickle, such as a storage, by its id
};
std::string_view to_string(PickleKind kind);  // "a list", for messages

using PickleId = uint32_t;

class Pickle {
 public:
  PickleId root() const { return root_; }
  size_t size() const { return nodes_.size(); }  // every id is less
  PickleKind kind(PickleId id) const { return nodes_[id].kind; }

  // Each of the kinds that it names.
  bool truth(PickleId id) const { return nodes_[id].integer != 0; }
  int64_t integer(PickleId id) const { return nodes_[id].integer; }
  double real(PickleId id) const { return nodes_[id].real; }
  std::string_view text(PickleId id) const {
    return std::string_view(texts_).substr(nodes_[id].begin, nodes_[id].count);
  }
  const TorchGlobal& global(PickleId id) const { return globals_[nodes_[id].pair.first]; }
  PickleId persistent_id(PickleId id) const { return nodes_[id].pair.first; }
  PickleId callee(PickleId id) const { return nodes_[id].pair.first; }     // a global
  PickleId arguments(PickleId id) const { return nodes_[id].pair.second; }  // a tuple
  std::optional<PickleId> find_state(PickleId id) const;

  // For what may be of any kind.
  std::span<const PickleId> items(PickleId id) const;  // of a tuple, list, set, dict, call
  bool is(PickleId id, PickleKind kind) const { return this->kind(id) == kind; }
  std::optional<int64_t> find_integer(PickleId id) const;
  std::optional<std::string_view> find_text(PickleId id) const;
  std::optional<TorchRole> find_role(PickleId id) const;  // of a call's callee

  // For the unpickler.
  PickleId add_none() { return add({PickleKind::kNone, 0, {0}}); }
  PickleId add_bool(bool value) { return add({PickleKind::kBool, 0, {value}}); }
  PickleId add_integer(int64_t value) { return add({PickleKind::kInteger, 0, {value}}); }
  PickleId add_real(double value);
  PickleId add_text(PickleKind kind, std::span<const std::byte> bytes);
  PickleId add_tuple(std::span<const PickleId> items);
  PickleId add_empty(PickleKind kind) { return add({kind, 0, {0}}); }
  PickleId add_global(TorchGlobal global);
  PickleId add_pair(PickleKind kind, PickleId first, PickleId second);
  void append(PickleId id, std::span<const PickleId> items);
  void set_state(PickleId id, PickleId state) { states_[id] = state; }
  void set_root(PickleId id) { root_ = id; }

 private:
  struct Pair {
    PickleId first, second;
  };
  struct Node {
    PickleKind kind;
    uint32_t count;  // text: bytes; tuple: items; else 1 + the place in grown_, 0: no item yet
    union {
      int64_t integer;
      double real;
      uint64_t begin;  // in texts_ or tuples_
      Pair pair;
    };
  };
  PickleId add(const Node& node);

  std::vector<Node> nodes_;
  std::string texts_;
  std::vector<PickleId> tuples_;
  std::vector<std::vector<PickleId>> grown_;
  std::vector<TorchGlobal> globals_;
  std::unordered_map<PickleId, PickleId> states_;
  PickleId root_ = 0;
};

}  // namespace ferrum
