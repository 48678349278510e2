#pragma once
// What the Hub answers about a model and its files.
// Source: https://huggingface.co/docs/hub/api, huggingface_hub (file_download.py, hf_api.py).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weights/downloads/hub_folder.h"
#include "weights/http/http_client.h"
#include "weights/sources/huggingface/hub_location.h"

namespace ferrum {

// One version of one file, as the Hub names it now.
struct HubObject {
  std::string commit;
  HubFile file;
};

struct HubListing {
  std::string commit;
  std::vector<HubFile> files;  // those that is_model_file_name; others cannot be asked for
};

// The reading of foreign text: a commit is_commit, a hash is_content_hash, a size is not negative.
// All throw kInvalidFormat, naming `location`, for what no Hub answers.

// The head of the answer about a file: X-Repo-Commit, X-Linked-Etag or ETag, X-Linked-Size or
// Content-Length.
HubObject parse_hub_head(const HubLocation& location, const HttpResponse& response);

// /api/models/<id>/revision/<rev>?blobs=true.
struct HubRevision {
  HubListing listing;
  bool is_complete = true;  // false: servers that do not say size and hash here do in the tree
};
HubRevision parse_hub_revision(const HubLocation& model, std::string_view body);

// /api/models/<id>/tree/<commit>?recursive=true, page by page.
struct HubTreePage {
  std::vector<HubFile> files;
  size_t entries = 0;  // folders too
};
HubTreePage parse_hub_tree(const HubLocation& model, std::string_view body);

// The target of  Link: <url>; rel="next", which stays with the origin of `response`; else empty.
std::string find_next_page(const HubLocation& model, const HttpResponse& response);

[[noreturn]] void refuse_answer(const HubLocation& location, const std::string& why);

}  // namespace ferrum
