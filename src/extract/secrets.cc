#include "extract/secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lake/json_text.h"
#include "net/uri_encoding.h"

namespace lakegate {
namespace {

constexpr std::size_t kLongestSecret = 64 * 1024;

std::string_view to_string(SecretRef::From from) {
  switch (from) {
    case SecretRef::From::kEnv:
      return "env";
    case SecretRef::From::kFile:
      return "file";
    case SecretRef::From::kSecretsManager:
      return "secretsmanager";
    case SecretRef::From::kSsm:
      return "ssm";
  }
  return "env";
}

class LocalSecrets : public SecretSource {
 public:
  Result<std::string> get(const SecretRef& ref) override {
    if (ref.from == SecretRef::From::kEnv) return from_environment(ref);
    if (ref.from == SecretRef::From::kFile) return from_file(ref);
    return invalid_input(fmt::format("the secret {} cannot be had here", lakegate::to_string(ref)));
  }

 private:
  static Result<std::string> from_environment(const SecretRef& ref) {
    const char* const value = std::getenv(ref.name.c_str());
    if (value == nullptr)
      return invalid_input(
          fmt::format("the environment variable {} is not set, which has the "
                      "secret {}; set it",
                      ref.name, lakegate::to_string(ref)));
    return usable_secret(ref, value);
  }

  static Result<std::string> from_file(const SecretRef& ref) {
    std::ifstream file(ref.name, std::ios::binary);
    std::string kept(kLongestSecret + 1, '\0');
    file.read(kept.data(), static_cast<std::streamsize>(kept.size()));
    const auto length = static_cast<std::size_t>(file.gcount());
    if (length == 0 && !file.eof())
      return invalid_input(
          fmt::format("the file of the secret {} cannot be read; is it there, and "
                      "may this user read it?",
                      lakegate::to_string(ref)));
    kept.resize(length);
    return usable_secret(ref, kept);
  }
};

}  // namespace

std::unique_ptr<SecretSource> local_secrets() {
  return std::make_unique<LocalSecrets>();
}

std::string to_string(const SecretRef& ref) {
  const std::string key = ref.key.empty() ? "" : ", key: " + ref.key;
  return fmt::format("{{{}: {}{}}}", to_string(ref.from), ref.name, key);
}

Result<std::string> usable_secret(const SecretRef& ref, std::string_view kept) {
  const auto refuse = [&](std::string_view why) {
    return invalid_input(fmt::format("the secret {} {}", to_string(ref), why));
  };
  std::string secret(kept);
  if (!ref.key.empty()) {
    const auto object = nlohmann::ordered_json::parse(kept, nullptr, false);
    if (!object.is_object()) return refuse("is no JSON object, in which the key could be");
    const auto member = object.find(ref.key);
    if (member == object.end() || !member->is_string()) return refuse("has no text under that key");
    secret = member->get<std::string>();
  }
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) return refuse("is empty");
  if (secret.size() > kLongestSecret)
    return refuse(fmt::format("is longer than {} bytes", kLongestSecret));
  const bool one_line = std::ranges::none_of(secret, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (!one_line)
    return refuse("has a line feed or another control character in it, which no request may have");
  return secret;
}

void Redactor::add(std::string_view secret) {
  constexpr std::size_t kLeast = 4;
  if (secret.size() < kLeast) return;
  std::string quoted;
  append_json_string(secret, quoted);
  const std::lock_guard guard(mutex_);
  for (const std::string& form :
       {std::string(secret), uri_encode(secret), quoted.substr(1, quoted.size() - 2)}) {
    if (std::ranges::find(forms_, form) != forms_.end()) continue;
    const auto shorter = [](const std::string& a, const std::string& b) {
      return a.size() > b.size();
    };
    forms_.insert(std::ranges::upper_bound(forms_, form, shorter), form);
  }
}

std::string Redactor::redact(std::string text) const {
  constexpr std::string_view kHidden = "***";
  const std::lock_guard guard(mutex_);
  for (const std::string& form : forms_)
    for (std::size_t at = text.find(form); at != std::string::npos;
         at = text.find(form, at + kHidden.size()))
      text.replace(at, form.size(), kHidden);
  return text;
}

bool Redactor::finds_any(std::string_view text) const {
  const std::lock_guard guard(mutex_);
  return std::ranges::any_of(
      forms_, [&](const std::string& form) { return text.find(form) != std::string_view::npos; });
}

}  // namespace lakegate
