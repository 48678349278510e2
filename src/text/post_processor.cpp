#include "text/post_processor.h"

#include <map>
#include <string>

#include "text/json_kinds.h"

namespace ferrum {
namespace {

using SpecialTokens = std::map<std::string, std::vector<int32_t>>;

SpecialTokens read_special_tokens(JsonReader& reader) {
  Json::object_t objects;
  reader.read("special_tokens", objects);
  SpecialTokens tokens;
  for (const auto& [name, object] : objects) {
    JsonReader token(object, "special token");
    std::string id;
    Json::array_t ids;
    std::vector<std::string> spellings;
    token.require("id", id);
    token.require("ids", ids);
    for (const Json& value : ids) tokens[name].push_back(to_token_id(value));
    token.read("tokens", spellings);
    token.finish();
  }
  return tokens;
}

// One piece of a template: {"SpecialToken": {"id": name}} or {"Sequence": {"id": "A"}}.
struct TemplatePiece {
  std::string id;
  bool is_sequence = false;
};

TemplatePiece parse_piece(const Json& json) {
  TemplatePiece piece;
  Json inner;
  JsonReader reader(json, "template piece");
  piece.is_sequence = reader.read("Sequence", inner);
  if (!piece.is_sequence) reader.require("SpecialToken", inner);
  reader.finish();
  JsonReader fields(inner, "template piece");
  int64_t type_id = 0;  // segments of BERT, unknown to language models
  fields.require("id", piece.id);
  fields.read("type_id", type_id);
  fields.finish();
  return piece;
}

PostProcessor parse_template(JsonReader& reader) {
  Json::array_t single, pair;
  reader.require("single", single);
  reader.read("pair", pair);  // only single texts are encoded
  const SpecialTokens tokens = read_special_tokens(reader);
  PostProcessor result;
  int sequences = 0;
  for (const Json& json : single) {
    const TemplatePiece piece = parse_piece(json);
    if (piece.is_sequence) {
      ++sequences;
      continue;
    }
    const auto token = tokens.find(piece.id);
    if (token == tokens.end()) {
      throw Error(ErrorCode::kInvalidFormat,
                  "the post-processor's template names the special token '" +
                      piece.id.substr(0, 200) + "', which it does not define");
    }
    std::vector<int32_t>& side = sequences == 0 ? result.prefix : result.suffix;
    side.insert(side.end(), token->second.begin(), token->second.end());
  }
  if (sequences != 1) {
    throw Error(ErrorCode::kUnsupported, "the post-processor's template for a single text has " +
                                             std::to_string(sequences) + " texts");
  }
  return result;
}

}  // namespace

PostProcessor PostProcessor::parse(const Json& json) {
  PostProcessor result;
  if (json.is_null()) return result;
  JsonReader reader(json, "post_processor");
  const std::string kind = kind_of(reader);
  if (kind == "Sequence") {
    Json::array_t parts;
    reader.require("processors", parts);
    for (const Json& part : parts) {
      PostProcessor outer = parse(part);
      result.prefix.insert(result.prefix.begin(), outer.prefix.begin(), outer.prefix.end());
      result.suffix.insert(result.suffix.end(), outer.suffix.begin(), outer.suffix.end());
    }
  } else if (kind == "TemplateProcessing") {
    result = parse_template(reader);
  } else if (kind == "ByteLevel") {
    bool ignored = false;
    for (const char* key : {"add_prefix_space", "trim_offsets", "use_regex"}) {
      reader.read(key, ignored);
    }
  } else {
    refuse_kind("post-processor", kind, "ByteLevel, Sequence, TemplateProcessing");
  }
  reader.finish();
  return result;
}

}  // namespace ferrum
