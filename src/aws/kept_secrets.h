// Secrets as AWS keeps them: Secrets Manager and the Parameter Store of Systems Manager.
#pragma once

#include <string>
#include <string_view>

#include "aws/service_client.h"
#include "lake/error.h"

namespace lakegate {

// The current version of a secret, by its name or ARN, as it is kept: text, or bytes. `client` is
// the service "secretsmanager". kInvalidInput: there is none. No error has the value in it.
Result<std::string> secrets_manager_value(ServiceClient& client, std::string_view id);

// The value of a parameter, decrypted where it is a SecureString. `client` is the service "ssm".
// Likewise.
Result<std::string> parameter_store_value(ServiceClient& client, std::string_view name);

}  // namespace lakegate
