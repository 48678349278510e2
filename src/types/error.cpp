#include "ferrum/types/error.h"

namespace ferrum {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid_argument";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kInvalidFormat: return "invalid_format";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kResourceExhausted: return "resource_exhausted";
    case ErrorCode::kFailedState: return "failed_state";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

Error::Error(ErrorCode code, const std::string& message, std::string hint)
    : std::runtime_error(hint.empty() ? message : message + ". " + hint),
      code_(code),
      message_(message),
      hint_(std::move(hint)) {}

Error Error::with_context(std::string_view context) const {
  return Error(code_, std::string(context) + ": " + message_, hint_);
}

}  // namespace ferrum
