// Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html),
// computed by aws-c-auth.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "lake/error.h"
#include "net/http.h"

struct aws_credentials;

namespace lakegate {

using Credentials = std::shared_ptr<const aws_credentials>;

// Fixed ones. An empty token: none.
Credentials make_credentials(std::string_view key_id, std::string_view secret,
                             std::string_view session_token);

struct SigningScope {
  std::string service;  // "s3": paths are signed as they are, and the payload's hash is sent along
  std::string region;
};

enum class PayloadHash { kSigned, kUnsigned };

// `request` with X-Amz-Date, X-Amz-Security-Token, X-Amz-Content-Sha256 and Authorization added,
// and Host. It needs its origin and its target as they go on the wire.
Result<HttpRequest> sign(HttpRequest request, const SigningScope& scope,
                         const Credentials& credentials, std::chrono::system_clock::time_point now,
                         PayloadHash payload);

}  // namespace lakegate
