#include "ferrum/types/json.h"
#include "support/expect_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ferrum {
namespace {

using test::error_of;
using ::testing::HasSubstr;

std::string nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']');
}

template <class T>
T read_as(const std::string& text) {
  const Json json = {{"key", parse_json(text, "value")}};
  JsonReader reader(json, "config");
  T value{};
  reader.require("key", value);
  reader.finish();
  return value;
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  const Json json = parse_json(R"({"a": [1, -2, 2.5, true, null, "\u00e9\n"], "b": {}})", "doc");
  EXPECT_EQ(json["a"][1], -2);
  EXPECT_EQ(json["a"][2], 2.5);
  EXPECT_TRUE(json["a"][4].is_null());
  EXPECT_EQ(json["a"][5], "é\n");
  EXPECT_TRUE(json["b"].is_object());
}

TEST(ParseJson, OrderedKeepsTheOrderOfKeys) {
  EXPECT_EQ(parse_ordered_json(R"({"b": 1, "a": {"d": 2, "c": 3}})", "doc").dump(),
            R"({"b":1,"a":{"d":2,"c":3}})");
}

TEST(ParseJson, MalformedTextIsRefused) {
  for (const char* text : {"",          " ",        "{",           "[1,]",         "{\"a\":}",
                           "{'a': 1}",  "[1] x",    "[1][2]",      "// c\n1",      "/* c */ 1",
                           "nul",       "NaN",      "Infinity",    "01",           "1e999",
                           "\"\\x\"",   "\"a\nb\"", "\"\xff\"",    "\"\xc0\x80\"", "\"\\ud800\"",
                           "{\"a\" 1}", "{1: 2}",   "\"unfinished"}) {
    const Error error = error_of([&] { parse_json(text, "config.json"); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidFormat) << text;
    EXPECT_THAT(error.message(), HasSubstr("config.json is not valid JSON")) << text;
  }
}

TEST(ParseJson, AnErrorSaysWhereAndWhyButNotWhatTheTextHolds) {
  const auto message = [](const char* text) {
    return error_of([&] { parse_json(text, "config.json"); }).message();
  };
  EXPECT_EQ(message("{\"a\":\n [1,"),
            "config.json is not valid JSON: line 2, column 5: syntax error while parsing value - "
            "unexpected end of input; expected '[', '{', or a literal");
  EXPECT_EQ(message("[\"a; expected \xff\"]"),
            "config.json is not valid JSON: line 1, column 15: syntax error while parsing value - "
            "invalid string: ill-formed UTF-8 byte");
  EXPECT_EQ(message("[1e999]"), "config.json is not valid JSON: number overflow");
}

TEST(ParseJson, ANulIsNoEndAndAByteOrderMarkNoBeginning) {
  using namespace std::string_view_literals;
  EXPECT_THROW(parse_json("{}\0anything"sv, "config"), Error);
  EXPECT_THROW(parse_json("{}\0"sv, "config"), Error);
  EXPECT_THROW(parse_json("\xEF\xBB\xBF{}"sv, "config"), Error);
}

TEST(ParseJson, DuplicateKeysAreRefusedAtEveryLevel) {
  for (const char* text : {R"({"a": 1, "a": 1})", R"([{"b": {"a": 1, "c": [], "a": 2}}])",
                           R"({"a": 1, "\u0061": 2})"}) {
    EXPECT_THAT(error_of([&] { parse_json(text, "doc"); }).message(),
                HasSubstr("has the key 'a' twice"));
    EXPECT_THROW(parse_ordered_json(text, "doc"), Error);
  }
  EXPECT_NO_THROW(parse_json(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})", "doc"));
}

TEST(ParseJson, ALongDuplicateKeyIsCutBetweenCharacters) {
  std::string key = "x";
  for (int i = 0; i < 150; ++i) key += "é";
  const std::string text = "{\"" + key + "\": 1, \"" + key + "\": 2}";
  const std::string message = error_of([&] { parse_json(text, "doc"); }).message();
  EXPECT_LT(message.size(), 250u);
  EXPECT_NO_THROW(Json(message).dump());  // still UTF-8
}

TEST(ParseJson, DepthIsBounded) {
  EXPECT_NO_THROW(parse_json(nested(64), "doc"));
  EXPECT_THAT(error_of([] { parse_json(nested(65), "doc"); }).message(),
              HasSubstr("nests deeper than 64 levels"));
  EXPECT_THROW(parse_json(nested(3), "doc", 2), Error);
  EXPECT_THROW(parse_json(std::string(10'000'000, '['), "doc"), Error);
  EXPECT_NO_THROW(parse_json("[[1],[2],[3],{\"a\":[4]}]", "doc", 3));
}

TEST(ParseJson, AnOrderedObjectHasABoundedNumberOfKeys) {
  OrderedJson object = OrderedJson::object();
  for (size_t i = 0; i < kMaxOrderedKeys; ++i) object[std::to_string(i)] = i;
  EXPECT_EQ(parse_ordered_json(object.dump(), "doc").size(), kMaxOrderedKeys);
  object["one more"] = 1;
  EXPECT_THROW(parse_ordered_json(object.dump(), "doc"), Error);
  EXPECT_EQ(parse_json(object.dump(), "doc").size(), kMaxOrderedKeys + 1);
}

TEST(JsonReader, ReadsWhatIsThereAndLeavesDefaults) {
  const Json json = {{"count", 3}, {"name", "x"}, {"rate", 2}, {"none", nullptr}};
  JsonReader reader(json, "config");
  int count = 0, other = 7, none = 8;
  std::string name;
  double rate = 0;
  EXPECT_TRUE(reader.read("count", count));
  EXPECT_TRUE(reader.read("name", name));
  EXPECT_TRUE(reader.read("rate", rate));
  EXPECT_FALSE(reader.read("other", other));
  EXPECT_FALSE(reader.read("none", none));
  reader.finish();
  EXPECT_EQ(count, 3);
  EXPECT_EQ(name, "x");
  EXPECT_EQ(rate, 2.0);
  EXPECT_EQ(other, 7);
  EXPECT_EQ(none, 8);
}

TEST(JsonReader, UnknownKeysAreNamedBesideTheKnown) {
  const Json json = {{"count", 3}, {"cuont", 4}};
  JsonReader reader(json, "config");
  int count = 0;
  reader.read("count", count);
  const Error error = error_of([&] { reader.finish(); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("cuont"));
  EXPECT_EQ(error.hint(), "known: count");
}

TEST(JsonReader, AbsentRequiredKeysAndOtherValuesThanObjectsAreRefused) {
  const Json empty = Json::object();
  JsonReader reader(empty, "config");
  int count = 0;
  EXPECT_THAT(error_of([&] { reader.require("count", count); }).message(),
              HasSubstr("config.count"));
  const Json list = Json::array();
  EXPECT_THROW(JsonReader(list, "config"), Error);
}

TEST(JsonReader, NothingIsConvertedThatLosesOrInventsSomething) {
  EXPECT_EQ(read_as<uint8_t>("255"), 255);
  EXPECT_EQ(read_as<int64_t>("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(read_as<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_THROW(read_as<int>("2.5"), Error);
  EXPECT_THROW(read_as<int>("true"), Error);
  EXPECT_THROW(read_as<int>("\"1\""), Error);
  EXPECT_THROW(read_as<int>("4294967296"), Error);
  EXPECT_THROW(read_as<unsigned>("-1"), Error);
  EXPECT_THROW(read_as<int64_t>("18446744073709551615"), Error);
  EXPECT_THROW(read_as<bool>("1"), Error);
  EXPECT_THROW(read_as<double>("true"), Error);
  EXPECT_THROW(read_as<double>("\"1\""), Error);
  EXPECT_THROW(read_as<std::string>("1"), Error);
  EXPECT_EQ(read_as<std::vector<int>>("[1, 2]"), (std::vector<int>{1, 2}));
  EXPECT_THROW(read_as<std::vector<int>>("[1, 2.5]"), Error);
  EXPECT_THROW(read_as<std::vector<int>>("1"), Error);
  EXPECT_EQ(read_as<Json>("[1, [2]]"), parse_json("[1, [2]]", "list"));
  EXPECT_THAT(error_of([] { read_as<int>("2.5"); }).message(), HasSubstr("found 2.5"));
}

TEST(JsonReader, TypesOfTheLibraryAreNamedInErrors) {
  EXPECT_EQ(read_as<DataType>("\"bf16\""), DataType::kBF16);
  EXPECT_EQ(read_as<Device>("\"cuda:1\""), (Device{"cuda", 1}));
  EXPECT_EQ(read_as<Shape>("[2, 3]"), Shape({2, 3}));
  EXPECT_THAT(error_of([] { read_as<DataType>("\"f33\""); }).message(), HasSubstr("config.key"));
  EXPECT_THAT(error_of([] { read_as<DataType>("3"); }).message(), HasSubstr("config.key"));
  EXPECT_THROW(read_as<Shape>("[2, -3]"), Error);
  EXPECT_THROW(read_as<Shape>("[2.5]"), Error);
  for (const DataType dtype : all_dtypes()) EXPECT_EQ(Json(dtype).get<DataType>(), dtype);
  EXPECT_EQ(Json(Shape({2, 3})).dump(), "[2,3]");
  EXPECT_EQ(Json(Device::cpu()).dump(), "\"cpu\"");
}

}  // namespace
}  // namespace ferrum
