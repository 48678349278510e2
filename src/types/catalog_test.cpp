#include "ferrum/types/catalog.h"

#include <gtest/gtest.h>

namespace ferrum {
namespace {

Catalog<int> make_catalog() {
  Catalog<int> catalog("backend");
  catalog.add("cpu", 1);
  catalog.add("opencl", 2);
  catalog.add_missing("cuda", "nvcc was not found", "install CUDA 12");
  return catalog;
}

TEST(Catalog, FindsByName) {
  const Catalog<int> catalog = make_catalog();
  ASSERT_NE(catalog.find("opencl"), nullptr);
  EXPECT_EQ(*catalog.find("opencl"), 2);
  EXPECT_EQ(catalog.find("cuda"), nullptr);
  EXPECT_EQ(catalog.get("cpu"), 1);
  ASSERT_EQ(catalog.entries().size(), 2u);
  EXPECT_EQ(catalog.entries()[0].name, "cpu");
  EXPECT_EQ(catalog.missing()[0].reason, "nvcc was not found");
}

TEST(Catalog, AMissingPartIsExplained) {
  try {
    make_catalog().get("cuda");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUnsupported);
    EXPECT_EQ(e.message(), "this build has no backend 'cuda': nvcc was not found");
    EXPECT_EQ(e.hint(), "install CUDA 12");
  }
}

TEST(Catalog, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  try {
    make_catalog().get("tpu");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
    EXPECT_EQ(e.hint(), "known: cpu, opencl");
  }
}

TEST(Catalog, ANameIsTakenOnce) {
  Catalog<int> catalog = make_catalog();
  EXPECT_THROW(catalog.add("cpu", 3), Error);
  EXPECT_THROW(catalog.add("cuda", 3), Error);
  EXPECT_THROW(catalog.add_missing("cpu", "", ""), Error);
  EXPECT_THROW(catalog.add_missing("cuda", "", ""), Error);
}

}  // namespace
}  // namespace ferrum
