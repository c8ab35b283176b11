// What fetches need of the world besides the API itself: secrets, and signatures for AWS.
#pragma once

#include <memory>

#include "extract/auth.h"
#include "extract/secrets.h"

namespace lakegate::cli {

// Of the environment, of files, of Secrets Manager and the Parameter Store. Nothing of AWS starts
// before a secret of AWS is asked for.
std::unique_ptr<SecretSource> open_secrets();

// With the credentials of this process. Nothing of AWS starts before the first request.
std::unique_ptr<RequestSigner> open_signer();

}  // namespace lakegate::cli
