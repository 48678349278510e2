// The digests of a build without OpenSSL: none.

#include "ferrum/types/error.h"
#include "weights/downloads/digest.h"

namespace ferrum {
namespace {

[[noreturn]] void refuse() {
  throw Error(ErrorCode::kUnsupported, "this build computes no hashes: it was made without OpenSSL",
              "install libssl-dev and build again");
}

}  // namespace

struct Digest::Context {};

Digest::Digest(std::unique_ptr<Context> context) : context_(std::move(context)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;
Digest::Digest(const Digest&) { refuse(); }
Digest& Digest::operator=(const Digest&) { refuse(); }

Digest Digest::sha256() { refuse(); }
Digest Digest::git_blob(int64_t) { refuse(); }
void Digest::update(std::span<const std::byte>) { refuse(); }
std::string Digest::hex() const { refuse(); }

}  // namespace ferrum
