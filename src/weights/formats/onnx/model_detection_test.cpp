// What is taken for an ONNX model, and what is not.

#include "weights/formats/onnx/model_detection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "support/ranged_source.h"
#include "weights/formats/onnx/onnx_bytes.h"

namespace ferrum {
namespace {

using test::bytes_field;
using test::number_field;

bool is_model(const std::string& bytes) {
  return looks_like_model_proto(test::RangedBytes("x", bytes));
}

// IR version, producer, model version, graph, operators, a property.
std::vector<std::string> fields_of_model() {
  const std::string tensor = test::dims({2}) + test::data_type(test::kInt8) + test::name("w") +
                             test::raw_data("ab");
  const std::string graph = bytes_field(2, "g") + test::initializer(tensor);
  return {number_field(1, 10),   bytes_field(2, "producer"),          number_field(5, 3),
          bytes_field(7, graph), bytes_field(8, number_field(2, 21)), bytes_field(14, "")};
}

std::string join(const std::vector<std::string>& fields) {
  std::string bytes;
  for (const std::string& field : fields) bytes += field;
  return bytes;
}

TEST(ModelDetectionTest, FieldsComeInAnyOrder) {
  std::vector<std::string> fields = fields_of_model();
  std::sort(fields.begin(), fields.end());
  do {
    ASSERT_TRUE(is_model(join(fields)));
  } while (std::next_permutation(fields.begin(), fields.end()));
}

TEST(ModelDetectionTest, AVersionAndOneGraphAreNeeded) {
  const std::string version = number_field(1, 10), graph = bytes_field(7, bytes_field(2, "g"));
  EXPECT_TRUE(is_model(version + graph));
  EXPECT_FALSE(is_model(version));
  EXPECT_FALSE(is_model(graph));
  EXPECT_FALSE(is_model(""));
  EXPECT_FALSE(is_model(version + graph + graph));
  EXPECT_FALSE(is_model(version + graph + version));
}

TEST(ModelDetectionTest, AllOfItIsKnownFieldsOfTheirKind) {
  const std::string model = join(fields_of_model());
  for (const std::string& more :
       {number_field(8, 1), bytes_field(9, ""), number_field(26, 1), bytes_field(100, "x"),
        test::field(3, 5, "1234"), std::string(1, '\0'), std::string("\x72")}) {
    EXPECT_FALSE(is_model(model + more)) << testing::PrintToString(more);
    EXPECT_FALSE(is_model(more + model)) << testing::PrintToString(more);
  }
  for (size_t size = 0; size < model.size(); ++size) {
    const std::string begin = model.substr(0, size);
    const bool has_graph = begin.ends_with("ab"), has_operators = begin.ends_with("\x10\x15");
    EXPECT_EQ(is_model(begin), has_graph || has_operators) << size;
  }
}

TEST(ModelDetectionTest, AGraphBeginsAsOne) {
  const std::string version = number_field(1, 10);
  for (const std::string& graph : {std::string("a text"), number_field(1, 1), bytes_field(3, ""),
                                   bytes_field(2, "g") + number_field(5, 1), std::string("\x12")}) {
    EXPECT_FALSE(is_model(version + bytes_field(7, graph))) << testing::PrintToString(graph);
  }
}

TEST(ModelDetectionTest, NoiseIsNone) {
  std::mt19937 random(7);
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes(4 + random() % 60, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    ASSERT_FALSE(is_model(bytes)) << testing::PrintToString(bytes);
    for (char& byte : bytes) byte = static_cast<char>(random() % 64);  // short lengths, low tags
    ASSERT_FALSE(is_model(bytes)) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace ferrum
