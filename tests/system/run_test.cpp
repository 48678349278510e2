// The commands as they should go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "ferrum/types/json.h"
#include "support/temp_folder.h"
#include "system/command_line.h"

namespace ferrum::testing {
namespace {

using ::testing::HasSubstr;

const std::string kDemo = (std::filesystem::path(FERRUM_SOURCE_DIR) / "models/demo").string();

TEST(Run, TheEmbeddedModelAnswersInAPipe) {
  CommandOptions options;
  options.input = "Hello";
  const CommandResult result = run_ferrum({"run", "--temperature", "0"}, options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GT(result.out.size(), 5u);
  EXPECT_TRUE(result.out.ends_with('\n'));
}

TEST(Run, TheEmbeddedModelIsTheOneInTheTree) {
  const std::vector<std::string> rest{"-p", "Tell me a story", "--temperature", "0"};
  std::vector<std::string> embedded{"run"}, directory{"run", kDemo};
  embedded.insert(embedded.end(), rest.begin(), rest.end());
  directory.insert(directory.end(), rest.begin(), rest.end());
  EXPECT_EQ(run_ferrum(embedded).out, run_ferrum(directory).out);
}

TEST(Run, SameSeedSameText) {
  const std::vector<std::string> args{"run",    "-p", "Tell me a story", "--temperature", "1",
                                      "--seed", "7"};
  const std::string first = run_ferrum(args).out;
  EXPECT_EQ(first, run_ferrum(args).out);
  std::vector<std::string> other = args;
  other.back() = "8";
  EXPECT_NE(first, run_ferrum(other).out);
}

TEST(Run, DebugPrintsTheMemoryPlan) {
  const CommandResult result = run_ferrum({"run", "-p", "Hello", "-n", "2", "--debug"});
  EXPECT_THAT(result.err, HasSubstr("memory plan\n  weights"));
  EXPECT_THAT(result.err, HasSubstr("with activations in "));
}

TEST(Run, JsonCarriesTextReasonAndUsage) {
  const CommandResult result =
      run_ferrum({"run", "-p", "Tell me a story", "--json", "-n", "5", "--temperature", "0"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json.at("finish_reason"), "length");
  EXPECT_EQ(json.at("usage").at("completion_tokens"), 5);
  EXPECT_GT(json.at("usage").at("prompt_tokens").get<int>(), 3);
  EXPECT_FALSE(json.at("text").get<std::string>().empty());
}

TEST(Run, StopTextIsNeverPrinted) {
  const CommandResult whole =
      run_ferrum({"run", "-p", "Tell me a story", "--temperature", "0", "-n", "30"});
  ASSERT_GT(whole.out.size(), 30u);
  const std::string stop = whole.out.substr(10, 6);
  const CommandResult cut =
      run_ferrum({"run", "-p", "Tell me a story", "--temperature", "0", "--stop", stop});
  EXPECT_EQ(cut.out, whole.out.substr(0, whole.out.find(stop)) + "\n");
}

// The demonstration model with another generation_config.json.
TEST(Run, TheModelsLimitsAndStopTextsAreDefaults) {
  const test::TempFolder folder;
  const std::filesystem::path model = folder.path() / "model";
  std::filesystem::copy(kDemo, model);
  const auto run = [&](const Json& defaults, std::vector<std::string> args) {
    write_file(model / "generation_config.json", defaults.dump());
    const std::vector<std::string> first{"run", model.string(), "-p", "Tell me a story", "--json"};
    args.insert(args.begin(), first.begin(), first.end());
    return Json::parse(run_ferrum(args).out);
  };
  const auto tokens = [](const Json& json) {
    return json.at("usage").at("completion_tokens").get<int64_t>();
  };
  const Json whole = run(Json::object(), {"-n", "40"});
  const auto prompt = whole.at("usage").at("prompt_tokens").get<int64_t>();
  EXPECT_EQ(tokens(run({{"max_new_tokens", 7}, {"max_length", 1}}, {})), 7);
  EXPECT_EQ(tokens(run({{"max_new_tokens", 7}}, {"-n", "9"})), 9);
  EXPECT_EQ(tokens(run({{"max_length", prompt + 5}}, {})), 5);
  EXPECT_EQ(tokens(run({{"max_length", prompt + 5}}, {"-n", "9"})), 9);
  EXPECT_GT(tokens(run({{"max_length", prompt + 5}}, {"-n", "0"})), 9);
  const auto text = whole.at("text").get<std::string>();
  const std::string stop = text.substr(20, 6);
  const std::string before = text.substr(0, text.find(stop));
  EXPECT_EQ(run({{"stop_strings", {stop}}}, {}).at("text"), before);
  EXPECT_EQ(run({{"stop_strings", stop}}, {"-n", "40", "--stop", "\x01"}).at("text"), text);
}

TEST(Run, FileAndPromptAreJoined) {
  const test::TempFolder folder;
  const std::string file = folder.write("prompt.txt", "Hello");
  const CommandResult from_file = run_ferrum({"run", "-f", file, "--temperature", "0"});
  const CommandResult from_option = run_ferrum({"run", "-p", "Hello", "--temperature", "0"});
  EXPECT_EQ(from_file.out, from_option.out);
}

TEST(Inspect, ShowsModelAndTensors) {
  const CommandResult result = run_ferrum({"inspect", kDemo, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json.at("model").at("architecture"), "LlamaForCausalLM");
  EXPECT_TRUE(json.at("weights").at("tensors").contains("model.norm.weight"));
  const CommandResult file = run_ferrum({"inspect", kDemo + "/model.safetensors"});
  EXPECT_EQ(file.exit_code, 0) << file.err;
  EXPECT_THAT(file.out, HasSubstr("model.norm.weight"));
}

TEST(Backends, ListsWhatIsThereAndWhatIsMissing) {
  const CommandResult result = run_ferrum({"backends"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("cpu"));
  EXPECT_THAT(result.out, HasSubstr("no gptq: "));
}

TEST(Readme, SupportTableIsTheOneOfThisBuild) {
  const std::string readme = read_file(std::filesystem::path(FERRUM_SOURCE_DIR) / "README.md");
  EXPECT_THAT(readme, HasSubstr(run_ferrum({"backends", "--markdown"}).out));
}

TEST(Bench, JsonHasTheKeysThatScriptsRead) {
  const CommandResult result =
      run_ferrum({"bench", "--prompt", "32", "--gen", "4", "--repeat", "1", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  for (const char* key : {"prefill_tok_s", "decode_tok_s", "prefill_peak_share",
                          "decode_bandwidth_share", "load_s", "ttft_s", "peak_rss_bytes"}) {
    EXPECT_GT(json.at(key).get<double>(), 0) << key;
  }
  EXPECT_EQ(json.at("probes").size(), 3u);
  EXPECT_GT(json.at("plan").at("total_bytes").get<int64_t>(), 0);
}

TEST(Bench, SaysInWhatItComputes) {
  const auto dtypes_with = [](const std::vector<std::string>& options) {
    std::vector<std::string> args{"bench", "--prompt", "8", "--gen", "2", "--repeat", "1"};
    args.insert(args.end(), options.begin(), options.end());
    return run_ferrum(args).out;
  };
  EXPECT_THAT(dtypes_with({"--isa", "scalar"}),
              HasSubstr("weights in bf16, activations and cache in f32\n"));
  EXPECT_THAT(dtypes_with({"--shape", "tiny", "--isa", "scalar", "--activations", "bf16"}),
              HasSubstr("weights in bf16, activations and cache in bf16\n"));
  EXPECT_THAT(dtypes_with({"--dtype", "f32", "--activations", "auto"}),
              HasSubstr("weights in f32, activations and cache in f32\n"));
}

TEST(Doctor, FindsTheMachineUsable) {
  const CommandResult result = run_ferrum({"doctor", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_GE(Json::parse(result.out).size(), 5u);
}

}  // namespace
}  // namespace ferrum::testing
