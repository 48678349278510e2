// Blocks of every type against the outside reference (tools/make_block_references.py).

#include "ferrum/quant/block_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <vector>

#include "ferrum/types/json.h"

namespace ferrum {
namespace {

Json read_references() {
  std::ifstream file(FERRUM_SOURCE_DIR "/tests/data/quant/blocks.json");
  return Json::parse(file);
}

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(BlockTypeTest, TheTableIsTheReferences) {
  const Json references = read_references();
  ASSERT_EQ(references.size(), block_types().size());
  for (const BlockType& type : block_types()) {
    const Json& reference = references.at(std::string(type.name));
    EXPECT_EQ(type.id, reference["id"]) << type.name;
    EXPECT_EQ(type.elements, reference["elements"]) << type.name;
    EXPECT_EQ(type.bytes, reference["bytes"]) << type.name;
    EXPECT_EQ(find_block_type(type.id), &type);
  }
}

TEST(BlockTypeTest, PlainAndRemovedTypesAreNoBlocks) {
  for (const uint32_t id : {0u, 1u, 4u, 5u, 24u, 28u, 30u, 31u, 33u, 36u, 38u, 43u, 1'000'000u}) {
    EXPECT_EQ(find_block_type(id), nullptr) << id;
  }
}

// Bit for bit, but for the sign and payload of a NaN. The blocks lie at an odd address.
TEST(BlockTypeTest, ValuesAreTheReferences) {
  const Json references = read_references();
  for (const BlockType& type : block_types()) {
    SCOPED_TRACE(type.name);
    const Json& reference = references.at(std::string(type.name));
    std::vector<std::byte> blocks = from_hex(reference["blocks"]);
    const auto count = static_cast<int64_t>(blocks.size()) / type.bytes;
    blocks.insert(blocks.begin(), std::byte{});
    std::vector<float> values(static_cast<size_t>(count * type.elements));
    type.decode(blocks.data() + 1, count, values.data());

    const std::vector<std::byte> bytes = from_hex(reference["values"]);
    ASSERT_EQ(bytes.size(), values.size() * sizeof(float));
    for (size_t i = 0; i < values.size(); ++i) {
      float expected;
      std::memcpy(&expected, bytes.data() + i * sizeof(float), sizeof(float));
      const bool equal = std::isnan(expected)
                             ? std::isnan(values[i])
                             : std::memcmp(&values[i], &expected, sizeof(float)) == 0;
      EXPECT_TRUE(equal) << "element " << i << ": " << values[i] << ", expected " << expected;
    }
  }
}

}  // namespace
}  // namespace ferrum
