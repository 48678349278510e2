#include "ferrum/text/tokenizer.h"

#include <gmock/gmock.h>
#include <thread>

#include "ferrum/text/detokenizer.h"
#include "ferrum/types/json.h"
#include "support/expect_error.h"

namespace ferrum {
namespace {

using Ids = std::vector<int32_t>;
using testing::HasSubstr;

// Letters a to d, three merges, one special token. Ids have a gap.
Json document() {
  return Json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [{"id": 90, "content": "<end>", "single_word": false, "lstrip": false,
                      "rstrip": false, "normalized": false, "special": true}],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null,
    "decoder": {"type": "Fuse"},
    "model": {"type": "BPE", "dropout": null, "unk_token": null,
              "continuing_subword_prefix": null, "end_of_word_suffix": "", "fuse_unk": false,
              "byte_fallback": false, "ignore_merges": false,
              "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "ab": 4, "bc": 5, "abc": 7},
              "merges": [["b", "c"], ["a", "b"], ["a", "bc"]]}})");
}

std::unique_ptr<Tokenizer> parse(const Json& json) { return Tokenizer::parse(json.dump()); }

void expect_refused(const std::string& text, ErrorCode code, const std::string& message) {
  test::expect_error(code, HasSubstr(message), [&] { Tokenizer::parse(text); });
}

void expect_refused(const char* pointer, Json value, ErrorCode code, const std::string& message) {
  Json json = document();
  json[Json::json_pointer(pointer)] = std::move(value);
  expect_refused(json.dump(), code, message);
}

TEST(Tokenizer, MergesTheLowestRankFirst) {
  const auto tokenizer = parse(document());
  EXPECT_EQ(tokenizer->encode("abc"), (Ids{7}));   // b c, then a bc
  EXPECT_EQ(tokenizer->encode("abab"), (Ids{4, 4}));
  EXPECT_EQ(tokenizer->encode("dabd"), (Ids{3, 4, 3}));
  EXPECT_EQ(tokenizer->encode(""), Ids{});
}

TEST(Tokenizer, NamesItsTokens) {
  const auto tokenizer = parse(document());
  EXPECT_EQ(tokenizer->vocab_size(), 91);
  EXPECT_EQ(tokenizer->token_id("abc"), 7);
  EXPECT_EQ(tokenizer->token_id("<end>"), 90);
  EXPECT_EQ(tokenizer->token_id("x"), std::nullopt);
  EXPECT_EQ(tokenizer->token(5), "bc");
  EXPECT_EQ(tokenizer->token(90), "<end>");
  for (const int32_t unknown : {-1, 6, 89, 91, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(tokenizer->token(unknown), "");
    EXPECT_FALSE(tokenizer->is_special(unknown));
    EXPECT_EQ(tokenizer->decode(Ids{0, unknown, 1}), "ab");
  }
  EXPECT_TRUE(tokenizer->is_special(90));
  EXPECT_FALSE(tokenizer->is_special(0));
}

TEST(Tokenizer, ReadsSpecialTokensOnlyIfAsked) {
  Json json = document();
  for (const char* c : {"<", "e", "n", ">"}) json["model"]["vocab"][c] = 10 + c[0];
  const auto tokenizer = parse(json);
  EXPECT_EQ(tokenizer->encode("a<end>"), (Ids{0, 90}));
  EXPECT_EQ(tokenizer->encode("a<end>", {.parse_special = false}),
            (Ids{0, 10 + '<', 10 + 'e', 10 + 'n', 3, 10 + '>'}));
}

TEST(Tokenizer, LeavesOutWhatItCannotSpellUnlessThereIsAnUnknownToken) {
  Json json = document();
  EXPECT_EQ(parse(json)->encode("a?b"), (Ids{4}));
  json["model"]["unk_token"] = "d";
  EXPECT_EQ(parse(json)->encode("a??b"), (Ids{0, 3, 3, 1}));
  json["model"]["fuse_unk"] = true;
  EXPECT_EQ(parse(json)->encode("a??b"), (Ids{0, 3, 1}));
}

TEST(Tokenizer, SparseIdsTakeNoMemory) {
  Json json = document();
  json["model"]["vocab"]["d"] = INT32_MAX - 1;
  const auto tokenizer = parse(json);
  EXPECT_EQ(tokenizer->encode("d"), (Ids{INT32_MAX - 1}));
  EXPECT_EQ(tokenizer->vocab_size(), INT32_MAX);
}

TEST(Tokenizer, MergesMayComeFirstAndAsLines) {
  Json json = document();
  json["model"]["merges"] = {"#version: 0.2", "b c", "a b", "a bc"};
  std::string text = json.dump();  // "merges" sorts before "vocab"
  EXPECT_LT(text.find("merges"), text.find("vocab"));
  EXPECT_EQ(Tokenizer::parse(text)->encode("abc"), (Ids{7}));
}

TEST(Tokenizer, RefusesBrokenDocuments) {
  const auto broken = ErrorCode::kInvalidFormat;
  expect_refused("", broken, "not valid JSON");
  expect_refused("{", broken, "not valid JSON");
  expect_refused("[]", broken, "object");
  expect_refused("{}", broken, "no 'model'");
  expect_refused("<html>", broken, "not valid JSON");
  expect_refused(document().dump() + '\0' + "anything", broken, "is a NUL");
  expect_refused(std::string(100000, '['), broken, "nests deeper");
  expect_refused(R"({"model": {"vocab": {}, "merges": []}, "model": 1})", broken, "twice");
  expect_refused(R"({"model": {"vocab": {"a": 0, "a": 1}, "merges": []}})", broken, "twice");
  expect_refused(R"({"model": {"merges": []}})", broken, "model.vocab");
  expect_refused(R"({"model": {"vocab": {}}})", broken, "model.merges");
  expect_refused("/surprise", 1, broken, "surprise");
  expect_refused("/model", nullptr, broken, "model");
  expect_refused("/model/surprise", 1, broken, "surprise");
}

TEST(Tokenizer, RefusesBrokenVocabularies) {
  const auto broken = ErrorCode::kInvalidFormat;
  expect_refused("/model/vocab/a", 1, broken, "the id 1");
  expect_refused("/model/vocab/a", uint64_t{1} << 63, broken, "token id");
  expect_refused("/model/vocab/a", INT32_MAX, broken, "token id");
  expect_refused("/model/vocab/a", -1, broken, "an integer");
  expect_refused("/model/vocab/a", 0.5, broken, "a fraction");
  expect_refused("/model/vocab/a", nullptr, broken, "null");
  expect_refused("/model/vocab/a", Json::array(), broken, "an array");
  expect_refused("/model/merges/0", {"a", "x"}, broken, "'x'");
  expect_refused("/model/merges/0", {"c", "d"}, broken, "'cd'");
  expect_refused("/model/merges/0", {"a", "b", "c"}, broken, "3 tokens");
  expect_refused("/model/merges/0", "ab", broken, "not two tokens");
  expect_refused("/model/merges/0", "a b c", broken, "not two tokens");
  expect_refused("/model/merges/0", 7, broken, "merges");
  expect_refused("/model/unk_token", "x", broken, "'x'");
}

TEST(Tokenizer, RefusesContradictoryAddedTokens) {
  const auto broken = ErrorCode::kInvalidFormat;
  expect_refused("/added_tokens", 1, broken, "not a list");
  expect_refused("/added_tokens/0/id", 0, broken, "that is 'a'");
  expect_refused("/added_tokens/0/id", uint64_t{1} << 63, broken, "token id");
  expect_refused("/added_tokens/0/content", "ab", broken, "it has 4");
  expect_refused("/added_tokens/0/content", "", broken, "empty");
  expect_refused("/added_tokens/0/content", std::string(5000, 'x'), broken, "longer");
  Json twice = document();
  twice["added_tokens"].push_back(twice["added_tokens"][0]);
  expect_refused(twice.dump(), broken, "twice");
}

TEST(Tokenizer, RefusesByNameWhatItDoesNotKnow) {
  const auto unknown = ErrorCode::kUnsupported;
  expect_refused("/version", "2.0", unknown, "2.0");
  expect_refused("/model/type", "Unigram", unknown, "'Unigram'");
  expect_refused("/model/dropout", 0.1, unknown, "dropout");
  expect_refused("/model/end_of_word_suffix", "</w>", unknown, "'</w>'");
  for (const char* part : {"/normalizer", "/pre_tokenizer", "/post_processor", "/decoder"}) {
    expect_refused(part, {{"type", "Sorcery"}}, unknown, "'Sorcery'");
    expect_refused(part, {{"kind", "Fuse"}}, ErrorCode::kInvalidFormat, "type");
  }
  expect_refused("/decoder", {{"type", "Fuse"}, {"spice", 1}}, ErrorCode::kInvalidFormat, "spice");
  const Json regex = {{"type", "Split"}, {"pattern", {{"Regex", "(?R)"}}}, {"behavior", "Removed"}};
  expect_refused("/pre_tokenizer", regex, unknown, "(?R)");
  const Json late = {{"type", "Sequence"},
                     {"decoders", {{{"type", "Fuse"}}, {{"type", "ByteFallback"}}}}};
  expect_refused("/decoder", late, unknown, "ByteFallback");
}

TEST(Tokenizer, RefusesTemplatesItCannotFollow) {
  const auto processor = [](const char* single, int64_t id) {
    return Json{{"type", "TemplateProcessing"},
                {"single", Json::parse(single)},
                {"pair", Json::array()},
                {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {id}}, {"tokens", {"<s>"}}}}}}};
  };
  const char* usual = R"([{"SpecialToken": {"id": "<s>", "type_id": 0}},
                          {"Sequence": {"id": "A", "type_id": 0}}])";
  Json json = document();
  json["post_processor"] = processor(usual, 90);
  EXPECT_EQ(parse(json)->encode("a"), (Ids{90, 0}));
  EXPECT_EQ(parse(json)->encode("a", {.add_special_tokens = false}), (Ids{0}));
  expect_refused("/post_processor", processor(usual, 91), ErrorCode::kInvalidFormat, "91");
  expect_refused("/post_processor", processor("[]", 90), ErrorCode::kUnsupported, "0 texts");
  expect_refused("/post_processor",
                 processor(R"([{"SpecialToken": {"id": "x", "type_id": 0}}])", 90),
                 ErrorCode::kInvalidFormat, "'x'");
}

TEST(Tokenizer, StopsAnInflatingNormalizer) {
  const Json twice = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}};
  Json json = document();
  json["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::vector<Json>(60, twice)}};
  const auto tokenizer = parse(json);
  EXPECT_THROW(tokenizer->encode("a"), Error);
  EXPECT_EQ(tokenizer->encode("b"), (Ids{1}));
}

TEST(Tokenizer, EncodesOnManyThreads) {
  const auto tokenizer = parse(document());
  std::vector<Ids> results(8);
  std::vector<std::thread> threads;
  for (Ids& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) result = tokenizer->encode("abcdabab<end>abc");
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : results) EXPECT_EQ(result, (Ids{7, 3, 4, 4, 90, 7}));
}

TEST(StreamDetokenizer, StripsAndHoldsBackAtBothEnds) {
  Json json = document();
  json["decoder"] = {{"type", "Sequence"},
                     {"decoders", {{{"type", "Fuse"}},
                                   {{"type", "Strip"}, {"content", "a"}, {"start", 2},
                                    {"stop", 1}}}}};
  const auto tokenizer = parse(json);
  StreamDetokenizer detokenizer(*tokenizer);
  std::vector<std::string> parts;
  for (const int32_t id : {0, 0, 0, 1, 0, 0, 90}) parts.push_back(detokenizer.push(id));
  EXPECT_THAT(parts, testing::ElementsAre("", "", "", "ab", "", "a", ""));
  EXPECT_EQ(detokenizer.finish(), "");
  EXPECT_EQ(detokenizer.push(1), "b");  // as new
}

TEST(StreamDetokenizer, NeverSplitsACharacter) {
  Json json = document();
  json["decoder"] = {{"type", "ByteLevel"}};
  json["model"]["vocab"] = {{"\u00f0", 0}, {"\u0141", 1}, {"\u0133", 2}, {"\u012f", 3}};
  json["model"]["merges"] = Json::array();  // the bytes F0 9F 91 8D, a thumb
  const auto tokenizer = parse(json);
  StreamDetokenizer detokenizer(*tokenizer);
  for (const int32_t id : {0, 1, 2}) EXPECT_EQ(detokenizer.push(id), "");
  EXPECT_EQ(detokenizer.push(3), "\xF0\x9F\x91\x8D");
  EXPECT_EQ(detokenizer.push(0), "");
  EXPECT_EQ(detokenizer.finish(), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace ferrum
