#include "weights/downloads/digest.h"

#include <array>
#include <utility>

#include <openssl/evp.h>

#include "ferrum/types/error.h"

namespace ferrum {
namespace {

void check(int succeeded, const char* what) {
  if (succeeded != 1) throw Error(ErrorCode::kInternal, std::string("OpenSSL cannot ") + what);
}

}  // namespace

struct Digest::Context {
  Context() : evp(EVP_MD_CTX_new()) { check(evp != nullptr, "make a digest"); }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_MD_CTX* evp;
};

Digest::Digest(std::unique_ptr<Context> context) : context_(std::move(context)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

Digest::Digest(const Digest& other) : context_(std::make_unique<Context>()) {
  check(EVP_MD_CTX_copy_ex(context_->evp, other.context_->evp), "copy a digest");
}

Digest& Digest::operator=(const Digest& other) { return *this = Digest(other); }

Digest Digest::sha256() {
  auto context = std::make_unique<Context>();
  check(EVP_DigestInit_ex(context->evp, EVP_sha256(), nullptr), "start SHA-256");
  return Digest(std::move(context));
}

Digest Digest::git_blob(int64_t size) {
  auto context = std::make_unique<Context>();
  check(EVP_DigestInit_ex(context->evp, EVP_sha1(), nullptr), "start SHA-1");
  Digest digest(std::move(context));
  const std::string header = "blob " + std::to_string(size);
  digest.update(std::as_bytes(std::span(header.c_str(), header.size() + 1)));
  return digest;
}

void Digest::update(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()), "hash");
}

std::string Digest::hex() const {
  const Digest copy(*this);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  check(EVP_DigestFinal_ex(copy.context_->evp, bytes.data(), &size), "finish a digest");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace ferrum
