#pragma once
// The questions that one asks the Hub over HTTP.

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "ferrum/types/error.h"
#include "weights/http/http_client.h"
#include "weights/http/remote_target.h"
#include "weights/sources/huggingface/hub_answers.h"
#include "weights/sources/huggingface/hub_location.h"
#include "weights/sources/huggingface/hub_settings.h"

namespace ferrum {

// The Hub answered with a refusal.
class HubError : public Error {
 public:
  // `is_final`: what was asked for is known not to exist, so that an old copy would be wrong.
  HubError(ErrorCode code, const std::string& message, std::string hint, bool is_final,
           std::string commit = {})
      : Error(code, message, std::move(hint)), is_final_(is_final), commit_(std::move(commit)) {}
  bool is_final() const { return is_final_; }
  const std::string& commit() const { return commit_; }  // that has no such file; else empty

 private:
  bool is_final_;
  std::string commit_;
};

// Thread-safe. The token goes to the Hub alone, and into no message.
class HubClient {
 public:
  // Borrows the connections. `headers`: of every request to the Hub. `patient`: asks again where
  // the Hub does not answer, for there is no older copy to go by.
  HubClient(HttpClient& http, HubSettings settings, HttpHeaders headers, bool patient);

  const HubSettings& settings() const { return settings_; }

  // These throw HttpError where the Hub does not answer, HubError; kInvalidFormat for an answer
  // that no Hub gives; kUnsupported offline; kCancelled.
  HubObject resolve(const HubLocation& location, const std::stop_token& stop);
  HubListing list(const HubLocation& model, const std::stop_token& stop);

  // The content of a file of a commit.
  std::shared_ptr<RemoteTarget> target(const HubLocation& file_of_commit) const;

 private:
  HttpResponse ask(const std::string& method, const std::string& url, Redirects redirects,
                   const std::stop_token& stop);
  std::vector<HubFile> list_tree(const HubLocation& model, const std::string& commit,
                                 const std::stop_token& stop);
  std::string file_url(const HubLocation& location) const;

  HttpClient& http_;
  const HubSettings settings_;
  const bool patient_;
  HttpHeaders headers_;
};

}  // namespace ferrum
