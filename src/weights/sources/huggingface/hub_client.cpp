#include "weights/sources/huggingface/hub_client.h"

#include "weights/http/send_with_retries.h"
#include "weights/http/url.h"
#include "weights/sources/huggingface/hub_errors.h"

namespace ferrum {
namespace {

constexpr int64_t kMaxListingBytes = int64_t{64} << 20;
constexpr size_t kMaxFiles = 1'000'000;
constexpr int kAttempts = 4;

// The content of a file: by its URL, with the Hub's words where the Hub refuses.
class HubTarget : public RemoteTarget {
 public:
  HubTarget(HubLocation location, HubSettings settings, std::shared_ptr<RemoteTarget> url)
      : location_(std::move(location)),
        settings_(std::move(settings)),
        name_(location_.to_string()),
        url_(std::move(url)) {}

  const std::string& name() const override { return name_; }
  HttpRequest request(const HttpHeaders& conditions) override { return url_->request(conditions); }
  void learn(const HttpResponse& response) override { url_->learn(response); }
  bool recover(const HttpResponse& response) override { return url_->recover(response); }
  Error refusal(const HttpResponse& response) override {
    return hub_error(location_, settings_, response);
  }

 private:
  const HubLocation location_;
  const HubSettings settings_;
  const std::string name_;
  const std::shared_ptr<RemoteTarget> url_;
};

}  // namespace

HubClient::HubClient(HttpClient& http, HubSettings settings, HttpHeaders headers, bool patient)
    : http_(http), settings_(std::move(settings)), patient_(patient), headers_(std::move(headers)) {
  if (!settings_.token.empty()) headers_.set("Authorization", "Bearer " + settings_.token);
}

HttpResponse HubClient::ask(const std::string& method, const std::string& url, Redirects redirects,
                            const std::stop_token& stop) {
  if (settings_.offline) {
    throw Error(ErrorCode::kUnsupported, "the Hub is not asked, since HF_HUB_OFFLINE is set",
                "unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE to download");
  }
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.headers = headers_;
  request.redirects = redirects;
  HttpLimits limits;
  limits.connect_timeout = limits.idle_timeout = settings_.etag_timeout;
  limits.max_body = kMaxListingBytes;
  return send_with_retries(http_, request, limits, patient_ ? kAttempts : 1, stop);
}

std::string HubClient::file_url(const HubLocation& location) const {
  return settings_.endpoint + "/" + location.repo_id + "/resolve/" +
         percent_encode(location.revision) + "/" + percent_encode(location.filename, "/");
}

HubObject HubClient::resolve(const HubLocation& location, const std::stop_token& stop) {
  // Redirects to other servers lead to the content; what the Hub says about it comes with them.
  const HttpResponse response = ask("HEAD", file_url(location), Redirects::kSameOrigin, stop);
  if (response.status != 200 && !response.is_redirect()) {
    throw hub_error(location, settings_, response);
  }
  return parse_hub_head(location, response);
}

HubListing HubClient::list(const HubLocation& model, const std::stop_token& stop) {
  const HttpResponse response =
      ask("GET",
          settings_.endpoint + "/api/models/" + model.repo_id + "/revision/" +
              percent_encode(model.revision) + "?blobs=true",
          Redirects::kSameOrigin, stop);
  if (response.status != 200) throw hub_error(model, settings_, response);
  HubRevision revision = parse_hub_revision(model, response.body);
  if (!revision.is_complete) {
    revision.listing.files = list_tree(model, revision.listing.commit, stop);
  }
  return std::move(revision.listing);
}

std::vector<HubFile> HubClient::list_tree(const HubLocation& model, const std::string& commit,
                                          const std::stop_token& stop) {
  std::vector<HubFile> files;
  size_t entries = 0;
  std::string url =
      settings_.endpoint + "/api/models/" + model.repo_id + "/tree/" + commit + "?recursive=true";
  while (!url.empty()) {
    const HttpResponse response = ask("GET", url, Redirects::kSameOrigin, stop);
    if (response.status != 200) throw hub_error(model, settings_, response);
    HubTreePage page = parse_hub_tree(model, response.body);
    url = find_next_page(model, response);
    if (!url.empty() && page.entries == 0) refuse_answer(model, "its listing has no end");
    entries += page.entries;
    if (entries > kMaxFiles) refuse_answer(model, "it lists too many files");
    files.insert(files.end(), page.files.begin(), page.files.end());
  }
  return files;
}

std::shared_ptr<RemoteTarget> HubClient::target(const HubLocation& file_of_commit) const {
  return std::make_shared<HubTarget>(file_of_commit, settings_,
                                     create_url_target(file_url(file_of_commit), headers_));
}

}  // namespace ferrum
