#include "support/hub_server.h"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

namespace ferrum::test {
namespace {

using Json = nlohmann::json;

std::string digest(const EVP_MD* kind, const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, kind, nullptr);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += "0123456789abcdef"[hash[i] >> 4];
    text += "0123456789abcdef"[hash[i] & 15];
  }
  return text;
}

std::string git_hash(const std::string& bytes) {
  return digest(EVP_sha1(), "blob " + std::to_string(bytes.size()) + '\0' + bytes);
}

std::string unescape(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      result += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

ServerReply refuse(int status, const std::string& code, const std::string& message) {
  ServerReply reply;
  reply.status = status;
  reply.headers = {{"X-Error-Code", code}, {"X-Error-Message", message}};
  reply.body = "{\"error\":\"" + message + "\"}";
  return reply;
}

// "/a/b/<word>/c/d" as {"a/b", "c", "d"}: repository, revision, file.
struct Path {
  std::string repo, revision, file;
};
std::optional<Path> split(std::string_view path, const std::string& word) {
  const std::string mark = "/" + word + "/";
  const size_t at = path.find(mark);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const std::string_view rest = path.substr(at + mark.size());
  const size_t slash = rest.find('/');
  Path result{std::string(path.substr(1, at - 1)), unescape(rest.substr(0, slash)), {}};
  if (slash != std::string_view::npos) result.file = unescape(rest.substr(slash + 1));
  return result;
}

}  // namespace

std::string HubServer::File::hash() const {
  return large ? digest(EVP_sha256(), bytes) : git_hash(bytes);
}

HubServer::HubServer(int64_t content_bytes_per_second) {
  HttpServer::Options options;
  options.bytes_per_second = content_bytes_per_second;
  content_ = std::make_unique<HttpServer>(
      [this](const ServerRequest& request) { return answer(request, true); }, options);
  hub_ = std::make_unique<HttpServer>(
      [this](const ServerRequest& request) { return answer(request, false); });
}

void HubServer::add(const std::string& repo, const std::string& commit,
                    std::map<std::string, File> files, const std::vector<std::string>& revisions) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, file] : files) {
    if (file.large) contents_[file.hash()] = file.bytes;
  }
  repos_[repo].commits[commit] = std::move(files);
  for (const std::string& revision : revisions) repos_[repo].revisions[revision] = commit;
}

void HubServer::require_token(const std::string& repo, const std::string& token) {
  const std::lock_guard lock(mutex_);
  repos_[repo].token = token;
}

void HubServer::set_gated(const std::string& repo) {
  const std::lock_guard lock(mutex_);
  repos_[repo].gated = true;
}

void HubServer::set_tree_page(size_t entries) {
  const std::lock_guard lock(mutex_);
  tree_page_ = entries;
}

void HubServer::set_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

void HubServer::set_change(std::function<void(const ServerRequest&, ServerReply&)> change) {
  const std::lock_guard lock(mutex_);
  change_ = std::move(change);
}

ServerReply HubServer::answer(const ServerRequest& request, bool is_content) {
  const std::lock_guard lock(mutex_);
  if (fault_) {
    if (auto reply = fault_(request, is_content)) return *reply;
  }
  if (is_content) return answer_content(request);
  ServerReply reply = answer_hub(request);
  if (change_) change_(request, reply);
  return reply;
}

ServerReply HubServer::answer_content(const ServerRequest& request) {
  const auto it = contents_.find(std::string(request.path().substr(1)));
  if (it == contents_.end() || request.query() != "signature=secret") return refuse(403, "", "");
  return serve_file(request, ServedFile::of(it->second));
}

ServerReply HubServer::answer_hub(const ServerRequest& request) {
  std::string_view path = request.path();
  const bool is_api = path.starts_with("/api/models/");
  if (is_api) path.remove_prefix(std::string_view("/api/models").size());
  std::optional<Path> asked;
  for (const char* word : {"resolve", "revision", "tree"}) {
    if (!asked) asked = split(path, word);
  }
  const auto repo = asked ? repos_.find(asked->repo) : repos_.end();
  const std::string* token = request.header("Authorization");
  if (repo == repos_.end()) return refuse(401, "RepoNotFound", "Repository not found");
  if (!repo->second.token.empty() && (!token || *token != "Bearer " + repo->second.token)) {
    if (repo->second.gated) return refuse(token ? 403 : 401, "GatedRepo", "Access is restricted");
    return refuse(401, token ? "" : "RepoNotFound", "Invalid username or password.");
  }
  std::string commit = asked->revision;
  if (const auto known = repo->second.revisions.find(commit);
      known != repo->second.revisions.end()) {
    commit = known->second;
  }
  const auto files = repo->second.commits.find(commit);
  if (files == repo->second.commits.end()) return refuse(404, "RevisionNotFound", "Invalid rev id");
  if (is_api && split(path, "tree")) return tree(request, repo->second, commit);
  if (is_api) return describe(repo->second, commit);
  const auto file = files->second.find(asked->file);
  if (file == files->second.end()) {
    ServerReply reply = refuse(404, "EntryNotFound", "Entry not found");
    reply.headers.emplace_back("X-Repo-Commit", commit);
    return reply;
  }
  return resolve(request, commit, file->second);
}

ServerReply HubServer::resolve(const ServerRequest& request, const std::string& commit,
                               const File& file) {
  ServerReply reply;
  if (file.large) {
    reply.status = 302;
    reply.headers = {{"Location", content_->url("/" + file.hash() + "?signature=secret")},
                     {"X-Linked-Etag", "\"" + file.hash() + "\""},
                     {"X-Linked-Size", std::to_string(file.bytes.size())},
                     {"ETag", "\"of the pointer\""}};
  } else {
    ServedFile served = ServedFile::of(file.bytes);
    served.etag = "\"" + file.hash() + "\"";
    reply = serve_file(request, served);
  }
  reply.headers.emplace_back("X-Repo-Commit", commit);
  return reply;
}

ServerReply HubServer::describe(const Repo& repo, const std::string& commit) {
  Json siblings = Json::array();
  for (const auto& [name, file] : repo.commits.at(commit)) {
    Json entry{{"rfilename", name}};
    if (tree_page_ == 0) {
      entry["size"] = file.bytes.size();
      entry["blobId"] = git_hash(file.large ? "pointer of " + name : file.bytes);
      if (file.large) {
        entry["lfs"] = {{"sha256", file.hash()}, {"size", file.bytes.size()}, {"pointerSize", 134}};
      }
    }
    siblings.push_back(std::move(entry));
  }
  ServerReply reply;
  reply.body =
      Json{{"_id", "0"}, {"id", "org/name"}, {"sha", commit}, {"siblings", siblings}}.dump();
  return reply;
}

ServerReply HubServer::tree(const ServerRequest& request, const Repo& repo,
                            const std::string& commit) {
  Json entries = Json::array({{{"type", "directory"}, {"path", "folder"}, {"oid", commit}}});
  for (const auto& [name, file] : repo.commits.at(commit)) {
    Json entry{{"type", "file"}, {"path", name}, {"size", file.bytes.size()}};
    entry["oid"] = git_hash(file.large ? "pointer of " + name : file.bytes);
    if (file.large) entry["lfs"] = {{"oid", file.hash()}, {"size", file.bytes.size()}};
    entries.push_back(std::move(entry));
  }
  const std::string query(request.query());
  const size_t at = query.find("cursor=");
  const size_t begin = at == std::string::npos ? 0 : std::stoul(query.substr(at + 7));
  const size_t page = tree_page_ == 0 ? entries.size() : tree_page_;
  const size_t end = std::min(begin + page, entries.size());
  ServerReply reply;
  reply.body = Json(std::vector<Json>(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                                      entries.begin() + static_cast<std::ptrdiff_t>(end)))
                   .dump();
  if (end < entries.size()) {
    reply.headers.emplace_back("Link", "<" + std::string(request.path()) +
                                           "?recursive=true&cursor=" + std::to_string(end) +
                                           ">; rel=\"next\"");
  }
  return reply;
}

}  // namespace ferrum::test
