#include "aws/signer.h"

#include <aws/auth/credentials.h>
#include <fmt/format.h>
#include <nettle/hmac.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "lake/digest.h"
#include "net/crt_handle.h"

namespace lakegate {
namespace {

using Mac = std::array<std::uint8_t, SHA256_DIGEST_SIZE>;

hmac_sha256_ctx keyed(std::span<const std::uint8_t> key) {
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key.size(), key.data());
  return context;
}

Mac mac_of(hmac_sha256_ctx context, std::string_view text) {
  Mac mac{};
  hmac_sha256_update(&context, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  hmac_sha256_digest(&context, mac.size(), mac.data());
  return mac;
}

std::string date_of(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// No blanks that a canonical form would take out.
bool is_plain(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_json_call(const HttpRequest& request) {
  return request.method == "POST" && request.target == "/" && request.headers.size() == 2 &&
         request.headers[0].name == "Content-Type" && is_plain(request.headers[0].value) &&
         request.headers[1].name == "X-Amz-Target" && is_plain(request.headers[1].value);
}

}  // namespace

struct Signer::DayKey {
  Credentials credentials;
  std::chrono::sys_days day;
  std::string date;  // 20260102
  std::string scope;
  hmac_sha256_ctx context;
  std::string token;
  std::string authorization;  // up to the signature
  std::string signed_headers;
};

Signer::Signer(SigningScope scope) : scope_(std::move(scope)) {}
Signer::~Signer() = default;

std::shared_ptr<const Signer::DayKey> Signer::key_of(const Credentials& credentials,
                                                     std::chrono::sys_days day) {
  const std::lock_guard guard(mutex_);
  if (key_ != nullptr && key_->credentials == credentials && key_->day == day) return key_;
  auto key = std::make_shared<DayKey>();
  key->credentials = credentials;
  key->day = day;
  key->date = date_of(day);
  key->scope = fmt::format("{}/{}/{}/aws4_request", key->date, scope_.region, scope_.service);
  std::string secret = "AWS4";
  secret += to_view(aws_credentials_get_secret_access_key(credentials.get()));
  Mac mac = mac_of(keyed({reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()}),
                   key->date);
  mac = mac_of(keyed(mac), scope_.region);
  mac = mac_of(keyed(mac), scope_.service);
  key->context = keyed(mac_of(keyed(mac), "aws4_request"));
  key->token = to_view(aws_credentials_get_session_token(credentials.get()));
  key->signed_headers = fmt::format("content-type;host;x-amz-date{};x-amz-target",
                                    key->token.empty() ? "" : ";x-amz-security-token");
  key->authorization =
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature=",
                  to_view(aws_credentials_get_access_key_id(credentials.get())), key->scope,
                  key->signed_headers);
  key_ = key;
  return key;
}

Result<HttpRequest> Signer::sign(HttpRequest request, const Credentials& credentials,
                                 std::chrono::system_clock::time_point now, PayloadHash payload) {
  if (scope_.service == "s3" || payload != PayloadHash::kSigned || !is_json_call(request))
    return lakegate::sign(std::move(request), scope_, credentials, now, payload);
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::shared_ptr<const DayKey> key = key_of(credentials, day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now) - day);
  const std::string date = fmt::format("{}T{:02}{:02}{:02}Z", key->date, time.hours().count(),
                                       time.minutes().count(), time.seconds().count());
  const std::string host = host_header(request.origin);
  std::string canonical = fmt::format("POST\n/\n\ncontent-type:{}\nhost:{}\nx-amz-date:{}\n",
                                      request.headers[0].value, host, date);
  if (!key->token.empty()) canonical += fmt::format("x-amz-security-token:{}\n", key->token);
  canonical += fmt::format("x-amz-target:{}\n\n{}\n{}", request.headers[1].value,
                           key->signed_headers, sha256_hex(request.body ? *request.body : ""));
  const Mac signature = mac_of(key->context, fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date,
                                                         key->scope, sha256_hex(canonical)));
  request.headers.reserve(6);
  request.headers.insert(request.headers.begin(), {"Host", host});
  if (!key->token.empty()) request.headers.push_back({"X-Amz-Security-Token", key->token});
  request.headers.push_back({"X-Amz-Date", date});
  request.headers.push_back({"Authorization", key->authorization + hex_of(signature)});
  return request;
}

}  // namespace lakegate
