// Any bytes as an answer of the Hub, headers and a body: refused as what no Hub says, or names,
// sizes and hashes that may become paths.

#include <cstdint>
#include <cstdlib>

#include "ferrum/types/error.h"
#include "weights/http/url.h"
#include "weights/model_file_name.h"
#include "weights/sources/huggingface/hub_answers.h"

namespace ferrum {
namespace {

constexpr char kPage[] = "https://hub.example/api/models/org/name/tree/main";

void check(bool holds) {
  if (!holds) std::abort();
}

void check_file(const HubFile& file) {
  check(is_model_file_name(file.name) && is_content_hash(file.hash) && file.size >= 0);
}

// The header lines before the first empty one, and what follows it.
HttpResponse response_of(std::string_view text) {
  HttpResponse response;
  response.status = 200;
  response.final_url = kPage;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    if (line == "\n" || line == "\r\n") break;
    if (const auto field = parse_header_line(line))
      response.headers.add(field->first, field->second);
  }
  response.body = text;
  return response;
}

template <class F>
void parse(F&& work) try {
  work();
} catch (const Error& error) {
  check(error.code() == ErrorCode::kInvalidFormat && error.message().size() < 400);
}

}  // namespace
}  // namespace ferrum

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ferrum;
  const HttpResponse response = response_of({reinterpret_cast<const char*>(data), size});
  HubLocation location{"org/name", "main", "config.json", std::nullopt};
  parse([&] {
    const HubObject object = parse_hub_head(location, response);
    check(is_commit(object.commit));
    check_file(object.file);
  });
  parse([&] {
    const std::string next = find_next_page(location, response);
    check(next.empty() || origin_of(next) == origin_of(kPage));
  });
  location.filename.clear();
  parse([&] {
    const HubRevision revision = parse_hub_revision(location, response.body);
    check(is_commit(revision.listing.commit));
    for (const HubFile& file : revision.listing.files) check_file(file);
  });
  parse([&] {
    const HubTreePage page = parse_hub_tree(location, response.body);
    check(page.files.size() <= page.entries);
    for (const HubFile& file : page.files) check_file(file);
  });
  return 0;
}
