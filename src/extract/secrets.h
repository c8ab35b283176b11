// Secrets by reference: where they are kept is known to lake.yaml, what they are only to a process.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/source.h"
#include "lake/error.h"

namespace lakegate {

// Thread-safe. Implementations: local_secrets for env: and file:; those of AWS's services are made
// where adapters are named.
class SecretSource {
 public:
  virtual ~SecretSource() = default;
  // As usable_secret gives it. An error names the reference, never a value.
  virtual Result<std::string> get(const SecretRef& ref) = 0;
};

std::unique_ptr<SecretSource> local_secrets();

// What is kept as a secret, without the line end behind it and with `ref.key` looked up in it, if
// it can stand in a request. kInvalidInput: empty, several lines, not a JSON object with that key.
Result<std::string> usable_secret(const SecretRef& ref, std::string_view kept);

std::string to_string(const SecretRef& ref);  // "{env: API_KEY}"

// Knows the secrets of a fetch, and takes them out of whatever is shown or kept. Thread-safe.
class Redactor {
 public:
  // Also as they look percent-encoded and in JSON. Secrets of fewer than four bytes are not looked
  // for: they would be found everywhere.
  void add(std::string_view secret);
  // Each secret as "***".
  std::string redact(std::string text) const;
  bool finds_any(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> forms_;  // the longest first, since one may be a part of another
};

}  // namespace lakegate
