#include "weights/formats/gguf/gguf_tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ferrum/types/error.h"
#include "weights/formats/gguf/gguf_merges.h"
#include "weights/formats/gguf/gguf_vocabulary.h"

namespace ferrum {
namespace {

using Kind = GgufVocabulary::Kind;

constexpr const char* kSpace = "\u2581";  // how SentencePiece writes a space

// The regular expressions that split text into words, as the models' tokenizer.json have them.
constexpr const char* kLlama3Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kTekkenWords =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

Json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

Json sequence(const char* member, std::initializer_list<Json> parts) {
  return {{"type", "Sequence"}, {member, Json(std::vector<Json>(parts))}};
}

Json split(const char* regex) {
  const Json words{{"type", "Split"},
                   {"pattern", {{"Regex", regex}}},
                   {"behavior", "Isolated"},
                   {"invert", false}};
  return sequence("pretokenizers", {words, byte_level(false)});
}

struct Splitting {
  Json pre_tokenizer;
  Json normalizer = nullptr;
  bool ignore_merges = false;  // a word that is a token is taken whole
  bool add_bos = false;        // unless the file says otherwise
};

Splitting splitting_of(const std::string& name, const std::string& file) {
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is({"gpt-2", "phi-2"})) return {byte_level(true)};
  if (is({"llama-bpe", "llama3", "llama-v3", "falcon3"})) {
    return {split(kLlama3Words), nullptr, true, true};
  }
  if (is({"qwen2", "deepseek-r1-qwen", "megrez"})) {
    return {split(kQwen2Words), {{"type", "NFC"}}};
  }
  if (is({"tekken"})) return {split(kTekkenWords), nullptr, true, true};
  if (is({"smollm", "starcoder", "refact"})) {
    const Json digits{{"type", "Digits"}, {"individual_digits", true}};
    return {sequence("pretokenizers", {digits, byte_level(true)})};
  }
  throw Error(ErrorCode::kUnsupported,
              file + ": its tokenizer splits words by \"" + name + "\" (tokenizer.ggml.pre)",
              "known: gpt-2, llama-bpe, qwen2, smollm, starcoder, refact, tekken; put the model's "
              "tokenizer.json into the file as tokenizer.huggingface.json, or use its safetensors");
}

// What is matched before a text is split: tokens of the user's, and those that no text contains.
Json added_tokens(const GgufVocabulary& vocabulary) {
  Json added = Json::array();
  for (size_t id = 0; id < vocabulary.tokens().size(); ++id) {
    const auto& [text, kind, score] = vocabulary.tokens()[id];
    const bool special = kind == Kind::kControl || kind == Kind::kUnknown;
    if (!special && kind != Kind::kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", text},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", special}});
  }
  return added;
}

// The begin and the end of a text, where the model wants them.
Json template_processing(const GgufVocabulary& vocabulary, bool bos_by_default) {
  Json single = Json::array(), tokens = Json::object();
  const auto add = [&](const char* role) {
    const auto id = vocabulary.find_role(role);
    if (!id) vocabulary.fail(std::string("wants a ") + role + " token around texts, and has none");
    const std::string& text = vocabulary.text(*id);
    single.push_back({{"SpecialToken", {{"id", text}, {"type_id", 0}}}});
    tokens[text] = {{"id", text}, {"ids", {*id}}, {"tokens", {text}}};
  };
  if (vocabulary.flag_or("add_bos_token", bos_by_default)) add("bos");
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  if (vocabulary.flag_or("add_eos_token", false)) add("eos");
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", Json::array()},
          {"special_tokens", tokens}};
}

void append_quoted(std::string& out, const std::string& text) { out += Json(text).dump(); }

// A vocabulary of 10^5 tokens is text before it would be a tree.
std::string to_document(const Json& parts, const Json& model, const GgufVocabulary& vocabulary,
                        bool with_control, const TokenPairs& merges) {
  std::string out = parts.dump();
  out.back() = ',';
  out += "\"model\":" + model.dump();
  out.back() = ',';
  out += "\"vocab\":{";
  const auto& tokens = vocabulary.tokens();
  bool first = true;
  for (size_t id = 0; id < tokens.size(); ++id) {
    const Kind kind = tokens[id].kind;
    const bool added = kind == Kind::kControl || kind == Kind::kUserDefined;
    if (kind == Kind::kUnused || (added && !with_control)) continue;
    if (!std::exchange(first, false)) out += ',';
    append_quoted(out, tokens[id].text);
    out += ':' + std::to_string(id);
  }
  out += "},\"merges\":[";
  for (size_t i = 0; i < merges.size(); ++i) {
    out += i == 0 ? "[" : ",[";
    append_quoted(out, merges[i].first);
    out += ',';
    append_quoted(out, merges[i].second);
    out += ']';
  }
  return out + "]}}";
}

std::string byte_level_tokenizer(const GgufVocabulary& vocabulary, const std::string& file) {
  const Splitting splitting = splitting_of(vocabulary.name_or("pre", ""), file);
  const Json parts{{"version", "1.0"},
                   {"added_tokens", added_tokens(vocabulary)},
                   {"normalizer", splitting.normalizer},
                   {"pre_tokenizer", splitting.pre_tokenizer},
                   {"post_processor", template_processing(vocabulary, splitting.add_bos)},
                   {"decoder", byte_level(true)}};
  const Json model{{"type", "BPE"}, {"ignore_merges", splitting.ignore_merges}};
  return to_document(parts, model, vocabulary, false, parse_merges(vocabulary));
}

std::string sentence_piece_tokenizer(const GgufVocabulary& vocabulary) {
  const bool prefix = vocabulary.flag_or("add_space_prefix", true);
  if (vocabulary.flag_or("remove_extra_whitespaces", false)) {
    vocabulary.fail("has a tokenizer that removes spaces, which is not known of this model");
  }
  const auto replace = [](const char* from, const char* to) {
    return Json{{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
  };
  Json normalizers = Json::array(), decoders = Json::array();
  if (prefix) normalizers.push_back({{"type", "Prepend"}, {"prepend", kSpace}});
  normalizers.push_back(replace(" ", kSpace));
  decoders = {replace(kSpace, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (prefix) {
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  const Json parts{{"version", "1.0"},
                   {"added_tokens", added_tokens(vocabulary)},
                   {"normalizer", {{"type", "Sequence"}, {"normalizers", normalizers}}},
                   {"post_processor", template_processing(vocabulary, true)},
                   {"decoder", {{"type", "Sequence"}, {"decoders", decoders}}}};
  Json model{{"type", "BPE"}, {"fuse_unk", true}, {"byte_fallback", true}};
  if (const auto unknown = vocabulary.find_role("unknown")) {
    model["unk_token"] = vocabulary.text(*unknown);
  }
  return to_document(parts, model, vocabulary, true, merges_by_score(vocabulary));
}

}  // namespace

bool has_gguf_tokenizer(const GgufValues& values) {
  return values.contains("tokenizer.huggingface.json") || values.contains("tokenizer.ggml.model");
}

std::string gguf_tokenizer(const GgufValues& values, const std::string& file) {
  const Json* whole = values.find("tokenizer.huggingface.json");
  if (whole && whole->is_string()) return whole->get<std::string>();
  const GgufVocabulary vocabulary(values, file);
  const std::string model = vocabulary.name_or("model", "");
  if (model == "gpt2") return byte_level_tokenizer(vocabulary, file);
  if (model == "llama") return sentence_piece_tokenizer(vocabulary);
  throw Error(ErrorCode::kUnsupported, file + " has a tokenizer of the kind \"" + model + "\"",
              "known: gpt2, llama");
}

Json gguf_tokenizer_config(const GgufValues& values, const std::string& file) {
  const GgufVocabulary vocabulary(values, file);
  Json config = Json::object();
  constexpr std::array<std::pair<const char*, const char*>, 4> kRoles{{{"bos", "bos_token"},
                                                                       {"eos", "eos_token"},
                                                                       {"unknown", "unk_token"},
                                                                       {"padding", "pad_token"}}};
  for (const auto& [role, key] : kRoles) {
    if (const auto id = vocabulary.find_role(role)) config[key] = vocabulary.text(*id);
  }
  const Json* usual = values.find("tokenizer.chat_template");
  const Json* tools = values.find("tokenizer.chat_template.tool_use");
  if (usual && tools) {
    config["chat_template"] = {{{"name", "default"}, {"template", *usual}},
                               {{"name", "tool_use"}, {"template", *tools}}};
  } else if (usual) {
    config["chat_template"] = *usual;
  }
  return config;
}

}  // namespace ferrum
