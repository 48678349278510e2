#include "weights/sources/huggingface/hub_location.h"

#include <gtest/gtest.h>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

TEST(HubLocationTest, ModelsHaveANameAndPerhapsARevision) {
  const auto check = [](const std::string& text, const std::string& repo,
                        const std::string& revision) {
    const HubLocation location = parse_hub_model(text);
    EXPECT_EQ(location.repo_id, repo) << text;
    EXPECT_EQ(location.revision, revision) << text;
    EXPECT_TRUE(location.filename.empty());
  };
  check("hf:org/name", "org/name", "main");
  check("hf://org/name", "org/name", "main");
  check("hf:gpt2", "gpt2", "main");
  check("hf:org/name@v1.0", "org/name", "v1.0");
  check("hf:org/name@refs/pr/1", "org/name", "refs/pr/1");
  check("hf:org/name@refs%2Fpr%2F1", "org/name", "refs/pr/1");
  check("hf:o/" + std::string(96, 'n'), "o/" + std::string(96, 'n'), "main");
  EXPECT_EQ(parse_hub_model("hf:org/name@v1").to_string(), "hf:org/name@v1");
  EXPECT_EQ(parse_hub_model("hf:org/name@main").to_string(), "hf:org/name");
}

TEST(HubLocationTest, FilesHaveAPath) {
  const auto check = [](const std::string& text, const std::string& repo,
                        const std::string& revision, const std::string& file) {
    const HubLocation location = parse_hub_file(text);
    EXPECT_EQ(location.repo_id, repo) << text;
    EXPECT_EQ(location.revision, revision) << text;
    EXPECT_EQ(location.filename, file) << text;
  };
  check("hf:org/name/w.bin", "org/name", "main", "w.bin");
  check("hf:org/name/a/w.bin", "org/name", "main", "a/w.bin");
  check("hf:org/name@v1/a/w.bin", "org/name", "v1", "a/w.bin");
  check("hf:gpt2@main/w.bin", "gpt2", "main", "w.bin");
  check("hf:org/name@refs%2fpr%2F1/w@2.bin", "org/name", "refs/pr/1", "w@2.bin");
}

TEST(HubLocationTest, WhatCouldLeaveAFolderOrAUrlIsRefused) {
  for (const char* text : {"hf:",
                           "hf:/",
                           "hf:a/b/c",
                           "hf:../x",
                           "hf:a/..",
                           "hf:a..b",
                           "hf:a--b",
                           "hf:a.git",
                           "hf:-a",
                           "hf:a/.b",
                           "hf:a b",
                           "hf:a?x",
                           "hf:a#x",
                           "hf:a\nb",
                           "hf:org/name@",
                           "hf:org/name@../x",
                           "hf:org/name@a/../b",
                           "hf:org/name@a\\b",
                           "hf:org/name@%2F..",
                           "x"}) {
    EXPECT_THROW(parse_hub_model(text), Error) << text;
  }
  EXPECT_THROW(parse_hub_model("hf:o/" + std::string(97, 'n')), Error);
  for (const char* text : {"hf:org/name", "hf:org/name/", "hf:org/name@v1", "hf:org/name@v1/",
                           "hf:org/name/a/../../b", "hf:org/name//b", "hf:org/name/.", "hf:x"}) {
    EXPECT_THROW(parse_hub_file(text), Error) << text;
  }
}

TEST(HubLocationTest, SourcesRoundTripAndAreStrict) {
  const WeightSource source = hub_source(parse_hub_file("hf:org/name@v1/a/w.bin"));
  EXPECT_EQ(source.kind, "huggingface");
  EXPECT_EQ(parse_hub_source(source).to_string(), "hf:org/name@v1/a/w.bin");
  WeightSource other = source;
  other.location["token"] = "x";
  EXPECT_THROW(parse_hub_source(other), Error);
  other = source;
  other.location["filename"] = "a/../../b";
  EXPECT_THROW(parse_hub_source(other), Error);
  other = source;
  other.location["revision"] = "..";
  EXPECT_THROW(parse_hub_source(other), Error);
  other = source;
  other.location.erase("filename");
  EXPECT_THROW(parse_hub_source(other), Error);
}

}  // namespace
}  // namespace ferrum
