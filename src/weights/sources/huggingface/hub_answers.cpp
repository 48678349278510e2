#include "weights/sources/huggingface/hub_answers.h"

#include "ferrum/types/json.h"
#include "weights/http/url.h"
#include "weights/model_file_name.h"

namespace ferrum {
namespace {

// A text of the answer as part of a message.
std::string quoted(const std::string& text) { return "'" + text.substr(0, 80) + "'"; }

std::string commit_of(const HubLocation& location, const std::string& text) {
  if (!is_commit(text)) refuse_answer(location, quoted(text) + " is no commit");
  if (is_commit(location.revision) && text != location.revision) {
    refuse_answer(location, "it is about commit " + text);
  }
  return text;
}

std::string hash_of(const HubLocation& location, const HttpHeaders& headers) {
  const std::string* etag = headers.find("X-Linked-Etag");
  if (!etag) etag = headers.find("ETag");
  const auto tag = etag ? parse_etag(*etag) : std::nullopt;
  if (!tag) refuse_answer(location, "it names no content");
  if (!is_content_hash(tag->value)) {
    refuse_answer(location, quoted(tag->value) + " is no hash of a content");
  }
  return tag->value;
}

int64_t size_of(const HubLocation& location, const HttpResponse& response) {
  const std::string* text = response.headers.find("X-Linked-Size");
  if (!text && !response.is_redirect()) text = response.headers.find("Content-Length");
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

// A file whose size and content are known, or nothing for one whose entry does not say them.
std::optional<HubFile> parse_entry(const HubLocation& model, const Json& entry,
                                   const EntryNames& names) {
  HubFile file;
  file.name = entry.at(names.name).get<std::string>();
  const auto large = entry.find("lfs");
  const bool is_large = large != entry.end() && large->is_object();
  const Json& content = is_large ? *large : entry;
  const auto hash = content.find(is_large ? names.large_hash : names.blob);
  const auto size = content.find("size");
  if (hash == content.end() || size == content.end()) return std::nullopt;
  if (!hash->is_string() || !size->is_number_integer()) return std::nullopt;
  file.hash = hash->get<std::string>();
  file.size = size->get<int64_t>();  // negative too for what is beyond int64_t
  if (!is_content_hash(file.hash)) refuse_answer(model, "a file in its listing has no hash");
  if (file.size < 0) refuse_answer(model, "a file in its listing has no size");
  return file;
}

// Calls `read` with the parsed document; what does not fit is no answer of the Hub.
template <class F>
void read_answer(const HubLocation& model, std::string_view body, F&& read) {
  const Json answer = parse_json(body, "the answer about " + model.to_string());
  try {
    read(answer);
  } catch (const Json::exception&) {
    refuse_answer(model, "its listing has another form");
  }
}

}  // namespace

void refuse_answer(const HubLocation& location, const std::string& why) {
  throw Error(ErrorCode::kInvalidFormat,
              "the answer about " + location.to_string() + " is not one of the Hub: " + why,
              "check HF_ENDPOINT and the proxy");
}

HubObject parse_hub_head(const HubLocation& location, const HttpResponse& response) {
  const std::string* commit = response.headers.find("X-Repo-Commit");
  if (!commit) refuse_answer(location, "it names no commit");
  return {commit_of(location, *commit),
          {location.filename, size_of(location, response), hash_of(location, response.headers)}};
}

HubRevision parse_hub_revision(const HubLocation& model, std::string_view body) {
  HubRevision revision;
  HubListing& listing = revision.listing;
  read_answer(model, body, [&](const Json& answer) {
    listing.commit = commit_of(model, answer.at("sha").get<std::string>());
    for (const Json& sibling : answer.at("siblings")) {
      auto file = parse_entry(model, sibling, kSiblingNames);
      if (!file) revision.is_complete = false;
      if (file && is_model_file_name(file->name)) listing.files.push_back(std::move(*file));
    }
  });
  return revision;
}

HubTreePage parse_hub_tree(const HubLocation& model, std::string_view body) {
  HubTreePage page;
  read_answer(model, body, [&](const Json& answer) {
    page.entries = answer.size();
    for (const Json& entry : answer) {
      if (entry.at("type") != "file") continue;
      auto file = parse_entry(model, entry, kTreeNames);
      if (!file) refuse_answer(model, "a file in its tree has no size");
      if (is_model_file_name(file->name)) page.files.push_back(std::move(*file));
    }
  });
  return page;
}

std::string find_next_page(const HubLocation& model, const HttpResponse& response) {
  const std::string* link = response.headers.find("Link");
  if (!link || link->find("rel=\"next\"") == std::string::npos) return {};
  const size_t begin = link->find('<'), end = link->find('>');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  std::string url;
  try {
    url = resolve_url(response.final_url, link->substr(begin + 1, end - begin - 1));
    check_http_url(url);
  } catch (const Error&) {
    refuse_answer(model, "its listing goes on at what is no URL");
  }
  if (origin_of(url) != origin_of(response.final_url)) {
    refuse_answer(model, "its listing goes on at another server");
  }
  return url;
}

}  // namespace ferrum
