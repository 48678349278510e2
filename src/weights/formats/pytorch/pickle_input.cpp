#include "weights/formats/pytorch/pickle_input.h"

#include <algorithm>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

constexpr int64_t kFirstPiece = int64_t{4} << 10, kLargestPiece = int64_t{4} << 20;

}  // namespace

PickleInput::PickleInput(std::span<const std::byte> bytes, std::string what)
    : ahead_(bytes),
      end_of_ahead_(static_cast<int64_t>(bytes.size())),
      end_(end_of_ahead_),
      what_(std::move(what)) {}

PickleInput::PickleInput(const ByteSource& source, int64_t begin, int64_t end, std::string what)
    : source_(&source), end_of_ahead_(begin), end_(end), what_(std::move(what)) {}

void PickleInput::skip(int64_t count) {
  if (count < 0 || count > remaining()) refill(count);
  if (count <= static_cast<int64_t>(ahead_.size())) {
    ahead_ = ahead_.subspan(static_cast<size_t>(count));
    return;
  }
  end_of_ahead_ = position() + count;
  ahead_ = {};
  buffer_.clear();  // pieces grow anew
}

void PickleInput::fail(const std::string& why, int64_t position) const {
  throw Error(ErrorCode::kInvalidFormat,
              what_ + " " + why + " at byte " + std::to_string(position));
}

void PickleInput::refill(int64_t count) {
  if (count < 0 || count > remaining()) {
    fail("needs " + std::to_string(count) + " more bytes where " + std::to_string(remaining()) +
             " are left,",
         position());
  }
  const int64_t begin = position();
  const int64_t grown = std::clamp(2 * static_cast<int64_t>(buffer_.size()), kFirstPiece,
                                   kLargestPiece);
  std::vector<std::byte> next(static_cast<size_t>(std::min(end_ - begin, std::max(count, grown))));
  std::copy(ahead_.begin(), ahead_.end(), next.begin());
  source_->read(end_of_ahead_, std::span(next).subspan(ahead_.size()));
  buffer_ = std::move(next);
  ahead_ = buffer_;
  end_of_ahead_ = begin + static_cast<int64_t>(buffer_.size());
}

}  // namespace ferrum
