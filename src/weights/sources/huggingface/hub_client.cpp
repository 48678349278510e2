#include "weights/sources/huggingface/hub_client.h"

#include "ferrum/types/json.h"
#include "weights/http/send_with_retries.h"
#include "weights/http/url.h"
#include "weights/model_file_name.h"
#include "weights/sources/huggingface/hub_errors.h"

namespace ferrum {
namespace {

constexpr int64_t kMaxListingBytes = int64_t{64} << 20;
constexpr size_t kMaxFiles = 1'000'000;
constexpr int kAttempts = 4;

bool is_redirect(const HttpResponse& response) {
  return response.status >= 300 && response.status < 400;
}

[[noreturn]] void refuse_answer(const HubLocation& location, const std::string& why) {
  throw Error(ErrorCode::kInvalidFormat,
              "the answer about " + location.to_string() + " is not one of the Hub: " + why,
              "check HF_ENDPOINT and the proxy");
}

std::string commit_of(const HubLocation& location, const std::string* text) {
  if (!text) refuse_answer(location, "it names no commit");
  if (!is_commit(*text)) refuse_answer(location, "'" + text->substr(0, 80) + "' is no commit");
  if (is_commit(location.revision) && *text != location.revision) {
    refuse_answer(location, "it is about commit " + *text);
  }
  return *text;
}

std::string hash_of(const HubLocation& location, const HttpHeaders& headers) {
  const std::string* etag = headers.find("X-Linked-Etag");
  if (!etag) etag = headers.find("ETag");
  const auto tag = etag ? parse_etag(*etag) : std::nullopt;
  if (!tag) refuse_answer(location, "it names no content");
  if (!is_content_hash(tag->value)) {
    refuse_answer(location, "'" + tag->value.substr(0, 80) + "' is no hash of a content");
  }
  return tag->value;
}

int64_t size_of(const HubLocation& location, const HttpResponse& response) {
  const std::string* text = response.headers.find("X-Linked-Size");
  if (!text && !is_redirect(response)) text = response.headers.find("Content-Length");
  const auto size = text ? parse_decimal(*text) : std::nullopt;
  if (!size) refuse_answer(location, "it names no size");
  return *size;
}

// Of an entry of a listing: what the names of its members are differs.
struct EntryNames {
  const char *name, *blob, *large_hash;
};
constexpr EntryNames kSiblingNames{"rfilename", "blobId", "sha256"};
constexpr EntryNames kTreeNames{"path", "oid", "oid"};

// Nothing for an entry that does not say size and content.
std::optional<HubFile> parse_entry(const Json& entry, const EntryNames& names) {
  HubFile file;
  file.name = entry.at(names.name).get<std::string>();
  const auto large = entry.find("lfs");
  const bool is_large = large != entry.end() && large->is_object();
  const auto hash = is_large ? large->find(names.large_hash) : entry.find(names.blob);
  const auto size = is_large ? large->find("size") : entry.find("size");
  const bool told = is_large ? hash != large->end() && size != large->end()
                             : hash != entry.end() && size != entry.end();
  if (!told || !hash->is_string() || !size->is_number_integer()) return std::nullopt;
  file.hash = hash->get<std::string>();
  file.size = get_strictly<int64_t>(*size);
  return file;
}

void check_entry(const HubLocation& model, const HubFile& file) {
  if (!is_content_hash(file.hash)) refuse_answer(model, "a file in its listing has no hash");
  if (file.size < 0) refuse_answer(model, "a file in its listing has no size");
}

// Calls `read` with the parsed document; what does not fit is no answer of the Hub.
template <class F>
void read_answer(const HubLocation& model, const HttpResponse& response, F&& read) {
  try {
    read(parse_json(response.body, "the answer about " + model.to_string()));
  } catch (const Json::exception&) {
    refuse_answer(model, "its listing has another form");
  }
}

// The target of  Link: <url>; rel="next"  with the origin of the page that has it.
std::string next_page(const HubLocation& model, const HttpResponse& response) {
  const std::string* link = response.headers.find("Link");
  if (!link || link->find("rel=\"next\"") == std::string::npos) return {};
  const size_t begin = link->find('<'), end = link->find('>');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  std::string url = resolve_url(response.final_url, link->substr(begin + 1, end - begin - 1));
  if (origin_of(url) != origin_of(response.final_url)) {
    refuse_answer(model, "its listing goes on at another server");
  }
  return url;
}

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
  if (response.status != 200 && !is_redirect(response)) {
    throw hub_error(location, settings_, response);
  }
  return {commit_of(location, response.headers.find("X-Repo-Commit")),
          {location.filename, size_of(location, response), hash_of(location, response.headers)}};
}

HubListing HubClient::list(const HubLocation& model, const std::stop_token& stop) {
  const HttpResponse response =
      ask("GET",
          settings_.endpoint + "/api/models/" + model.repo_id + "/revision/" +
              percent_encode(model.revision) + "?blobs=true",
          Redirects::kSameOrigin, stop);
  if (response.status != 200) throw hub_error(model, settings_, response);
  HubListing listing;
  bool complete = true;
  read_answer(model, response, [&](const Json& answer) {
    const std::string sha = answer.at("sha").get<std::string>();
    listing.commit = commit_of(model, &sha);
    for (const Json& sibling : answer.at("siblings")) {
      const auto file = parse_entry(sibling, kSiblingNames);
      complete = complete && file.has_value();
      if (file && is_model_file_name(file->name)) listing.files.push_back(*file);
    }
  });
  // Servers that do not say sizes here do in the tree.
  if (!complete) listing.files = list_tree(model, listing.commit, stop);
  for (const HubFile& file : listing.files) check_entry(model, file);
  return listing;
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
    const size_t before = entries;
    read_answer(model, response, [&](const Json& page) {
      entries += page.size();
      if (entries > kMaxFiles) refuse_answer(model, "it lists too many files");
      for (const Json& entry : page) {
        if (entry.at("type") != "file") continue;
        const auto file = parse_entry(entry, kTreeNames);
        if (!file) refuse_answer(model, "a file in its tree has no size");
        if (is_model_file_name(file->name)) files.push_back(*file);
      }
    });
    const std::string next = next_page(model, response);
    if (!next.empty() && entries == before) refuse_answer(model, "its listing has no end");
    url = next;
  }
  return files;
}

std::shared_ptr<RemoteTarget> HubClient::target(const HubLocation& file_of_commit) const {
  return std::make_shared<HubTarget>(file_of_commit, settings_,
                                     create_url_target(file_url(file_of_commit), headers_));
}

}  // namespace ferrum
