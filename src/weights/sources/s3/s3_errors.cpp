#include "weights/sources/s3/s3_errors.h"

#include <utility>

namespace ferrum {
namespace {

using std::chrono::minutes;

constexpr minutes kMaxSkew{15};  // S3's own

struct Meaning {
  std::string message;
  std::string hint;
};

std::string url_of(const S3Asked& asked) { return "s3://" + asked.bucket + "/" + asked.key; }

std::string by_whom(const S3Asked& asked) {
  return asked.credentials.empty() ? "an anonymous request" : "the keys of " + asked.credentials;
}

// How far this machine's clock is off, where the server would refuse for it.
std::optional<Meaning> find_skew(const HttpResponse& response, const std::string& code,
                                 SystemTime now) {
  const std::string* date = response.headers.find("Date");
  const auto server_time = date ? parse_http_date(*date) : std::nullopt;
  const auto skew = server_time ? std::chrono::duration_cast<minutes>(now - *server_time)
                                : minutes(0);
  if (code != "RequestTimeTooSkewed" && skew < kMaxSkew && skew > -kMaxSkew) return std::nullopt;
  std::string by;
  if (skew.count() != 0) {
    by = " by " + std::to_string(skew.count() < 0 ? -skew.count() : skew.count()) + " minutes, " +
         (skew.count() < 0 ? "behind" : "ahead");
  }
  return Meaning{"this machine's clock differs from the server's" + by + " (RequestTimeTooSkewed)",
                 "set the clock; signatures are valid for 15 minutes"};
}

std::optional<Meaning> meaning_of_code(const S3Asked& asked, const std::string& code) {
  const std::string keys = by_whom(asked);
  const std::pair<const char*, Meaning> known[] = {
      {"NoSuchBucket",
       {"there is no bucket '" + asked.bucket + "' at " + asked.host,
        "check its name, and the endpoint where it is not AWS's"}},
      {"NoSuchKey", {"there is no such object", "keys are exact: case, spaces and slashes count"}},
      {"SignatureDoesNotMatch",
       {"the server computes another signature with " + keys,
        "the secret key is wrong, or a proxy changes requests on their way"}},
      {"InvalidAccessKeyId",
       {"the server does not know " + keys, "keys of another endpoint or deleted ones?"}},
      {"ExpiredToken", {keys + " have expired", "renew them: they are temporary"}},
      {"InvalidToken",
       {"the server refuses the session token of " + keys, "it belongs to other keys, or is cut"}},
      {"InvalidObjectState",
       {"the object is archived", "restore it first: aws s3api restore-object"}},
      {"SlowDown", {"the server asks for fewer requests", "try again later"}},
      {"PermanentRedirect",
       {"the bucket is at another endpoint than " + asked.host, "name its region or endpoint"}},
      {"AuthorizationHeaderMalformed",
       {"the server refuses the region '" + asked.region + "'", "name the bucket's region"}},
  };
  for (const auto& [name, meaning] : known) {
    if (code == name) return meaning;
  }
  return std::nullopt;
}

Meaning meaning_of_status(const S3Asked& asked, int status) {
  const bool is_listing = asked.key.empty();
  switch (status) {
    case 301:
    case 307:
      return {"the bucket is at another endpoint than " + asked.host,
              "name its region or endpoint"};
    case 401:
    case 403:
      if (is_listing) {
        return {by_whom(asked) + " may not list the bucket, or there is none",
                "grant s3:ListBucket, or check the bucket's name"};
      }
      return {by_whom(asked) + " may not read it, or it does not exist: S3 says which only to who "
                               "may list the bucket",
              asked.credentials.empty() ? "check the key; is the bucket public?"
                                        : "check the key, and grant s3:GetObject"};
    case 404:
      if (is_listing) return {"there is no bucket '" + asked.bucket + "' at " + asked.host, ""};
      return {"there is no such object, or no such bucket at " + asked.host,
              "keys are exact: case, spaces and slashes count"};
    case 412:
      return {"the object was replaced while it was being read", "try again"};
    case 429:
    case 503:
      return {"the server asks for fewer requests", "try again later"};
    default:
      return {"the server refuses", ""};
  }
}

}  // namespace

Error s3_error(const S3Asked& asked, const HttpResponse& response, SystemTime now) {
  const auto body = find_s3_error(response.body);
  const std::string code = body ? body->code : "";
  const int status = response.status;
  Meaning meaning;
  auto skew = status == 403 || code == "RequestTimeTooSkewed" ? find_skew(response, code, now)
                                                              : std::nullopt;
  auto known = meaning_of_code(asked, code);
  if (skew && (!known || code == "RequestTimeTooSkewed")) {
    meaning = std::move(*skew);
  } else {
    meaning = known ? std::move(*known) : meaning_of_status(asked, status);
  }
  std::string said = "HTTP status " + std::to_string(status);
  if (!code.empty()) said += ", " + code;
  if (body && !body->message.empty()) said += ": " + body->message;
  const std::string* region = response.headers.find("x-amz-bucket-region");
  if (region && *region != asked.region) {
    meaning.hint = "its region is " + region->substr(0, 40) + ": name it";
  }
  const bool is_missing = status == 404 || status == 410;
  return Error(is_missing ? ErrorCode::kNotFound : ErrorCode::kIo,
               url_of(asked) + ": " + meaning.message + " (" + said + ")", meaning.hint);
}

bool is_transient(const HttpResponse& response) {
  if (response.status == 429 || (response.status >= 500 && response.status != 501)) return true;
  const auto body = response.status == 400 ? find_s3_error(response.body) : std::nullopt;
  return body && body->code == "RequestTimeout";
}

bool is_expiry(const HttpResponse& response) {
  if (response.status != 400 && response.status != 403) return false;
  if (response.body.empty()) return response.status == 400;
  const auto body = find_s3_error(response.body);
  return body && (body->code == "ExpiredToken" || body->code == "TokenRefreshRequired");
}

}  // namespace ferrum
