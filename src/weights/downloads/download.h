#pragma once
// Makes one file of a remote object: verified, at once under its final name or not at all, by one
// process at a time, resumed by the next when this one ends early.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "ferrum/types/function_ref.h"
#include "ferrum/weights/weight_loader.h"
#include "weights/downloads/partial_file.h"

namespace ferrum {

// Hands the bytes of an object from `offset` on to `sink`, in order, to its end; at once after a
// stop throws kCancelled.
using ObjectStream =
    std::function<void(int64_t offset, FunctionRef<void(std::span<const std::byte>)> sink,
                       const std::stop_token& stop)>;

struct Download {
  std::filesystem::path path;  // of the complete file
  std::filesystem::path lock;  // held while it is made
  PartialFile::Content content;
  std::string hash;     // what content.digest must come to; empty: nobody knows
  ObjectStream stream;  // called only where bytes are missing
  // Called with the hash before the file gets its name; may be empty.
  std::function<void(const std::string& hash)> before_publish = {};
  // Called once the file is there, whoever made it; of our own making still under the lock, so that
  // nobody can have removed it. May be empty.
  std::function<void()> when_there = {};
};

// Returns when the file is there, made by this process or by another that was faster: how many
// bytes this one was handed. While another makes it, `progress` shows how far that one is. Where
// the file system has no locks, processes work side by side on files of their own, and nothing is
// resumed.
// Throws what the functions throw; kIo where it hands over fewer bytes or more than there should
// be; kInvalidFormat for bytes of another hash or CRC, which are removed; kResourceExhausted for a
// full disk, kIo for one that cannot be written; kCancelled.
int64_t download(const Download& download, const std::stop_token& stop,
                 const LoadProgress& progress);

}  // namespace ferrum
