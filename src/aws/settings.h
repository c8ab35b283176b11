// Reading AwsSettings. The rules are those of the SDKs:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html,
// .../feature-region.html
#pragma once

#include <map>
#include <string>

#include "aws/session.h"

namespace lakegate {

using AwsEnvironment = std::map<std::string, std::string>;

// The variables of this process that have to do with AWS, and HOME.
AwsEnvironment aws_environment();

// kInvalidInput for a profile that is in neither file, and for what would otherwise be ignored in
// silence (AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT).
Result<AwsSettings> read_settings(const AwsEnvironment& environment);

}  // namespace lakegate
