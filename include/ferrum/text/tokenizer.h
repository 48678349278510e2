#pragma once
// Text to token ids and back, as the tokenizer.json of a model directory describes it.
//
// Reads the format of Hugging Face tokenizers with a byte-pair-encoding model: byte-level
// vocabularies (GPT-2, Llama 3, Qwen, Mistral Nemo) and those with byte fallback (Llama 2). The ids
// and the decoded text equal those of that library. What a file asks for and this reader does not
// implement is refused by name; nothing is skipped. "truncation" and "padding" are left to the
// caller, as transformers does.
//
// One difference is known: the reference matches by Unicode 16. Letters, digits and marks that came
// after the version of the installed PCRE2 (14 on Debian 12) are no letters to it, so words of
// scripts encoded since 2022, and rare Han, may be split elsewhere.
//
// A tokenizer is immutable: any number of threads may call any method at the same time.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferrum {

struct EncodeOptions {
  // Adds what the post-processor puts around a text, such as a begin-of-text token.
  bool add_special_tokens = true;
  // Reads special tokens written out in the text. Switch it off for text from strangers: then
  // "<|eot|>" is seven characters and not the end of a turn. Added tokens that are not special are
  // always read.
  bool parse_special = true;
};

class Tokenizer {
 public:
  // Throws kInvalidFormat for a document that is not a tokenizer (broken JSON, duplicate ids, a
  // merge of unknown tokens, an id outside int32) and kUnsupported for one that needs a model,
  // normalizer, pre-tokenizer, post-processor, decoder or regular expression not known here.
  static std::unique_ptr<Tokenizer> parse(std::string_view tokenizer_json);

  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Bytes that are not UTF-8 are read as U+FFFD, one per maximal invalid part. Characters that a
  // vocabulary without an unknown token cannot spell are left out, as in the reference.
  // Throws kResourceExhausted when a regular expression of the file exceeds its match limit, or
  // its normalizer inflates the text.
  std::vector<int32_t> encode(std::string_view text, EncodeOptions options = {}) const;

  // Always valid UTF-8. Ids that name no token are skipped, and so are special tokens if asked.
  std::string decode(std::span<const int32_t> ids, bool skip_special_tokens = true) const;

  // Highest id + 1; ids below it may be unused.
  int32_t vocab_size() const;

  // The id of a token as it is spelled in the file, added tokens included.
  std::optional<int32_t> token_id(std::string_view token) const;

  // The spelling of a token, valid as long as the tokenizer; empty for an id that names none.
  std::string_view token(int32_t id) const;

  bool is_special(int32_t id) const;

 private:
  friend class StreamDetokenizer;
  struct Parts;
  explicit Tokenizer(std::unique_ptr<const Parts> parts);

  std::unique_ptr<const Parts> parts_;
};

}  // namespace ferrum
