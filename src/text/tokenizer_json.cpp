#include "text/tokenizer_json.h"

#include <set>
#include <string>

#include "text/json_kinds.h"
#include "types/json_error.h"

namespace ferrum {
namespace {

constexpr size_t kMaxDepth = 64;

// Streams model.vocab and model.merges into flat lists and builds the rest as a value.
class TokenizerSax : public nlohmann::detail::json_sax_dom_parser<Json> {
  using Base = nlohmann::detail::json_sax_dom_parser<Json>;

 public:
  explicit TokenizerSax(TokenizerJson& out) : Base(out.document, false), out_(out) {}

  bool null() { return plain("null") && Base::null(); }
  bool boolean(bool value) { return plain("a boolean") && Base::boolean(value); }
  bool number_float(double value, const std::string& text) {
    return plain("a fraction") && Base::number_float(value, text);
  }
  bool number_integer(int64_t value) { return plain("an integer") && Base::number_integer(value); }

  bool number_unsigned(uint64_t value) {
    if (mode_ != Mode::kVocab) return plain("a number") && Base::number_unsigned(value);
    out_.ids.push_back(to_token_id(value));
    return true;
  }

  bool string(std::string& value) {
    switch (mode_) {
      case Mode::kDocument: return Base::string(value);
      case Mode::kVocab: return plain("a string");
      case Mode::kMerges: add_merge_line(value); break;
      case Mode::kPair:
        ++pair_size_;
        out_.merges.add(value);
        break;
    }
    return true;
  }

  bool start_object(size_t size) {
    if (is_model_member("vocab")) {
      mode_ = Mode::kVocab;
      out_.has_vocab = true;
      return Base::null();
    }
    plain("an object");
    enter();
    return Base::start_object(size);
  }

  bool key(std::string& name) {
    if (mode_ == Mode::kVocab) {
      out_.tokens.add(name);
      return true;
    }
    Level& level = path_.back();
    if (!level.keys.insert(name).second) refuse("has the key '" + name.substr(0, 200) + "' twice");
    level.key = name;
    return Base::key(name);
  }

  bool end_object() {
    if (mode_ == Mode::kVocab) {
      mode_ = Mode::kDocument;
      return true;
    }
    path_.pop_back();
    return Base::end_object();
  }

  bool start_array(size_t size) {
    if (is_model_member("merges")) {
      mode_ = Mode::kMerges;
      out_.has_merges = true;
      return Base::null();
    }
    if (mode_ == Mode::kMerges) {
      mode_ = Mode::kPair;
      pair_size_ = 0;
      return true;
    }
    plain("an array");
    enter();
    return Base::start_array(size);
  }

  bool end_array() {
    if (mode_ == Mode::kPair) {
      if (pair_size_ != 2) refuse("has a merge of " + std::to_string(pair_size_) + " tokens");
      mode_ = Mode::kMerges;
      return true;
    }
    if (mode_ == Mode::kMerges) {
      mode_ = Mode::kDocument;
      return true;
    }
    path_.pop_back();
    return Base::end_array();
  }

  bool parse_error(size_t, const std::string&, const std::exception& error) {
    refuse(describe_json_error(error));
  }

 private:
  enum class Mode { kDocument, kVocab, kMerges, kPair };
  struct Level {
    std::set<std::string> keys;
    std::string key;  // the member being read, if the level is an object
  };

  [[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::kInvalidFormat, "tokenizer.json " + why);
  }

  // True where any value may stand.
  bool plain(const char* found) {
    if (mode_ == Mode::kVocab) refuse(std::string("has ") + found + " for a token's id");
    if (mode_ != Mode::kDocument) refuse(std::string("has ") + found + " among the merges");
    return true;
  }

  bool is_model_member(std::string_view name) const {
    return mode_ == Mode::kDocument && path_.size() == 2 && path_[0].key == "model" &&
           path_[1].key == name;
  }

  void enter() {
    path_.emplace_back();
    if (path_.size() > kMaxDepth) {
      refuse("nests deeper than " + std::to_string(kMaxDepth) + " levels");
    }
  }

  // The older form, "left right"; it may begin with the header line of merges.txt.
  void add_merge_line(std::string_view line) {
    if (line.starts_with("#version")) return;
    const size_t space = line.find(' ');
    if (space == line.npos || line.find(' ', space + 1) != line.npos) {
      refuse("has the merge '" + std::string(line.substr(0, 200)) + "', which is not two tokens");
    }
    out_.merges.add(line.substr(0, space));
    out_.merges.add(line.substr(space + 1));
  }

  TokenizerJson& out_;
  Mode mode_ = Mode::kDocument;
  int pair_size_ = 0;
  std::vector<Level> path_;
};

}  // namespace

TokenizerJson parse_tokenizer_json(std::string_view text) {
  // The library takes a NUL for the end of the text.
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    throw Error(ErrorCode::kInvalidFormat,
                "tokenizer.json is not valid JSON: byte " + std::to_string(nul) + " is a NUL");
  }
  TokenizerJson out;
  TokenizerSax sax(out);
  Json::sax_parse(text, &sax);
  return out;
}

}  // namespace ferrum
