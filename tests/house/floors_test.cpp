#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "house/source_tree.h"
#include "support/temp_folder.h"

namespace ferrum::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Floors : public ::testing::Test {
 protected:
  Floors() {
    tree_.write("include/ferrum/ferrum.h", "#include \"ferrum/engine/engine.h\"\n");
    tree_.write("include/ferrum/types/error.h", "");
    tree_.write("include/ferrum/engine/engine.h", "#include \"ferrum/types/error.h\"\n");
    tree_.write("src/backends/CMakeLists.txt", "add_part(backend cpu)\n  add_part(backend cuda)\n");
    tree_.write("src/backends/composed.h", "");
    tree_.write("src/backends/cpu/cpu.h", "");
    tree_.write("src/models/CMakeLists.txt", "add_part(model llama)\nadd_part(model qwen)\n");
    tree_.write("src/models/blocks/attention.h", "");
    tree_.write("src/models/llama.h", "");
    tree_.write("src/weights/formats/CMakeLists.txt", "add_part(weight_format npy)\n");
    tree_.write("src/weights/formats/npy/npy.h", "");
  }

  // What is found when `file` includes `name` on its second line.
  Findings include(const std::string& file, const std::string& name) {
    tree_.write(file, "// a file\n#include \"" + name + "\"\n");
    return check_floors(tree_.path());
  }

  test::TempFolder tree_;
};

TEST_F(Floors, DownIsAllowed) {
  EXPECT_THAT(check_floors(tree_.path()), IsEmpty());
  EXPECT_THAT(include("cli/main.cpp", "ferrum/engine/engine.h"), IsEmpty());
  EXPECT_THAT(include("src/models/qwen.cpp", "models/blocks/attention.h"), IsEmpty());
  EXPECT_THAT(include("src/models/llama.cpp", "models/llama.h"), IsEmpty());
  EXPECT_THAT(include("src/backends/cuda/cuda.cpp", "backends/composed.h"), IsEmpty());
  EXPECT_THAT(include("src/backends/cpu/cpu.cpp", "cpu.h"), IsEmpty());
}

TEST_F(Floors, UpIsFound) {
  EXPECT_THAT(include("src/types/error.cpp", "ferrum/engine/engine.h"),
              ElementsAre("src/types/error.cpp:2: the include of ferrum/engine/engine.h: points "
                          "up, from floor 0 to 5"));
}

TEST_F(Floors, UpFromAPublicHeaderIsFound) {
  EXPECT_THAT(include("include/ferrum/types/shape.h", "ferrum/engine/engine.h"),
              ElementsAre(StartsWith("include/ferrum/types/shape.h:2: ")));
}

TEST_F(Floors, UpByAnglesAndSpacesIsFound) {
  tree_.write("src/quant/int8.cpp", "  #  include <ferrum/engine/engine.h>  // why\n");
  EXPECT_THAT(check_floors(tree_.path()), ElementsAre(StartsWith("src/quant/int8.cpp:1: ")));
}

TEST_F(Floors, UpToAGeneratedHeaderIsFound) {
  EXPECT_THAT(include("src/text/bpe.cpp", "engine/generated.h"),
              ElementsAre(StartsWith("src/text/bpe.cpp:2: ")));
}

TEST_F(Floors, UpByARelativePathIsFound) {
  tree_.write("src/models/blocks/attention.h", "");
  EXPECT_THAT(include("src/text/bpe.cpp", "../models/blocks/attention.h"),
              ElementsAre(StartsWith("src/text/bpe.cpp:2: ")));
}

TEST_F(Floors, NeighboursOnOneFloorAreFound) {
  tree_.write("src/tensor/strides.h", "");
  EXPECT_THAT(include("src/text/bpe.cpp", "tensor/strides.h"),
              ElementsAre(StartsWith("src/text/bpe.cpp:2: ")));
  tree_.write("src/text/bpe.cpp", "");
  EXPECT_THAT(include("src/weights/loader.cpp", "backends/composed.h"),
              ElementsAre(StartsWith("src/weights/loader.cpp:2: ")));
}

TEST_F(Floors, PartsThatIncludeEachOtherAreFound) {
  EXPECT_THAT(include("src/backends/cuda/cuda.cpp", "backends/cpu/cpu.h"),
              ElementsAre(StartsWith("src/backends/cuda/cuda.cpp:2: ")));
}

TEST_F(Floors, PartsOfOneFileThatIncludeEachOtherAreFound) {
  EXPECT_THAT(include("src/models/qwen.cpp", "models/llama.h"),
              ElementsAre(StartsWith("src/models/qwen.cpp:2: ")));
}

TEST_F(Floors, SharedCodeThatIncludesAPartIsFound) {
  EXPECT_THAT(include("src/weights/loader.cpp", "weights/formats/npy/npy.h"),
              ElementsAre(StartsWith("src/weights/loader.cpp:2: ")));
}

TEST_F(Floors, AFolderOnNoFloorIsFound) {
  tree_.write("src/utils/strings.h", "");
  EXPECT_THAT(check_floors(tree_.path()), ElementsAre("src/utils/strings.h:1: is on no floor"));
}

TEST_F(Floors, TestsAreFree) {
  EXPECT_THAT(include("src/types/error_test.cpp", "ferrum/engine/engine.h"), IsEmpty());
}

}  // namespace
}  // namespace ferrum::house
