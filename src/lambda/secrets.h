// What must not be read in logs and answers, whatever an error message happens to quote.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace lakegate {

// The values of environment variables that are secrets by their name: AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN, and whatever has SECRET, TOKEN, PASSWORD, PASSWD, CREDENTIAL, PRIVATE or
// API_KEY in it. Values too short to be recognised among others (under 6 bytes) are left.
class Secrets {
 public:
  Secrets() = default;
  explicit Secrets(const Environment& variables);

  // `text` with each of them replaced by "***", as it stands and as JSON would escape it.
  std::string hidden_in(std::string text) const;

 private:
  std::vector<std::string> values_;  // longest first, since one may contain another
};

}  // namespace lakegate
