#pragma once
// The one exception type of the library.
//
// Every failure that a caller can meet is an Error: what was asked, what was found, and what to do
// about it. Errors become exit codes (cli), HTTP statuses (server) or C status codes only at those
// edges. Asserts are for our own bugs, never for input.

#include <stdexcept>
#include <string>
#include <string_view>

namespace ferrum {

enum class ErrorCode {
  kInvalidArgument,    // the caller asked for something malformed
  kNotFound,           // a file, tensor, part or name does not exist
  kInvalidFormat,      // foreign bytes (weights, JSON, templates) are not what they claim to be
  kUnsupported,        // well formed, but this build or device cannot do it
  kResourceExhausted,  // memory, cache blocks or another bounded resource ran out
  kFailedState,        // called in the wrong life-cycle state
  kIo,                 // the operating system refused a read, write or map
  kCancelled,          // stopped on request
  kInternal,           // a bug of ours that was caught
};

// Stable snake_case name of a code, as printed by --json.
std::string_view to_string(ErrorCode code);

class Error : public std::runtime_error {
 public:
  // `message` says what was asked and what was found, in one sentence without a final period.
  // `hint` says what to do about it; it may be empty.
  Error(ErrorCode code, const std::string& message, std::string hint = {});

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }

  // A copy of this error with "context: " put before its message.
  Error with_context(std::string_view context) const;

 private:
  ErrorCode code_;
  std::string message_;
  std::string hint_;
};

}  // namespace ferrum
