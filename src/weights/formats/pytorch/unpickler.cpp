#include "weights/formats/pytorch/unpickler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <map>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr PickleId kUnset = UINT32_MAX;
constexpr size_t kMaxNameBytes = 256;  // of the two lines of a global

// A little of foreign text, for messages.
std::string shown(std::string_view text) {
  std::string result(text.substr(0, 80));
  for (char& c : result) if (c < ' ' || c > '~') c = '?';
  return text.size() > 80 ? result + "..." : result;
}

class Unpickler {
 public:
  explicit Unpickler(PickleInput& input) : input_(input), begin_(input.position()) {
    small_integers_.fill(kUnset);
  }

  Pickle run() {
    for (;;) {
      at_ = input_.position();
      if (at_ - begin_ > kMaxPickleBytes) {
        fail("has a pickle of more than " + std::to_string(kMaxPickleBytes) + " bytes");
      }
      const auto opcode = static_cast<unsigned char>(input_.take(1)[0]);
      if (opcode == '.') break;
      if (!run_constant(opcode) && !run_text(opcode) && !run_memo(opcode) &&
          !run_container(opcode) && !run_object(opcode)) {
        refuse_opcode(opcode);
      }
    }
    pickle_.set_root(pop());
    if (!stack_.empty() || !marks_.empty()) fail("ends a pickle before all of it is used");
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { input_.fail(why, at_); }

  [[noreturn]] void refuse_opcode(unsigned char opcode) const {
    const bool printable = opcode > ' ' && opcode <= '~';
    std::string name = "0x";
    name += "0123456789abcdef"[opcode >> 4];
    name += "0123456789abcdef"[opcode & 15];
    if (printable) name += std::string(" ('") + static_cast<char>(opcode) + "')";
    fail("has the pickle opcode " + name + ", which no state dict needs,");
  }

  // The stack of Python's machine; what lies below the topmost mark is out of reach.
  void push(PickleId id) {
    if (stack_.size() == kMaxPickleStack) {
      fail("has a pickle with more than " + std::to_string(kMaxPickleStack) + " open values");
    }
    stack_.push_back(id);
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void need(size_t count) const {
    if (stack_.size() - floor() < count) fail("has a pickle that takes a value where none is");
  }
  PickleId top() const {
    need(1);
    return stack_.back();
  }
  PickleId pop() {
    const PickleId id = top();
    stack_.pop_back();
    return id;
  }
  // The values above the topmost mark; the caller drops them by `end_items`.
  std::span<const PickleId> begin_items() const {
    if (marks_.empty()) fail("has a pickle that ends a container which it did not begin");
    return std::span(stack_).subspan(marks_.back());
  }
  void end_items() {
    stack_.resize(marks_.back());
    marks_.pop_back();
  }

  // Counts a value before it is made.
  Pickle& room() {
    if (pickle_.size() == kMaxPickleValues) {
      fail("has a pickle of more than " + std::to_string(kMaxPickleValues) + " values");
    }
    return pickle_;
  }
  // Constants are made once.
  template <class Make>
  void push_once(PickleId& slot, Make make) {
    if (slot == kUnset) slot = make(room());
    push(slot);
  }
  void push_integer(int64_t value) {
    if (value >= 0 && value < static_cast<int64_t>(small_integers_.size())) {
      return push_once(small_integers_[static_cast<size_t>(value)],
                       [&](Pickle& pickle) { return pickle.add_integer(value); });
    }
    push(room().add_integer(value));
  }

  bool run_constant(unsigned char opcode) {
    switch (opcode) {
      case 'N': push_once(none_, [](Pickle& p) { return p.add_none(); }); return true;
      case 0x88: push_once(true_, [](Pickle& p) { return p.add_bool(true); }); return true;
      case 0x89: push_once(false_, [](Pickle& p) { return p.add_bool(false); }); return true;
      case 'J': push_integer(static_cast<int32_t>(take_number<uint32_t>(input_))); return true;
      case 'K': push_integer(take_number<uint8_t>(input_)); return true;
      case 'M': push_integer(take_number<uint16_t>(input_)); return true;
      case 0x8a: push_long(take_number<uint8_t>(input_)); return true;
      case 'G': push_real(); return true;
      case 0x80: check_protocol(); return true;
      case 0x95: check_frame(); return true;
      default: return false;
    }
  }
  void check_protocol() {
    const int protocol = take_number<uint8_t>(input_);
    if (protocol > 5) fail("has a pickle of protocol " + std::to_string(protocol));
  }
  void check_frame() {
    const auto bytes = take_number<uint64_t>(input_);
    if (bytes > static_cast<uint64_t>(input_.remaining())) fail("has a frame past its end");
  }
  void push_long(int64_t size) {
    if (size > kMaxPickleInteger) {
      fail("has an integer of " + std::to_string(size) + " bytes");
    }
    const auto bytes = input_.take(size);
    if (size > 8) return push(room().add_text(PickleKind::kBigInteger, bytes));
    uint64_t value = 0;
    for (int64_t i = 0; i < size; ++i) {
      value |= static_cast<uint64_t>(bytes[static_cast<size_t>(i)]) << (8 * i);
    }
    const bool negative = size > 0 && (bytes.back() & std::byte{0x80}) != std::byte{0};
    if (negative && size < 8) value |= ~uint64_t{0} << (8 * size);
    push_integer(static_cast<int64_t>(value));
  }
  void push_real() {  // big-endian, unlike all else
    uint64_t bits = 0;
    for (const std::byte byte : input_.take(8)) bits = bits << 8 | static_cast<uint64_t>(byte);
    push(room().add_real(std::bit_cast<double>(bits)));
  }

  bool run_text(unsigned char opcode) {
    switch (opcode) {
      case 'X': push_text(take_number<uint32_t>(input_)); return true;
      case 0x8c:
      case 'U': push_text(take_number<uint8_t>(input_)); return true;
      default: return false;
    }
  }
  void push_text(int64_t size) {
    if (size > kMaxPickleBytes) fail("has a text of " + std::to_string(size) + " bytes");
    const auto bytes = input_.take(size);
    push(room().add_text(PickleKind::kText, bytes));
  }

  bool run_memo(unsigned char opcode) {
    switch (opcode) {
      case 'h': recall(take_number<uint8_t>(input_)); return true;
      case 'j': recall(take_number<uint32_t>(input_)); return true;
      case 'q': memorise(take_number<uint8_t>(input_)); return true;
      case 'r': memorise(take_number<uint32_t>(input_)); return true;
      case 0x94: memorise(memorised_); return true;
      default: return false;
    }
  }
  void recall(size_t place) {
    if (place >= memo_.size() || memo_[place] == kUnset) {
      fail("recalls memo " + std::to_string(place) + ", which was never set,");
    }
    push(memo_[place]);
  }
  // Writers number memos one by one, so there are fewer of them than bytes.
  void memorise(size_t place) {
    const PickleId id = top();
    if (place > static_cast<size_t>(at_ - begin_) || place > kMaxPickleValues) {
      fail("sets memo " + std::to_string(place) + ", more than it can have,");
    }
    if (place >= memo_.size()) memo_.resize(place + 1, kUnset);
    if (memo_[place] == kUnset) ++memorised_;
    memo_[place] = id;
  }

  bool run_container(unsigned char opcode) {
    switch (opcode) {
      case '(': begin_container(); return true;
      case ')': push_once(empty_, [](Pickle& p) { return p.add_tuple({}); }); return true;
      case 't': end_tuple(); return true;
      case 0x85:
      case 0x86:
      case 0x87: push_tuple(opcode - size_t{0x84}); return true;
      case ']': push(room().add_empty(PickleKind::kList)); return true;
      case '}': push(room().add_empty(PickleKind::kDict)); return true;
      case 0x8f: push(room().add_empty(PickleKind::kSet)); return true;
      case 'a': add_last(1, PickleKind::kList); return true;
      case 's': add_last(2, PickleKind::kDict); return true;
      case 'e': add_items(PickleKind::kList); return true;
      case 'u': add_items(PickleKind::kDict); return true;
      default: return false;
    }
  }
  void begin_container() {
    if (marks_.size() == kMaxPickleMarks) {
      fail("nests more than " + std::to_string(kMaxPickleMarks) + " containers");
    }
    marks_.push_back(stack_.size());
  }
  void end_tuple() {
    const PickleId tuple = room().add_tuple(begin_items());
    end_items();
    push(tuple);
  }
  void push_tuple(size_t count) {
    need(count);
    const PickleId tuple = room().add_tuple(std::span(stack_).last(count));
    stack_.resize(stack_.size() - count);
    push(tuple);
  }
  void add_last(size_t count, PickleKind kind) {
    need(count + 1);
    const PickleId target = stack_[stack_.size() - count - 1];
    check_target(target, kind);
    pickle_.append(target, std::span(stack_).last(count));
    stack_.resize(stack_.size() - count);
  }
  void add_items(PickleKind kind) {
    const auto items = begin_items();
    const size_t mark = marks_.back(), below = marks_.size() > 1 ? marks_[marks_.size() - 2] : 0;
    if (mark == below) fail("has a pickle that fills a container where none is");
    const PickleId target = stack_[mark - 1];
    check_target(target, kind);
    if (kind == PickleKind::kDict && items.size() % 2 != 0) fail("sets a key without a value");
    pickle_.append(target, items);
    end_items();
  }
  void check_target(PickleId target, PickleKind kind) const {
    const bool dict = kind == PickleKind::kDict;
    if (pickle_.is(target, kind)) return;
    if (dict && pickle_.find_role(target) == TorchRole::kOrderedDict) return;
    fail(std::string(dict ? "sets items of " : "appends to ") +
         std::string(to_string(pickle_.kind(target))) + ", not of " +
         std::string(to_string(kind)) + ",");
  }

  bool run_object(unsigned char opcode) {
    switch (opcode) {
      case 'c': push_global_lines(); return true;
      case 0x93: push_global_values(); return true;
      case 'R':
      case 0x81: call(); return true;
      case 'b': set_state(); return true;
      case 'Q': push_persistent(); return true;
      default: return false;
    }
  }
  std::string take_line() {
    std::string line;
    for (;;) {
      const auto c = static_cast<char>(input_.take(1)[0]);
      if (c == '\n') return line;
      if (line.size() == kMaxNameBytes) fail("names a global longer than any");
      line += c;
    }
  }
  void push_global_lines() {
    const std::string module = take_line();
    push_global(module, take_line());
  }
  void push_global_values() {
    need(2);
    const auto name = pickle_.find_text(pop()), module = pickle_.find_text(pop());
    if (!name || !module) fail("names a global by what is no text");
    push_global(std::string(*module), std::string(*name));
  }
  void push_global(const std::string& module, const std::string& name) {
    const std::string path = module + "." + name;
    const auto known = globals_.find(path);
    if (known != globals_.end()) return push(known->second);
    auto global = find_torch_global(module, name);
    if (!global) {
      throw Error(ErrorCode::kInvalidFormat,
                  input_.what() + " refers to the Python global " + shown(path) + " at byte " +
                      std::to_string(at_) + "; only tensors and plain containers are read",
                  "nothing of a pickle is ever run; where the file is trusted, save its weights "
                  "alone: torch.save(model.state_dict(), path)");
    }
    push(globals_[path] = room().add_global(std::move(*global)));
  }
  void call() {
    need(2);
    const PickleId arguments = pop(), callee = pop();
    if (!pickle_.is(callee, PickleKind::kGlobal) || !pickle_.is(arguments, PickleKind::kTuple)) {
      fail("calls " + std::string(to_string(pickle_.kind(callee))) + " with " +
           std::string(to_string(pickle_.kind(arguments))));
    }
    push(room().add_pair(PickleKind::kCall, callee, arguments));
  }
  void set_state() {
    need(2);
    const PickleId state = pop();
    if (!pickle_.is(top(), PickleKind::kCall)) {
      fail("sets the state of " + std::string(to_string(pickle_.kind(top()))));
    }
    pickle_.set_state(top(), state);
  }
  // A tuple that begins with what it is, or the number of a tensor in a tar archive.
  void push_persistent() {
    const PickleId id = pop();
    const bool number = pickle_.is(id, PickleKind::kInteger) || pickle_.is(id, PickleKind::kText);
    bool tuple = pickle_.is(id, PickleKind::kTuple) && !pickle_.items(id).empty();
    if (tuple) {
      const auto type = pickle_.find_text(pickle_.items(id)[0]);
      tuple = type == "storage" || type == "module";
    }
    if (!number && !tuple) fail("refers outside of itself by what names no storage");
    push(room().add_pair(PickleKind::kPersistent, id, 0));
  }

  PickleInput& input_;
  const int64_t begin_;
  int64_t at_ = 0;  // the opcode
  Pickle pickle_;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::vector<PickleId> memo_;
  size_t memorised_ = 0;
  std::map<std::string, PickleId, std::less<>> globals_;
  std::array<PickleId, 256> small_integers_;
  PickleId none_ = kUnset, true_ = kUnset, false_ = kUnset, empty_ = kUnset;
};

}  // namespace

Pickle read_pickle(PickleInput& input) { return Unpickler(input).run(); }

}  // namespace ferrum
