// ferrum convert, as its users meet it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <thread>

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
  EXPECT_EQ(Json::parse(result.out)["tensors"], inspect(kState).size());
  EXPECT_EQ(inspect(path("x.safetensors")), inspect(kState));
}

TEST_F(ConvertTest, TensorsAreChosenAndChanged) {
  const CommandResult result =
      run_ferrum({"convert", kState, path("x.npz"), "--tensor", "turned.*", "--slice",
                  "0:1:", "--transpose", "0,1", "--dtype", "f16"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json tensors = inspect(path("x.npz"));
  EXPECT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors["turned.bf16"]["dtype"], "f16");
  EXPECT_EQ(tensors["turned.i64"]["dtype"], "i64");
  EXPECT_EQ(tensors["turned.f32"]["shape"], Json({5, 6}));
}

TEST_F(ConvertTest, PackedFloatsAreCastToo) {
  const std::string source = FERRUM_SOURCE_DIR "/tests/data/weights/dtypes.safetensors";
  const CommandResult result = run_ferrum({"convert", source, path("x.safetensors"), "--tensor",
                                           "F4*", "--dtype", "f32"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(inspect(path("x.safetensors"))["F4 matrix"]["dtype"], "f32");
}

TEST_F(ConvertTest, WhatCannotBeLoadedIsLeftOutOnRequestAlone) {
  const std::string source = FERRUM_SOURCE_DIR "/tests/data/weights/onnx/typed.onnx";
  EXPECT_THAT(run_ferrum({"inspect", source}).out, HasSubstr("texts  cannot be loaded: "));
  const std::vector<std::string> command{
      "convert", source, path("x.safetensors"), "--tensor", "DOUBLE", "--tensor", "t*"};
  const CommandResult refused = run_ferrum(command);
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("tensor 'texts'"));
  EXPECT_THAT(refused.err, HasSubstr("--except 'texts'"));
  EXPECT_FALSE(fs::exists(path("x.safetensors")));
  std::vector<std::string> without = command;
  without.insert(without.end(), {"--except", "te?ts"});
  EXPECT_EQ(run_ferrum(without).exit_code, 0);
  EXPECT_EQ(inspect(path("x.safetensors")).size(), 1u);
}

TEST_F(ConvertTest, AFolderIsOfSafetensorsAndOfTheWholeModel) {
  const CommandResult raw = run_ferrum({"convert", kState, path("raw/"), "--format", "raw"});
  EXPECT_EQ(raw.exit_code, 2);
  EXPECT_FALSE(fs::exists(path("raw")));
  const std::string gguf = FERRUM_SOURCE_DIR "/tests/data/weights/gguf/small_llama.gguf";
  EXPECT_EQ(run_ferrum({"convert", gguf, path("m/")}).exit_code, 0);
  EXPECT_TRUE(fs::exists(path("m/config.json")) && fs::exists(path("m/tokenizer.json")));
  EXPECT_TRUE(inspect(path("m/model.safetensors")).contains("model.embed_tokens.weight"));
}

TEST_F(ConvertTest, WhatStandsBesideATextIsLeftAlone) {
  fs::create_directory(path("m"));
  write_file(path("victim"), "mine");
  fs::create_symlink("../victim", path("m/config.json.tmp"));
  EXPECT_EQ(run_ferrum({"convert", kModel, path("m")}).exit_code, 0);
  EXPECT_EQ(read_file(path("victim")), "mine");
  EXPECT_TRUE(fs::is_symlink(path("m/config.json.tmp")));
}

TEST_F(ConvertTest, APatternHasNoBrackets) {
  write_file(path("w.bin"), "0123");
  const auto convert = [&](const char* name, const char* option) {
    return run_ferrum({"convert", path("w.bin"), path("x.safetensors"), "--from",
                       std::string("raw:dtype=f32,shape=1,name=") + name, option, "a[0]\\*"})
        .exit_code;
  };
  EXPECT_EQ(convert("a[0]\\x", "--tensor"), 0);
  EXPECT_EQ(inspect(path("x.safetensors")).size(), 1u);
  EXPECT_NE(convert("a0*", "--tensor"), 0);
  EXPECT_EQ(convert("a0*", "--except"), 0);
  EXPECT_NE(convert("a[0]\\", "--except"), 0);
}

TEST_F(ConvertTest, NoFileOfTheSourceIsOverwritten) {
  const std::string folder_of_data = FERRUM_SOURCE_DIR "/tests/data/weights/onnx/";
  for (const char* name : {"external.onnx", "external.onnx.data"}) {
    fs::copy_file(folder_of_data + name, path(name));
  }
  for (const char* name : {"external.onnx", "external.onnx.data"}) {
    const CommandResult result =
        run_ferrum({"convert", path("external.onnx"), path(name), "--format", "raw"});
    EXPECT_EQ(result.exit_code, 2) << name;
    EXPECT_THAT(result.err, HasSubstr("DST is a file of SRC"));
    EXPECT_EQ(read_file(path(name)), read_file(folder_of_data + name));
  }
}

TEST_F(ConvertTest, WhatAFileDoesNotSayIsSaid) {
  EXPECT_EQ(run_ferrum({"convert", kState, path("w.bin"), "--format", "raw", "--tensor",
                        "turned.f32"}).exit_code, 0);
  const Json shape = inspect(kState)["turned.f32"]["shape"];
  const std::string dims = shape[0].dump() + "x" + shape[1].dump();
  const CommandResult result =
      run_ferrum({"convert", path("w.bin"), path("w.safetensors"), "--from",
                  "raw:dtype=f32,shape=" + dims + ",name=turned.f32"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(run_ferrum({"convert", path("w.safetensors"), path("again.bin"), "--format", "raw"})
                .exit_code, 0);
  EXPECT_EQ(read_file(path("again.bin")), read_file(path("w.bin")));
  EXPECT_EQ(inspect(path("w.safetensors"))["turned.f32"]["shape"], shape);

  const CommandResult unsaid = run_ferrum({"inspect", path("w.bin"), "--from", "raw:f32"});
  EXPECT_EQ(unsaid.exit_code, 2);
  EXPECT_THAT(unsaid.err, HasSubstr("'f32' in --from is not OPTION=VALUE"));
  EXPECT_THAT(run_ferrum({"inspect", path("w.bin"), "--from", "raws"}).err, HasSubstr("raw"));
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
  const CommandResult result = run_ferrum({"convert", kModel, path("q/"), "--quantize", "int4:64"});
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

TEST_F(ConvertTest, AFileIsNeverConvertedOverItself) {
  EXPECT_EQ(run_ferrum({"convert", kState, path("model.safetensors")}).exit_code, 0);
  const std::string before = read_file(path("model.safetensors"));
  fs::create_symlink("model.safetensors", path("link.safetensors"));
  for (const std::string name : {"model.safetensors", "link.safetensors", ""}) {
    const CommandResult same =
        run_ferrum({"convert", path("model.safetensors"), path(name), "--tensor", "matrix.f32"});
    EXPECT_EQ(same.exit_code, 2) << name;
    EXPECT_THAT(same.err, HasSubstr("DST is a file of SRC"));
  }
  EXPECT_EQ(read_file(path("model.safetensors")), before);
}

TEST_F(ConvertTest, WhatNoCheckpointHoldsIsRefusedBeforeAnythingIsWritten) {
  const CommandResult result =
      run_ferrum({"convert", kModel, path("m/"), "--quantize", "fp8:e5m2"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("e5m2"));
  EXPECT_FALSE(fs::exists(path("m")));
}

TEST_F(ConvertTest, TheConfigSaysTheDtypeUnderEachOfItsNames) {
  fs::copy(kModel, path("new"));
  Json config = Json::parse(read_file(path("new/config.json")));
  config.erase("torch_dtype");
  config["dtype"] = "bfloat16";
  write_file(path("new/config.json"), config.dump());
  EXPECT_EQ(run_ferrum({"convert", path("new"), path("m/"), "--dtype", "f16"}).exit_code, 0);
  config["dtype"] = "float16";
  EXPECT_EQ(Json::parse(read_file(path("m/config.json"))), config);
  const Json inspected = Json::parse(run_ferrum({"inspect", path("m"), "--json"}).out);
  EXPECT_EQ(inspected["weights"]["extra"], Json({{"format", "pt"}}));  // transformers asks for it
}

TEST_F(ConvertTest, LeftoversOfTheKilledAreSweptAndThoseOfTheLivingAreNot) {
  const std::string dead = path(".x.npz.01234567.incomplete");
  const std::string living = path(".x.npz.89abcdef.incomplete"),
                    other = path(".y.npz.01234567.incomplete");
  for (const std::string& name : {dead, living, other}) write_file(name, "half");
  const int lock = open(living.c_str(), O_RDONLY);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  const std::vector<std::string> args{"convert", kState, path("x.npz"), "--tensor", "matrix.f32"};
  EXPECT_EQ(run_ferrum(args).exit_code, 0);
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(living));
  EXPECT_TRUE(fs::exists(other));
  close(lock);
}

TEST_F(ConvertTest, ASourceThatShrinksMeanwhileIsAnError) {
  constexpr int64_t kBytes = int64_t{1} << 29;
  const std::string header =
      R"({"w":{"dtype":"F32","shape":[134217728],"data_offsets":[0,536870912]}})";
  const uint64_t length = header.size();
  write_file(path("w.safetensors"),
             std::string(reinterpret_cast<const char*>(&length), 8) + header);
  fs::resize_file(path("w.safetensors"), 8 + header.size() + kBytes);
  std::jthread shrink([&] {
    const auto begun = [&] { return std::distance(fs::directory_iterator(folder.path()), {}) > 1; };
    while (!begun()) std::this_thread::yield();
    fs::resize_file(path("w.safetensors"), 4096);
  });
  const CommandResult result =
      run_ferrum({"convert", path("w.safetensors"), path("x.npy"), "--dtype", "f16"});
  EXPECT_EQ(result.exit_code, 1);
  // As it is opened again, or as it is read.
  EXPECT_THAT(result.err, ::testing::AnyOf(HasSubstr("outside its 4018 bytes"),
                                           HasSubstr("error: a file was made shorter")));
  EXPECT_FALSE(fs::exists(path("x.npy")));
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
  expect({kState, path("x")}, 1, ".safetensors");
  expect({kState, path("x.npz"), "--quantize", ""}, 2, "--quantize");
  expect({kState, path("x.npz"), "--dtype", "f31"}, 2, "f31");
  expect({kState, path("x.npz"), "--scale", "nan"}, 2, "finite");
  expect({kState, path("x.npz"), "--tensor", "matrix.i64", "--quantize", "int8"}, 1,
         "nothing to quantise");
  expect({kState, path("x.npz"), "--tensor", "matrix.i64", "--quantize", "int3"}, 1, "int3");
  expect({kState, path("x.npz"), "--slice", "1"}, 2, "DIM:START:END");
  expect({kState, path("x.npz"), "--quantize", "int4:x"}, 2, "'x'");
  expect({kState, path("x.npz"), "--quantize", "int5"}, 1, "int5");
  expect({kState, path("x.npz"), "--tensor", "nothing"}, 1, "List them with ferrum inspect");
  expect({path("gone.pt"), path("x.npz")}, 1, "gone.pt");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace ferrum::testing
