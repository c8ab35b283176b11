// A function that invokes itself: work that does not fit into one invocation goes on in the next.
#pragma once

#include <string>

#include "aws/service_client.h"

namespace lakegate {

// Asynchronously: Lambda keeps the event, and tries again what fails.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
AwsRequest invoke_request(const std::string& function, const std::string& event);

// Lambda has taken the event when this returns; it may take it twice.
Result<void> invoke_again(ServiceClient& lambda, const std::string& function,
                          const std::string& event);

}  // namespace lakegate
