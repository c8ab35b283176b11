// Secrets by reference: where they are kept is known to lake.yaml, what they are only to a process.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "config/source.h"
#include "lake/error.h"

namespace lakegate {

// Thread-safe. Implementations: local_secrets for env: and file:; the AWS services' are made where
// adapters are named.
class SecretSource {
 public:
  virtual ~SecretSource() = default;
  // Without the line feed at its end, without `prefix`. An error names the reference, never a
  // value. kInvalidInput: not set, empty, not text that may stand in a header.
  virtual Result<std::string> get(const SecretRef& ref) = 0;
};

std::unique_ptr<SecretSource> local_secrets();

std::string to_string(const SecretRef& ref);  // "{env: API_KEY}"

// Knows the secrets of a fetch, and takes them out of whatever is shown or kept. Thread-safe.
class Redactor {
 public:
  // Also as they look percent-encoded, in JSON and in Base64 behind a colon (basic). Secrets of
  // fewer than four bytes are not looked for: they would be found everywhere.
  void add(std::string_view secret);
  // Each secret as "***".
  std::string redact(std::string_view text) const;
  bool finds_any(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::greater<>> forms_;
};

}  // namespace lakegate
