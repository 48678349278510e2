// ferrum convert, as its users meet it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "ferrum/types/json.h"
#include "support/temp_folder.h"
#include "system/command_line.h"

namespace ferrum::testing {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

const std::string kState = FERRUM_SOURCE_DIR "/tests/data/weights/matrix/state.pt";
const std::string kModel = FERRUM_SOURCE_DIR "/models/demo";

class ConvertTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder.path() / name; }
  Json inspect(const std::string& target) {
    return Json::parse(run_ferrum({"inspect", target, "--json"}).out)["weights"]["tensors"];
  }
  ferrum::test::TempFolder folder;
};

TEST_F(ConvertTest, AFileBecomesAnotherFormat) {
  const CommandResult result = run_ferrum({"convert", kState, path("x.safetensors"), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["tensors"], 37);
  EXPECT_EQ(inspect(path("x.safetensors")), inspect(kState));
}

TEST_F(ConvertTest, TensorsAreChosenAndChanged) {
  const CommandResult result = run_ferrum({"convert", kState, path("x.npz"), "--tensor", "turned.*",
                                    "--slice", "0:1:", "--transpose", "0,1", "--dtype", "f16"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json tensors = inspect(path("x.npz"));
  EXPECT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors["turned.bf16"]["dtype"], "f16");
  EXPECT_EQ(tensors["turned.i64"]["dtype"], "i64");
  EXPECT_EQ(tensors["turned.f32"]["shape"], Json({5, 6}));
}

TEST_F(ConvertTest, AModelBecomesAFolderThatRuns) {
  EXPECT_EQ(run_ferrum({"convert", kModel, path("m/"), "--dtype", "f32"}).exit_code, 0);
  EXPECT_EQ(Json::parse(read_file(path("m/config.json")))["torch_dtype"], "float32");
  const std::vector<std::string> ask{"-p", "Hello", "--temperature", "0", "-n", "8"};
  std::vector<std::string> before{"run", kModel, "--dtype", "f32"}, after{"run", path("m")};
  before.insert(before.end(), ask.begin(), ask.end());
  after.insert(after.end(), ask.begin(), ask.end());
  EXPECT_EQ(run_ferrum(after).out, run_ferrum(before).out);
}

TEST_F(ConvertTest, AQuantisedModelSaysSoInItsConfig) {
  const CommandResult result =
      run_ferrum({"convert", kModel, path("q/"), "--quantize", "int4:64"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json tensors = inspect(path("q/model.safetensors"));
  const std::string layer = "model.layers.0.mlp.up_proj.weight";
  EXPECT_FALSE(tensors.contains(layer));
  EXPECT_EQ(tensors[layer + "_packed"]["shape"], Json({576, 32}));
  EXPECT_EQ(tensors[layer + "_scale"]["shape"], Json({576, 4}));
  EXPECT_EQ(tensors[layer + "_shape"]["dtype"], "i64");
  EXPECT_EQ(tensors["model.embed_tokens.weight"]["dtype"], "bf16");
  const Json config = Json::parse(read_file(path("q/config.json")))["quantization_config"];
  EXPECT_EQ(config["quant_method"], "compressed-tensors");
  EXPECT_EQ(config["config_groups"]["group_0"]["weights"]["group_size"], 64);
  // The demonstration's output layer shares the embedding; readers would look for its scales.
  EXPECT_THAT(config["ignore"], ::testing::Contains("lm_head"));
  const CommandResult run = run_ferrum({"run", path("q"), "-p", "Hello"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("no backend computes with yet"));
}

TEST_F(ConvertTest, AFailureLeavesNoModelAndTheSourceIsNeverReplaced) {
  EXPECT_EQ(run_ferrum({"convert", kModel, path("m/"), "--quantize", "int4:7"}).exit_code, 1);
  EXPECT_TRUE(fs::is_empty(path("m")));
  EXPECT_EQ(run_ferrum({"convert", kModel, path("m/")}).exit_code, 0);
  const std::string before = read_file(path("m/config.json"));
  const CommandResult same = run_ferrum({"convert", path("m"), path("m/"), "--quantize", "int8"});
  EXPECT_EQ(same.exit_code, 2);
  EXPECT_THAT(same.err, HasSubstr("DST is the folder of SRC"));
  EXPECT_EQ(read_file(path("m/config.json")), before);
}

TEST_F(ConvertTest, WrongUseSaysWhatIsRight) {
  const auto expect = [&](std::vector<std::string> args, int status, const std::string& text) {
    args.insert(args.begin(), "convert");
    const CommandResult result = run_ferrum(args);
    EXPECT_EQ(result.exit_code, status) << text;
    EXPECT_THAT(result.err, HasSubstr(text));
  };
  expect({kState}, 2, "DST is required");
  expect({kState, path("x")}, 1, "Formats that can be written");
  expect({kState, path("x.npz")}, 1, "Cast it, to f32");
  expect({kState, path("x.npz"), "--slice", "1"}, 2, "DIM:START:END");
  expect({kState, path("x.npz"), "--quantize", "int4:x"}, 2, "'x'");
  expect({kState, path("x.npz"), "--quantize", "int5"}, 1, "int5");
  expect({kState, path("x.npz"), "--tensor", "nothing"}, 1, "List them with ferrum inspect");
  expect({path("gone.pt"), path("x.npz")}, 1, "gone.pt");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace ferrum::testing
