// ~/.aws/config and ~/.aws/credentials, read and merged by aws-c-sdkutils.
#pragma once

#include <aws/sdkutils/aws_profile.h>

#include <string>
#include <string_view>

#include "aws/settings.h"
#include "lake/error.h"
#include "net/crt_handle.h"

namespace lakegate {

class ProfileFiles {
 public:
  // The files that the environment names, or those under HOME; missing ones are empty.
  static Result<ProfileFiles> read(const AwsEnvironment& environment);

  bool has_profile(std::string_view profile) const;
  // Empty where there is none.
  std::string property(std::string_view profile, std::string_view name) const;
  // `name` under the service's heading in the [services …] section that a profile names.
  std::string service_property(std::string_view profile, std::string_view service,
                               std::string_view name) const;
  aws_profile_collection* collection() const { return merged_.get(); }

 private:
  using Collection = CrtPtr<aws_profile_collection, aws_profile_collection_release>;
  Collection merged_;
};

}  // namespace lakegate
