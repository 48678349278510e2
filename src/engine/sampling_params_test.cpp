#include "ferrum/engine/sampling_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace ferrum {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string message_of(const std::function<void(SamplingParams&)>& spoil) {
  SamplingParams params;
  spoil(params);
  try {
    params.validate(100);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.message();
  }
  return "no error";
}

TEST(SamplingParams, EveryFieldOutOfRangeIsNamed) {
  using P = SamplingParams;
  EXPECT_THAT(message_of([](P& p) { p.max_tokens = -1; }), HasSubstr("max_tokens is -1"));
  EXPECT_THAT(message_of([](P& p) { p.max_length = -1; }), HasSubstr("max_length is -1"));
  EXPECT_THAT(message_of([](P& p) { p.temperature = -0.5f; }), HasSubstr("temperature is -0.5"));
  EXPECT_THAT(message_of([](P& p) { p.temperature = NAN; }), HasSubstr("temperature"));
  EXPECT_THAT(message_of([](P& p) { p.top_k = -3; }), HasSubstr("top_k"));
  EXPECT_THAT(message_of([](P& p) { p.top_p = 0; }), HasSubstr("top_p"));
  EXPECT_THAT(message_of([](P& p) { p.top_p = 1.5f; }), HasSubstr("top_p"));
  EXPECT_THAT(message_of([](P& p) { p.min_p = 2; }), HasSubstr("min_p"));
  EXPECT_THAT(message_of([](P& p) { p.typical_p = 0; }), HasSubstr("typical_p"));
  EXPECT_THAT(message_of([](P& p) { p.repetition_penalty = 0; }), HasSubstr("repetition_penalty"));
  EXPECT_THAT(message_of([](P& p) { p.presence_penalty = 3; }), HasSubstr("presence_penalty"));
  EXPECT_THAT(message_of([](P& p) { p.frequency_penalty = -3; }), HasSubstr("frequency_penalty"));
  EXPECT_THAT(message_of([](P& p) { p.logit_bias[100] = 1; }), HasSubstr("from 0 to 99"));
  EXPECT_THAT(message_of([](P& p) { p.logit_bias[1] = INFINITY; }), HasSubstr("logit_bias"));
  EXPECT_THAT(message_of([](P& p) { p.stop = {"x", ""}; }), HasSubstr("stop string"));
}

TEST(SamplingParams, DefaultsAreLegal) {
  EXPECT_EQ(message_of([](SamplingParams&) {}), "no error");
}

TEST(SamplingParams, SurviveJson) {
  SamplingParams params;
  params.temperature = 0.5f;
  params.logit_bias = {{3, -1.0f}, {50, 2.0f}};
  params.seed = 0xffffffffffffffffu;
  params.max_length = 9;
  params.stop = {"a", "\n\n"};
  const Json json = params;
  EXPECT_EQ(Json(json.get<SamplingParams>()), json);
  EXPECT_EQ(json.get<SamplingParams>().logit_bias, params.logit_bias);
}

TEST(SamplingParams, UnknownKeysAndBadTokenIdsAreRefused) {
  EXPECT_THROW(Json({{"temprature", 1}}).get<SamplingParams>(), Error);
  EXPECT_THROW(Json({{"logit_bias", {{"x", 1}}}}).get<SamplingParams>(), Error);
}

TEST(SamplingDefaults, GreedyUnlessTheModelSamples) {
  EXPECT_EQ(sampling_defaults(Json::object()).temperature, 0);
  EXPECT_EQ(sampling_defaults({{"temperature", 0.6}}).temperature, 0);
  const SamplingParams params = sampling_defaults(
      {{"do_sample", true}, {"temperature", 0.6}, {"top_p", 0.9}, {"top_k", 20},
       {"eos_token_id", {1, 2}}, {"transformers_version", "4"}});
  EXPECT_FLOAT_EQ(params.temperature, 0.6f);
  EXPECT_FLOAT_EQ(params.top_p, 0.9f);
  EXPECT_EQ(params.top_k, 20);
}

TEST(SamplingDefaults, LimitsAndStopTextsAreThoseOfTheFile) {
  EXPECT_EQ(sampling_defaults(Json::object()).max_length, 0);
  const SamplingParams params = sampling_defaults(
      {{"max_new_tokens", 7}, {"max_length", 20}, {"stop_strings", {"a", "b"}}});
  EXPECT_EQ(params.max_tokens, 7);
  EXPECT_EQ(params.max_length, 20);
  EXPECT_THAT(params.stop, ElementsAre("a", "b"));
  EXPECT_THAT(sampling_defaults({{"stop_strings", "x"}}).stop, ElementsAre("x"));
  for (const char* broken : {R"({"max_new_tokens": 0})", R"({"max_length": -1})",
                             R"({"max_length": "20"})", R"({"stop_strings": 3})",
                             R"({"stop_strings": ["a", 3]})", R"({"stop_strings": ["a", ""]})"}) {
    EXPECT_THROW(sampling_defaults(Json::parse(broken)), Error) << broken;
  }
}

}  // namespace
}  // namespace ferrum
