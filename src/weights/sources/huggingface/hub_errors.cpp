#include "weights/sources/huggingface/hub_errors.h"

#include <algorithm>

#include "weights/http/url.h"

namespace ferrum {
namespace {

// What the Hub says itself: bounded, in printable characters, and never with the token in it.
std::string message_of(const HttpResponse& response, const std::string& token) {
  constexpr size_t kMaxLength = 300;
  const std::string* text = response.headers.find("X-Error-Message");
  if (!text || (!token.empty() && text->find(token) != std::string::npos)) return {};
  std::string shown = text->substr(0, kMaxLength);
  std::erase_if(shown, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return shown;
}

std::string value_of(const HttpResponse& response, const char* header) {
  const std::string* value = response.headers.find(header);
  return value ? *value : std::string();
}

// Without the user and password that it may have.
std::string shown_endpoint(const HubSettings& settings) {
  std::string shown = redact_url(settings.endpoint);
  while (shown.ends_with('/')) shown.pop_back();
  return shown;
}

HubError refused_access(const std::string& model, const HubSettings& settings,
                        const std::string& said) {
  const std::string because = said.empty() ? "" : ": " + said;
  if (settings.token.empty()) {
    return {ErrorCode::kNotFound,
            "there is no model " + model + " on " + shown_endpoint(settings) +
                ", or it is private" + because,
            "check the name; for a private model set HF_TOKEN", false};
  }
  return {ErrorCode::kIo, "the Hub refuses access to " + model + " with this token" + because,
          "set HF_TOKEN to a token that may read this model", false};
}

}  // namespace

HubError hub_error(const HubLocation& location, const HubSettings& settings,
                   const HttpResponse& response) {
  const std::string& model = location.repo_id;
  const std::string code = value_of(response, "X-Error-Code");
  const std::string said = message_of(response, settings.token);
  if (code == "EntryNotFound") {
    const std::string commit = value_of(response, "X-Repo-Commit");
    return {ErrorCode::kNotFound,
            model + " has no file '" + location.filename + "' at revision " + location.revision, "",
            true, is_commit(commit) ? commit : ""};
  }
  if (code == "RevisionNotFound") {
    return {ErrorCode::kNotFound, model + " has no revision '" + location.revision + "'",
            "name a branch, a tag or a commit of 40 digits", true};
  }
  if (code == "GatedRepo") {
    return {ErrorCode::kIo, model + " is gated: its authors ask for an agreement first",
            "agree on " + shown_endpoint(settings) + "/" + model +
                " and set HF_TOKEN to a token of " + (settings.token.empty() ? "your" : "that") +
                " account",
            false};
  }
  if (code == "RepoNotFound" || response.status == 401 || response.status == 403) {
    return refused_access(model, settings, said);
  }
  const Error other = status_error("asking the Hub for " + location.to_string(), response);
  return {other.code(), other.message() + (said.empty() ? "" : ": " + said), other.hint(), false};
}

}  // namespace ferrum
