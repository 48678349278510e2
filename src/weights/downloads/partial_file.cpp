#include "weights/downloads/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "ferrum/types/json.h"
#include "weights/disk.h"

namespace ferrum {
namespace {

// What a killed process loses at most of what was appended: as much, or what came in that time.
constexpr int64_t kRecordBytes = int64_t{4} << 20;
constexpr std::chrono::milliseconds kRecordTime{200};

struct Record {
  std::string validator;
  int64_t size = 0;
  int64_t bytes = 0;
  std::string hash;  // of that many
};

std::optional<Record> read_record(const std::filesystem::path& path) {
  try {
    Record record;
    std::string name;
    const Json json = parse_json(read_file(path, kMaxRecordBytes), path.string());
    JsonReader reader(json, path.string());
    reader.require("name", name);
    reader.require("validator", record.validator);
    reader.require("size", record.size);
    reader.require("bytes", record.bytes);
    reader.require("hash", record.hash);
    reader.finish();
    return record;
  } catch (const Error&) {  // none, or not ours: the download begins anew
    return std::nullopt;
  }
}

}  // namespace

void PartialFile::Sums::update(std::span<const std::byte> bytes) {
  digest.update(bytes);
  if (crc) crc->crc.update(bytes);
}

// Those of the first `bytes` of a file; nothing where there are fewer.
std::optional<PartialFile::Sums> PartialFile::sum_prefix(int descriptor, int64_t bytes, Sums sums) {
  std::vector<std::byte> buffer(size_t{1} << 20);
  for (int64_t at = 0; at < bytes;) {
    const size_t wanted = std::min(buffer.size(), static_cast<size_t>(bytes - at));
    const ssize_t count = pread(descriptor, buffer.data(), wanted, at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    sums.update(std::span(buffer).first(static_cast<size_t>(count)));
    at += count;
  }
  return sums;
}

bool PartialFile::has_expected_crc() const {
  return !sums_.crc || sums_.crc->crc.value() == sums_.crc->value;
}

PartialFile::PartialFile(std::filesystem::path path, Content content, bool keep)
    : path_(std::move(path)),
      content_(std::move(content)),
      sums_{content_.digest, content_.crc},
      keep_(keep) {
  descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) throw write_error(path_, errno);
  try {
    take_over();
    if (ftruncate(descriptor_, bytes_) != 0) throw write_error(path_, errno);
    reserve_room(descriptor_, path_, bytes_, content_.size);
    if (keep_) write_record();  // says from the first byte on whose they are
  } catch (...) {
    if (bytes_ == 0) discard();
    close(descriptor_);
    throw;
  }
}

PartialFile::~PartialFile() {
  if (descriptor_ < 0) return;
  if (keep_ && bytes_ > 0) {
    // What was set aside and not filled is given back.
    const bool trimmed = ftruncate(descriptor_, bytes_) == 0;
    try {
      if (trimmed && recorded_ < bytes_) write_record();
    } catch (const Error&) {  // an older record describes fewer bytes as truly
    }
  } else {
    discard();
  }
  close(descriptor_);
}

void PartialFile::take_over() {
  const auto record = keep_ ? read_record(record_path()) : std::nullopt;
  if (!record || record->validator != content_.validator || record->size != content_.size ||
      record->bytes < 0 || record->bytes > content_.size) {
    return;
  }
  auto sums = sum_prefix(descriptor_, record->bytes, sums_);
  if (!sums || sums->digest.hex() != record->hash) return;
  sums_ = *std::move(sums);
  bytes_ = recorded_ = record->bytes;
}

void PartialFile::append(std::span<const std::byte> bytes) {
  write_at(descriptor_, path_, bytes_, bytes, content_.size - bytes_);
  sums_.update(bytes);
  bytes_ += static_cast<int64_t>(bytes.size());
  const bool due = bytes_ - recorded_ >= kRecordBytes ||
                   std::chrono::steady_clock::now() - record_time_ >= kRecordTime;
  if (!keep_ || !due) return;
  // Starts writing to the medium, so that little is left for the end.
  sync_file_range(descriptor_, recorded_, bytes_ - recorded_, SYNC_FILE_RANGE_WRITE);
  write_record();
}

void PartialFile::write_record() {
  const Json record{{"name", content_.name},
                    {"validator", content_.validator},
                    {"size", content_.size},
                    {"bytes", bytes_},
                    {"hash", hash()}};
  replace_file(record_path(), record.dump(-1, ' ', false, Json::error_handler_t::replace));
  recorded_ = bytes_;
  record_time_ = std::chrono::steady_clock::now();
}

void PartialFile::publish(const std::filesystem::path& final_path) {
  publish_file(descriptor_, path_, final_path);
  unlink(record_path().c_str());
  close(std::exchange(descriptor_, -1));
}

void PartialFile::discard() {
  unlink(path_.c_str());
  unlink(record_path().c_str());
  keep_ = false;
}

std::filesystem::path PartialFile::record_path() const { return path_.string() + ".json"; }

}  // namespace ferrum
