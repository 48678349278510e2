#include "models/blocks/rope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace ferrum {
namespace {

using ::testing::FloatNear;
using ::testing::HasSubstr;

Json read_cases() {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/parity/rope.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_json(text, "rope.json");
}

RopeConfig parse(const Json& config) {
  return parse_rope(ConfigReader(config), config.value("head_dim", int64_t{64}),
                    config.value("max_position_embeddings", int64_t{4096}));
}

std::string message_of(const Json& config) {
  try {
    parse(config);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(Rope, FrequenciesEqualThoseOfTransformers) {
  for (const Json& each : read_cases()) {
    const RopeConfig rope = parse(each.at("config"));
    const auto expected = each.at("frequencies").get<std::vector<float>>();
    const std::vector<float> actual = rope_frequencies(rope, each.at("length").get<int64_t>());
    ASSERT_EQ(actual.size(), expected.size()) << each.at("config");
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(actual[i], expected[i], 3e-7f * expected[i]) << each.at("config") << " " << i;
    }
    EXPECT_NEAR(rope.attention_factor, each.at("attention_factor").get<double>(), 1e-9);
  }
}

TEST(Rope, ContextIsStretchedByTheFactorOfTheKindsThatDo) {
  const Json scaled = {{"max_position_embeddings", 1000},
                       {"rope_scaling", {{"type", "linear"}, {"factor", 4.0}}}};
  EXPECT_EQ(rope_max_context(parse(scaled)), 4000);
  const Json yarn = {{"max_position_embeddings", 8000},
                     {"rope_scaling",
                      {{"type", "yarn"}, {"factor", 4.0},
                       {"original_max_position_embeddings", 1000}}}};
  EXPECT_EQ(rope_max_context(parse(yarn)), 8000);
  EXPECT_EQ(rope_max_context(parse({{"max_position_embeddings", 1000}})), 1000);
}

TEST(Rope, PartOfTheHeadIsRotatedWhereTheConfigSaysSo) {
  EXPECT_EQ(parse({{"head_dim", 64}, {"partial_rotary_factor", 0.5}}).dim, 32);
  EXPECT_EQ(parse({{"head_dim", 64}}).dim, 64);
}

TEST(Rope, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(message_of({{"rope_scaling", {{"rope_type", "xpos"}, {"factor", 2.0}}}}),
              HasSubstr("\"xpos\""));
  EXPECT_THAT(message_of({{"rope_scaling", {{"rope_type", "longrope"}}}}),
              HasSubstr("short_factor"));
  EXPECT_THAT(message_of({{"head_dim", 4},
                          {"rope_scaling",
                           {{"rope_type", "longrope"},
                            {"short_factor", {1, 2}},
                            {"long_factor", {1, 2, 3}}}}}),
              HasSubstr("\"long_factor\" must be a list of 2 numbers"));
  EXPECT_THAT(message_of({{"rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}}}),
              HasSubstr("full_attention"));
  EXPECT_THAT(message_of({{"rope_scaling", {{"rope_type", "linear"}}}}), HasSubstr("factor"));
  EXPECT_THAT(message_of({{"rope_scaling", {{"type", "linear"}, {"factor", -1}}}}),
              HasSubstr("factor"));
  EXPECT_THAT(message_of({{"head_dim", 7}}), HasSubstr("even"));
  EXPECT_THAT(message_of({{"rope_theta", 0.5}}), HasSubstr("rope_theta"));
}

}  // namespace
}  // namespace ferrum
