#include "ferrum/text/tokenizer.h"

#include <algorithm>

#include "text/tokenizer_parts.h"
#include "text/utf8.h"

namespace ferrum {
namespace {

// Positions in a text are 32 bits wide, and the byte alphabet may double it.
constexpr size_t kMaxTextBytes = size_t{1} << 29;

struct Members {
  Json version, truncation, padding, added_tokens, normalizer, pre_tokenizer, post_processor,
      decoder, model;
};

Members read_members(const Json& document) {
  Members members;
  JsonReader reader(document, "tokenizer.json");
  reader.read("version", members.version);
  reader.read("truncation", members.truncation);
  reader.read("padding", members.padding);
  reader.read("added_tokens", members.added_tokens);
  reader.read("normalizer", members.normalizer);
  reader.read("pre_tokenizer", members.pre_tokenizer);
  reader.read("post_processor", members.post_processor);
  reader.read("decoder", members.decoder);
  reader.read("model", members.model);
  reader.finish();
  if (!members.version.is_null() && members.version != "1.0") {
    throw Error(ErrorCode::kUnsupported,
                "tokenizer.json has the version " + members.version.dump().substr(0, 100),
                "known: \"1.0\"");
  }
  return members;
}

void check_ids(const std::vector<int32_t>& ids, const Vocabulary& model,
               const Vocabulary& added) {
  for (const int32_t id : ids) {
    if (model.token(id) || added.token(id)) continue;
    throw Error(ErrorCode::kInvalidFormat, "the post-processor adds the id " + std::to_string(id) +
                                               ", which names no token");
  }
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::~Tokenizer() = default;

std::unique_ptr<Tokenizer> Tokenizer::parse(std::string_view tokenizer_json) {
  try {
    TokenizerJson json = parse_tokenizer_json(tokenizer_json);
    const Members members = read_members(json.document);
    Bpe bpe(std::move(json));
    Normalizer normalizer = Normalizer::parse(members.normalizer);
    AddedTokens added(members.added_tokens, bpe.vocabulary(), normalizer);
    auto parts = std::make_unique<Parts>(Parts{
        std::move(bpe), std::move(normalizer), PreTokenizer::parse(members.pre_tokenizer),
        PostProcessor::parse(members.post_processor), TokenDecoder::parse(members.decoder),
        std::move(added)});
    const Vocabulary& model = parts->bpe.vocabulary();
    check_ids(parts->post_processor.prefix, model, parts->added.vocabulary());
    check_ids(parts->post_processor.suffix, model, parts->added.vocabulary());
    return std::unique_ptr<Tokenizer>(new Tokenizer(std::move(parts)));
  } catch (const Error& error) {
    // A reader of configurations blames its caller; here the file is to blame.
    if (error.code() != ErrorCode::kInvalidArgument) throw;
    throw Error(ErrorCode::kInvalidFormat, error.message(), error.hint());
  }
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  if (text.size() > kMaxTextBytes) {
    throw Error(ErrorCode::kResourceExhausted,
                "a text of " + std::to_string(text.size()) + " bytes cannot be encoded at once",
                "encode at most " + std::to_string(kMaxTextBytes) + " bytes");
  }
  std::vector<int32_t> ids;
  if (options.add_special_tokens) ids = parts_->post_processor.prefix;
  std::string valid;
  append_valid_utf8(text, valid);
  Bpe::Encoder encoder(parts_->bpe);
  for (const Segment& raw : parts_->added.split_raw(valid, options.parse_special)) {
    if (raw.id >= 0) {
      ids.push_back(raw.id);
      continue;
    }
    std::string normal = valid.substr(raw.begin, raw.end - raw.begin);
    parts_->normalizer.apply(normal);
    for (const Segment& part : parts_->added.split_normalized(normal, options.parse_special)) {
      if (part.id >= 0) {
        ids.push_back(part.id);
        continue;
      }
      Pieces words{normal.substr(part.begin, part.end - part.begin), {}};
      words.ranges.push_back({0, words.text.size()});
      parts_->pre_tokenizer.apply(words);
      for (const Pieces::Range word : words.ranges) encoder.encode(words.view(word), ids);
    }
  }
  if (options.add_special_tokens) {
    const std::vector<int32_t>& suffix = parts_->post_processor.suffix;
    ids.insert(ids.end(), suffix.begin(), suffix.end());
  }
  return ids;
}

void Tokenizer::Parts::decode_one(int32_t id, bool skip_special_tokens, TokenDecoder& state,
                                  std::string& out) const {
  if (added.vocabulary().token(id)) {
    if (skip_special_tokens && added.is_special(id)) return;
    state.push(added.decoded_spelling(id), out);
  } else if (const auto token = bpe.vocabulary().token(id)) {
    state.push(*token, out);
  }
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  TokenDecoder state = parts_->decoder;
  std::string out;
  for (const int32_t id : ids) parts_->decode_one(id, skip_special_tokens, state, out);
  state.finish(out);
  return out;
}

int32_t Tokenizer::vocab_size() const {
  // An id of 2^31 - 1 has no successor in int32.
  const int32_t highest = std::max(parts_->bpe.vocabulary().highest_id(),
                                   parts_->added.vocabulary().highest_id());
  return highest + 1;
}

std::optional<int32_t> Tokenizer::token_id(std::string_view token) const {
  if (const auto id = parts_->added.vocabulary().find(token)) return id;
  return parts_->bpe.vocabulary().find(token);
}

std::string_view Tokenizer::token(int32_t id) const {
  if (const auto added = parts_->added.vocabulary().token(id)) return *added;
  return parts_->bpe.vocabulary().token(id).value_or(std::string_view());
}

bool Tokenizer::is_special(int32_t id) const { return parts_->added.is_special(id); }

}  // namespace ferrum
