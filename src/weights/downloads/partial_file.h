#pragma once
// A download that is not complete: its first bytes in <path>, and what they are in <path>.json.
//
// The record names the validator of the object, how many bytes were there when it was written and
// their hash, so that bytes of another object, of a torn write or of another program are never
// built upon: opening hashes what is there and takes it over only where the hash agrees.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "weights/downloads/crc.h"
#include "weights/downloads/digest.h"

namespace ferrum {

class PartialFile {
 public:
  struct Content {
    std::string name;                  // for messages and listings, without secrets
    std::string validator;             // other bytes have another
    int64_t size = 0;                  // of the complete file
    Digest digest = Digest::sha256();  // of no byte yet
    std::optional<ExpectedCrc> crc = {};  // of no byte yet; nothing where nobody knows it
  };

  // Opens what is there or begins anew, and sets aside room for the rest. `keep`: what a failure
  // leaves is of use to a later process. Throws write_error.
  PartialFile(std::filesystem::path path, Content content, bool keep);
  // Keeps or removes the file. Publishing leaves neither file nor record.
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  int64_t bytes() const { return bytes_; }
  std::string hash() const { return sums_.digest.hex(); }
  // Whether the bytes so far have the CRC that the whole file is known to have, if any is known.
  bool has_expected_crc() const;

  // Throws write_error.
  void append(std::span<const std::byte> bytes);
  void publish(const std::filesystem::path& final_path);
  // Removes file and record: nobody shall build on them.
  void discard();

 private:
  // Of the bytes so far.
  struct Sums {
    void update(std::span<const std::byte> bytes);

    Digest digest;
    std::optional<ExpectedCrc> crc;
  };
  static std::optional<Sums> sum_prefix(int descriptor, int64_t bytes, Sums sums);
  void take_over();
  void write_record();
  std::filesystem::path record_path() const;

  std::filesystem::path path_;
  Content content_;
  Sums sums_;
  bool keep_;
  int descriptor_ = -1;
  int64_t bytes_ = 0;
  int64_t recorded_ = 0;
  std::chrono::steady_clock::time_point record_time_;
};

}  // namespace ferrum
