#pragma once
// A Hub in the test: models with commits, small files served by itself, large ones by a second
// server to which it redirects with a signed URL, as the real one does.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "support/http_server.h"

namespace ferrum::test {

class HubServer {
 public:
  // `content_bytes_per_second`: of each connection to the second server; 0: as fast as it goes.
  explicit HubServer(int64_t content_bytes_per_second = 0);

  struct File {
    std::string bytes;
    bool large = false;  // named by its sha256, else by git's SHA-1
    std::string hash() const;
  };

  // Files of a commit; every name in `revisions` is at it from now on.
  void add(const std::string& repo, const std::string& commit, std::map<std::string, File> files,
           const std::vector<std::string>& revisions = {"main"});
  // Without it nothing of `repo` is given away.
  void require_token(const std::string& repo, const std::string& token);
  void set_gated(const std::string& repo);
  // The listing leaves sizes to the pages of the tree, which have so many entries.
  void set_tree_page(size_t entries);

  // Asked first; what it gives back is answered. `is_content`: of the second server.
  using Fault = std::function<std::optional<ServerReply>(const ServerRequest&, bool is_content)>;
  void set_fault(Fault fault);
  // Applied to every regular answer of the first server.
  void set_change(std::function<void(const ServerRequest&, ServerReply&)> change);

  std::string endpoint() const { return hub_->url(""); }
  HttpServer& hub() { return *hub_; }
  HttpServer& content() { return *content_; }

 private:
  struct Repo {
    std::map<std::string, std::map<std::string, File>> commits;
    std::map<std::string, std::string> revisions;
    std::string token;
    bool gated = false;
  };
  ServerReply answer(const ServerRequest& request, bool is_content);
  ServerReply answer_hub(const ServerRequest& request);
  ServerReply answer_content(const ServerRequest& request);
  ServerReply resolve(const ServerRequest& request, const std::string& commit, const File& file);
  ServerReply describe(const Repo& repo, const std::string& commit);
  ServerReply tree(const ServerRequest& request, const Repo& repo, const std::string& commit);

  std::mutex mutex_;
  std::map<std::string, Repo> repos_;
  std::map<std::string, std::string> contents_;  // of large files, by hash
  size_t tree_page_ = 0;
  Fault fault_;
  std::function<void(const ServerRequest&, ServerReply&)> change_;
  std::unique_ptr<HttpServer> content_, hub_;
};

}  // namespace ferrum::test
