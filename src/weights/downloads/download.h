#pragma once
// Makes one file of a remote object: verified, at once under its final name or not at all, by one
// process at a time, resumed by the next when this one ends early.

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "ferrum/weights/byte_source.h"
#include "ferrum/weights/weight_loader.h"
#include "weights/downloads/partial_file.h"

namespace ferrum {

struct Download {
  std::string name;             // for messages
  std::filesystem::path path;   // of the complete file
  std::filesystem::path lock;   // held while it is made
  PartialFile::Content content;
  std::string hash;             // what content.digest must come to; empty: nobody knows
  // The object, asked for only where bytes are missing.
  std::function<std::unique_ptr<ByteSource>()> open;
  // Called with the hash before the file gets its name; may be empty.
  std::function<void(const std::string& hash)> before_publish = {};
};

// Returns when the file is there, made by this process or by another that was faster; while another
// makes it, `progress` shows how far that one is. Where the file system has no locks, processes
// work side by side on files of their own, and nothing is resumed.
// Throws what `open` and its source throw; kInvalidFormat for bytes of another hash, which are
// removed; kResourceExhausted for a full disk, kIo for one that cannot be written; kCancelled.
void download(const Download& download, const std::stop_token& stop, const LoadProgress& progress);

}  // namespace ferrum
