// What a user meets when the model, the prompt or the machine is not as it should be: one clear
// paragraph on standard error, an exit code, no crash.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>

#include "ferrum/types/json.h"
#include "support/temp_folder.h"
#include "support/torch_bytes.h"
#include "system/command_line.h"

namespace ferrum::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

// A copy of the demonstration model that a test may spoil.
class WrongInput : public ::testing::Test {
 protected:
  WrongInput() {
    fs::copy(fs::path(FERRUM_SOURCE_DIR) / "models" / "demo", model_, fs::copy_options::recursive);
  }

  std::string model() const { return model_.string(); }
  fs::path file(const char* name) const { return model_ / name; }
  Json config() const { return Json::parse(read_file(file("config.json"))); }
  void set_config(const Json& config) const { write_file(file("config.json"), config.dump()); }

  CommandResult answer() const {
    return run_ferrum({"run", model(), "-p", "Hello", "--temperature", "0", "-n", "8"});
  }

  test::TempFolder folder_;
  fs::path model_ = folder_.path() / "model";
};

// One paragraph that begins with "error: " and names what matters.
void expect_refused(const CommandResult& result, int exit_code,
                    const std::vector<std::string>& words) {
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  EXPECT_THAT(result.err, HasSubstr("error: "));
  EXPECT_THAT(result.err, Not(HasSubstr("\n\n")));
  EXPECT_THAT(result.err, Not(HasSubstr("Sanitizer"))) << result.err;
  for (const std::string& word : words) EXPECT_THAT(result.err, HasSubstr(word));
  EXPECT_EQ(result.out, "");
}

TEST_F(WrongInput, AWeightThatCannotBeLoaded) {
  fs::remove(file("model.safetensors"));
  write_file(file("pytorch_model.bin"),
             torch_bytes::stream(torch_bytes::named("ctorch._utils\n_rebuild_sparse_tensor\n)R",
                                                    "model.embed_tokens.weight"),
                                 {}));
  expect_refused(answer(), 1,
                 {"'model.embed_tokens.weight'", "cannot be loaded", "_rebuild_sparse_tensor"});
}

TEST_F(WrongInput, TheCopyItselfAnswers) {
  const CommandResult result = answer();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GT(result.out.size(), 1u);
}

TEST_F(WrongInput, MissingDirectory) {
  expect_refused(run_ferrum({"run", "/no/such/model", "-p", "x"}), 1, {"/no/such/model"});
}

TEST_F(WrongInput, EmptyDirectory) {
  fs::remove_all(model_);
  fs::create_directory(model_);
  expect_refused(answer(), 1, {model(), "config.json"});
}

TEST_F(WrongInput, GitLfsPointer) {
  write_file(file("model.safetensors"),
             "version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 5\n");
  expect_refused(answer(), 1, {"model.safetensors", "Git", "LFS"});
}

TEST_F(WrongInput, HtmlPageAsWeights) {
  write_file(file("model.safetensors"), "<!DOCTYPE html><html><body>Sign in</body></html>");
  expect_refused(answer(), 1, {"model.safetensors", "HTML"});
}

TEST_F(WrongInput, TruncatedWeights) {
  fs::resize_file(file("model.safetensors"), fs::file_size(file("model.safetensors")) - 100);
  expect_refused(answer(), 1, {"model.safetensors"});
}

TEST_F(WrongInput, EveryMissingShardIsListed) {
  fs::remove(file("model.safetensors"));
  write_file(file("model.safetensors.index.json"), R"({"metadata": {}, "weight_map": {
    "a": "model-00001-of-00003.safetensors",
    "b": "model-00002-of-00003.safetensors",
    "c": "model-00003-of-00003.safetensors"}})");
  expect_refused(answer(), 1,
                 {"model-00001-of-00003", "model-00002-of-00003", "model-00003-of-00003"});
}

TEST_F(WrongInput, InspectSaysThatWeightsAreMissing) {
  fs::remove(file("model.safetensors"));
  const CommandResult text = run_ferrum({"inspect", model()});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("LlamaForCausalLM"));
  EXPECT_THAT(text.out, HasSubstr("the weights are missing"));
  const Json json = Json::parse(run_ferrum({"inspect", model(), "--json"}).out);
  EXPECT_TRUE(json.at("weights").is_null());
  EXPECT_TRUE(json.contains("model"));
  EXPECT_THAT(json.at("cannot_run").get<std::string>(), HasSubstr("the weights are missing"));
}

TEST_F(WrongInput, HeaderOfTwoToThe63Bytes) {
  std::string weights = read_file(file("model.safetensors"));
  const uint64_t length = uint64_t{1} << 63;
  std::memcpy(weights.data(), &length, sizeof length);
  write_file(file("model.safetensors"), weights);
  expect_refused(answer(), 1, {"model.safetensors", "header"});
}

TEST_F(WrongInput, ShapeThatDisagreesWithTheConfig) {
  Json config = this->config();
  config["intermediate_size"] = config["intermediate_size"].get<int64_t>() + 32;
  set_config(config);
  expect_refused(answer(), 1, {"mlp", "shape"});
}

TEST_F(WrongInput, NanWeightsAreWarnedOfInDebug) {
  std::string weights = read_file(file("model.safetensors"));
  const uint16_t nan = 0x7fff;  // of f16 and of bf16
  std::memcpy(weights.data() + weights.size() - sizeof nan, &nan, sizeof nan);
  write_file(file("model.safetensors"), weights);
  const CommandResult result = run_ferrum({"run", model(), "-p", "Hello", "-n", "2", "--debug"});
  EXPECT_THAT(result.err, HasSubstr("NaN"));
  EXPECT_LT(result.exit_code, 2) << result.err;
}

TEST_F(WrongInput, NanLogitsAreNoAnswer) {
  std::string weights = read_file(file("model.safetensors"));
  uint64_t header = 0;
  std::memcpy(&header, weights.data(), sizeof header);
  std::fill(weights.begin() + static_cast<int64_t>(header) + 8, weights.end(), '\xff');
  write_file(file("model.safetensors"), weights);
  CommandResult result = answer();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no finite logit"));
}

TEST_F(WrongInput, UnknownArchitecture) {
  Json config = this->config();
  config["architectures"] = {"PerceptronForCausalLM"};
  set_config(config);
  expect_refused(answer(), 1, {"PerceptronForCausalLM", "LlamaForCausalLM"});
}

TEST_F(WrongInput, CorruptConfig) {
  write_file(file("config.json"), "{\"architectures\": [");
  expect_refused(answer(), 1, {"config.json", "JSON"});
}

TEST_F(WrongInput, CorruptTokenizer) {
  write_file(file("tokenizer.json"), "{\"model\": {\"type\": \"BPE\", \"vocab\": 3}}");
  expect_refused(answer(), 1, {"tokenizer.json"});
}

TEST_F(WrongInput, CorruptTemplate) {
  Json config = Json::parse(read_file(file("tokenizer_config.json")));
  config["chat_template"] = "{% for message in messages %}{{ message.content }";
  write_file(file("tokenizer_config.json"), config.dump());
  expect_refused(answer(), 1, {"template", "line 1"});
}

TEST_F(WrongInput, PromptAtTheModelsMaxLength) {
  Json generation = Json::parse(read_file(file("generation_config.json")));
  generation["max_length"] = 2;
  write_file(file("generation_config.json"), generation.dump());
  expect_refused(run_ferrum({"run", model(), "-p", "Hello"}), 1, {"max_length", " -n"});
  EXPECT_EQ(answer().exit_code, 0);  // it says -n
}

TEST_F(WrongInput, QuantisedCheckpointOfAnUnknownKind) {
  Json config = this->config();
  config["quantization_config"] = {{"quant_method", "gptq"}, {"bits", 4}};
  set_config(config);
  expect_refused(answer(), 1, {"gptq", "missing: gptq"});
  const CommandResult inspected = run_ferrum({"inspect", model(), "--summary"});
  EXPECT_EQ(inspected.exit_code, 0);
  EXPECT_THAT(inspected.out, HasSubstr("cannot be run: config.json: the weights are quantised"));
}

TEST_F(WrongInput, AFileWithATokenizerOfAnUnknownKind) {
  std::string bytes = read_file(FERRUM_SOURCE_DIR "/tests/data/weights/gguf/small_llama.gguf");
  const size_t key = bytes.find("tokenizer.ggml.model");
  bytes[bytes.find("llama", key)] = 'x';
  write_file(file("x.gguf"), bytes);
  const CommandResult inspected = run_ferrum({"inspect", file("x.gguf").string(), "--summary"});
  EXPECT_EQ(inspected.exit_code, 0);
  EXPECT_THAT(inspected.out, HasSubstr("cannot be run: "));
  EXPECT_THAT(inspected.out, HasSubstr("\"xlama\""));
  expect_refused(run_ferrum({"run", file("x.gguf").string(), "-p", "Hello"}), 1, {"\"xlama\""});
}

TEST_F(WrongInput, PromptLongerThanTheContext) {
  std::string prompt;
  for (int i = 0; i < 20000; ++i) prompt += "word ";
  CommandOptions options;
  options.input = prompt;
  expect_refused(run_ferrum({"run", model()}, options), 1, {"context", "tokens"});
}

TEST_F(WrongInput, InvalidUtf8OnStandardInput) {
  CommandOptions options;
  options.input = "good \xff\xfe bad";
  expect_refused(run_ferrum({"run", model()}, options), 1, {"UTF-8", "byte 5"});
}

TEST_F(WrongInput, EmptyStandardInput) {
  expect_refused(run_ferrum({"run", model()}), 2, {"prompt", "-p"});
}

TEST_F(WrongInput, OutputClosedEarly) {
  CommandOptions options;
  options.close_output = true;
  const CommandResult result =
      run_ferrum({"run", model(), "-p", "Tell me a story", "--ignore-eos", "-n", "50"}, options);
  EXPECT_EQ(result.exit_code, 128 + SIGPIPE);
  EXPECT_EQ(result.err, "");
}

#ifndef __SANITIZE_THREAD__  // whose start lifts the limit on addresses
TEST_F(WrongInput, TooLittleMemory) {
  CommandOptions options;
  options.memory_bytes = int64_t{1} << 30;
  expect_refused(run_ferrum({"bench", "--shape", "llama-3.2-1b", "--dtype", "bf16"}, options), 1,
                 {"GiB", "weights"});
}
#endif

// Names and texts that move the cursor, erase, turn the direction of writing or end the line.
TEST(ForeignText, ReachesTheTerminalEscaped) {
  const ferrum::test::TempFolder folder;
  const std::string header = R"({"__metadata__":{"note":"a\u009b2Jb\u007f"},)"
                             R"("e\u001b[31m":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("f\u009b\u202eg":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},)"
                             R"("h\ni":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})";
  const uint64_t length = header.size();
  const std::string path = folder.path() / "x.safetensors";
  write_file(path, std::string(reinterpret_cast<const char*>(&length), 8) + header + "abc");
  const std::string shown = run_ferrum({"inspect", path}).out;
  EXPECT_THAT(shown, HasSubstr("e\\x1b[31m               u8      [1]"));
  EXPECT_THAT(shown, HasSubstr("f\\xc2\\x9b\\xe2\\x80\\xaeg  u8      [1]"));
  EXPECT_THAT(shown, HasSubstr("h\\x0ai"));
  EXPECT_THAT(shown, HasSubstr("a\\xc2\\x9b2Jb\\x7f"));
  const std::string json = run_ferrum({"inspect", path, "--json"}).out;
  EXPECT_TRUE(Json::parse(json)["weights"]["tensors"].contains("f\xc2\x9b\xe2\x80\xaeg"));
  EXPECT_THAT(json, HasSubstr("f\\u009b\\u202eg"));
  const std::string refusal = run_ferrum({"inspect", folder.path() / "\x9b.pt"}).err;
  EXPECT_THAT(refusal, HasSubstr("\\x9b.pt"));
}

TEST(WrongUse, ExitsWithTwo) {
  EXPECT_EQ(run_ferrum({}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"fly"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"run", "--no-such-option"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"run", "-p", "x", "--temperature", "-1"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"run", "-p", "x", "--dtype", "f99"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"run", "-p", "x", "--logit-bias", "7"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"inspect"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"bench", "model", "--shape", "llama-3.2-1b"}).exit_code, 2);
}

TEST(WrongUse, EveryErrorHasOneFace) {
  expect_refused(run_ferrum({"run", "--no-such-option"}), 2,
                 {"--no-such-option", "See ferrum run --help."});
  expect_refused(run_ferrum({"run", "-n"}), 2, {"--max-tokens", "ferrum run --help"});
  expect_refused(run_ferrum({"inspect"}), 2, {"TARGET is required", "ferrum inspect --help"});
  expect_refused(run_ferrum({"run", "--dtype", "f99"}), 2, {"f99", "bf16"});
  expect_refused(run_ferrum({"run", "--activations", "f16"}), 2, {"f16", "auto", "bf16"});
  expect_refused(run_ferrum({}), 2, {"error: a subcommand is required", "See ferrum --help"});
}

TEST(WrongUse, AnUnknownInstructionSetIsAnsweredWithTheKnownOnes) {
  expect_refused(run_ferrum({"run", "-p", "x", "--isa", "mmx"}), 2, {"mmx", "scalar"});
  expect_refused(run_ferrum({"bench", "--shape", "tiny", "--isa", "mmx"}), 2, {"mmx", "scalar"});
  expect_refused(run_ferrum({"run", "-p", "x", "--device", "abacus"}), 2, {"abacus", "cpu"});
  expect_refused(run_ferrum({"run", "-p", "x", "--device", "metal"}), 1, {"metal"});
}

TEST(WrongUse, NothingIsTakenForSomethingElse) {
  EXPECT_EQ(run_ferrum({"run", "", "-p", "x"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"run", "-p", "x", "--seed", "18446744073709551616"}).exit_code, 2);
  EXPECT_EQ(run_ferrum({"run", "-p", "x", "--raw", "-s", "y"}).exit_code, 2);
  const CommandResult stop = run_ferrum({"run", "--stop", "END", "/no/such/model", "-p", "x"});
  EXPECT_EQ(stop.exit_code, 1);
  EXPECT_THAT(stop.err, HasSubstr("/no/such/model"));
  EXPECT_THAT(run_ferrum({"fly"}).err, HasSubstr("no command 'fly'"));
}

TEST(Help, WhatCannotBeWrittenIsAnError) {
  CommandOptions options;
  options.full_output = true;
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"--help"}, {"run", "--help"}, {"--version"}, {"backends"}}) {
    expect_refused(run_ferrum(args, options), 1, {"output", "No space"});
  }
}

TEST(Help, EveryCommandShowsExamples) {
  for (const char* command : {"run", "inspect", "backends", "bench", "doctor"}) {
    const CommandResult result = run_ferrum({command, "--help"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, HasSubstr("Examples:")) << command;
  }
}

}  // namespace
}  // namespace ferrum::testing
