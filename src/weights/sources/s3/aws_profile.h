#pragma once
// The files that AWS tools share: ~/.aws/credentials and ~/.aws/config.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "weights/sources/s3/aws_environment.h"

namespace ferrum {

// Keys in lower case; those of a nested block as "s3.addressing_style".
using AwsSettings = std::map<std::string, std::string, std::less<>>;

// Sections by their text between the brackets. `what` names the file. Throws kInvalidFormat with
// the line's number, never its content, which may be a secret.
std::map<std::string, AwsSettings> parse_aws_ini(std::string_view text, const std::string& what);

struct AwsProfile {
  std::string name;
  std::string files;  // "~/.aws/credentials, ~/.aws/config", those that have it
  AwsSettings settings;

  const std::string* find(std::string_view key) const;
};

// The profile `name`, else AWS_PROFILE, else "default". One that is absent is nothing only when
// nobody named it; else throws kNotFound. Throws as parse_aws_ini and read_small_file.
std::optional<AwsProfile> load_aws_profile(const AwsEnvironment& environment,
                                           const std::optional<std::string>& name = {});

}  // namespace ferrum
