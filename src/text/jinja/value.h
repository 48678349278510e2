#pragma once
// The values of a template: Python's, as far as templates can tell.
//
// A Value is small and copies cheaply; strings, lists and the like are shared and immutable, but
// for namespaces and iterators. Objects know how deeply they nest, so that walking or destroying
// one never exhausts the stack.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ferrum::jinja {

class Runtime;
class Value;

enum class Kind : uint8_t {
  kUndefined, kNone, kBool, kInt, kFloat, kString,
  kList, kTuple, kRange, kKeys, kValues, kItems,  // sequences; the last three are dict views
  kDict, kNamespace, kIterator, kLoop, kFunction,
};

struct Object {
  virtual ~Object() = default;
  int depth = 1;  // 1 + the deepest object inside
};

// Arguments as written at a call.
struct Call {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Yields the next element into its argument; false at the end.
using Next = std::function<bool(Value&)>;

struct StringObject;
struct SequenceObject;
struct RangeObject;
struct DictObject;
struct IteratorObject;
struct LoopObject;
struct FunctionObject;

class Value {
 public:
  Value() = default;  // undefined, without a name
  static Value none() { return Value(Kind::kNone); }
  static Value boolean(bool b) { return Value(Kind::kBool, b); }
  static Value integer(int64_t i) { return Value(Kind::kInt, i); }
  static Value real(double d);
  // A string that is not charged to any budget: constants and the context.
  static Value constant(std::string text);
  // An undefined value; using it fails with `message`.
  static Value undefined(std::string message);
  Value(Kind kind, std::shared_ptr<Object> object) : kind_(kind), object_(std::move(object)) {}

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return kind_ == Kind::kUndefined; }
  bool is_none() const { return kind_ == Kind::kNone; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_integral() const { return kind_ == Kind::kInt || kind_ == Kind::kBool; }
  bool is_number() const { return is_integral() || kind_ == Kind::kFloat; }
  bool is_sequence() const { return kind_ >= Kind::kList && kind_ <= Kind::kItems; }

  bool as_bool() const { return integer_ != 0; }
  int64_t as_int() const { return integer_; }  // of kInt and kBool
  double as_double() const { return kind_ == Kind::kFloat ? real_ : double(integer_); }
  const std::string& as_string() const;
  const StringObject& as_text() const;
  const std::vector<Value>& items() const;  // of every sequence kind
  const RangeObject& as_range() const;
  const DictObject& as_dict() const;
  DictObject& as_namespace() const;
  IteratorObject& as_iterator() const;
  LoopObject& as_loop() const;
  const FunctionObject& as_function() const;
  // Why this value is undefined; for messages.
  std::string undefined_message() const;

  int depth() const { return object_ ? object_->depth : 0; }
  const Object* object() const { return object_.get(); }

 private:
  explicit Value(Kind kind, int64_t i = 0) : kind_(kind), integer_(i) {}

  Kind kind_ = Kind::kUndefined;
  union {
    int64_t integer_ = 0;
    double real_;
  };
  std::shared_ptr<Object> object_;
};

struct StringObject : Object {
  explicit StringObject(std::string t, bool is_markup = false);
  std::string text;
  int64_t length;  // in code points
  bool markup;     // marked safe: adding a string to it escapes that string
  bool ascii() const { return length == static_cast<int64_t>(text.size()); }
};

struct SequenceObject : Object {
  std::vector<Value> items;
};

struct RangeObject : SequenceObject {
  int64_t start = 0, stop = 0, step = 1;
};

// Insertion-ordered, keyed by any hashable value; 1, 1.0 and True are one key, as in Python.
struct DictObject : Object {
  std::vector<std::pair<Value, Value>> entries;

  const Value* find(std::string_view key) const;
  // `key` must be hashable.
  const Value* find(const Value& key) const;
  void set(const Value& key, Value value);
  static bool hashable(const Value& key);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Index = std::unordered_map<std::string, size_t, Hash, std::equal_to<>>;
  Index strings_;  // string key -> entry
  Index others_;   // canonical text of any other key -> entry
};

struct IteratorObject : Object {
  Next next;
};

struct LoopObject : Object {
  Next source;                           // the rest of the iterable
  std::function<Value(Runtime&, const Value& iterable, int depth0)> recurse;
  std::vector<Value> ahead;              // read from source but not yet visited, in reverse
  bool exhausted = false;
  int64_t known_length = -1;
  int64_t index0 = -1;
  int depth0 = 0;
  Value previous, current;
  std::vector<Value> last_changed;
  bool changed_called = false;

  bool advance();                        // moves `current` on; false at the end
  const Value* peek();                   // the next element, or null at the end
  int64_t length(Runtime& runtime);      // reads the source to its end
};

struct FunctionObject : Object {
  std::string name;
  std::function<Value(Runtime&, Call&)> call;
};

// What Python calls the type: "str", "dict", "NoneType".
std::string_view type_name(const Value& value);
// How jinja2 names the type in messages: "dict object", "None".
std::string type_description(const Value& value);

bool truth(Runtime& runtime, const Value& value);

}  // namespace ferrum::jinja
