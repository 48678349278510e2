#include "weights/formats/pytorch/pickle.h"

namespace ferrum {

std::string_view to_string(PickleKind kind) {
  switch (kind) {
    case PickleKind::kNone: return "None";
    case PickleKind::kBool: return "a truth value";
    case PickleKind::kInteger:
    case PickleKind::kBigInteger: return "an integer";
    case PickleKind::kReal: return "a float";
    case PickleKind::kText: return "a text";
    case PickleKind::kTuple: return "a tuple";
    case PickleKind::kList: return "a list";
    case PickleKind::kSet: return "a set";
    case PickleKind::kDict: return "a dict";
    case PickleKind::kGlobal: return "a global";
    case PickleKind::kCall: return "an object";
    case PickleKind::kPersistent: return "a storage";
  }
  return "";
}

std::span<const PickleId> Pickle::items(PickleId id) const {
  const Node& node = nodes_[id];
  switch (node.kind) {
    case PickleKind::kTuple: return std::span(tuples_).subspan(node.begin, node.count);
    case PickleKind::kList:
    case PickleKind::kSet:
    case PickleKind::kDict:
    case PickleKind::kCall:
      if (node.count > 0) return grown_[node.count - 1];
      return {};
    default: return {};
  }
}

std::optional<PickleId> Pickle::find_state(PickleId id) const {
  const auto it = states_.find(id);
  return it == states_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<int64_t> Pickle::find_integer(PickleId id) const {
  return is(id, PickleKind::kInteger) ? std::optional(integer(id)) : std::nullopt;
}

std::optional<std::string_view> Pickle::find_text(PickleId id) const {
  return is(id, PickleKind::kText) ? std::optional(text(id)) : std::nullopt;
}

std::optional<TorchRole> Pickle::find_role(PickleId id) const {
  return is(id, PickleKind::kCall) ? std::optional(global(callee(id)).role) : std::nullopt;
}

PickleId Pickle::add_real(double value) {
  Node node{PickleKind::kReal, 0, {0}};
  node.real = value;
  return add(node);
}

PickleId Pickle::add_text(PickleKind kind, std::span<const std::byte> bytes) {
  Node node{kind, static_cast<uint32_t>(bytes.size()), {0}};
  node.begin = texts_.size();
  texts_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return add(node);
}

PickleId Pickle::add_tuple(std::span<const PickleId> items) {
  Node node{PickleKind::kTuple, static_cast<uint32_t>(items.size()), {0}};
  node.begin = tuples_.size();
  tuples_.insert(tuples_.end(), items.begin(), items.end());
  return add(node);
}

PickleId Pickle::add_global(TorchGlobal global) {
  globals_.push_back(std::move(global));
  return add_pair(PickleKind::kGlobal, static_cast<PickleId>(globals_.size() - 1), 0);
}

PickleId Pickle::add_pair(PickleKind kind, PickleId first, PickleId second) {
  Node node{kind, 0, {0}};
  node.pair = {first, second};
  return add(node);
}

void Pickle::append(PickleId id, std::span<const PickleId> items) {
  if (items.empty()) return;
  Node& node = nodes_[id];
  if (node.count == 0) {
    grown_.emplace_back();
    node.count = static_cast<uint32_t>(grown_.size());
  }
  std::vector<PickleId>& grown = grown_[node.count - 1];
  grown.insert(grown.end(), items.begin(), items.end());
}

PickleId Pickle::add(const Node& node) {
  nodes_.push_back(node);
  return static_cast<PickleId>(nodes_.size() - 1);
}

}  // namespace ferrum
