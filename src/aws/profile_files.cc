#include "aws/profile_files.h"

#include <aws/common/string.h>
#include <fmt/format.h>

#include <filesystem>

#include "aws/crt_auth.h"
#include "net/crt_runtime.h"

namespace lakegate {
namespace {

using String = CrtPtr<aws_string, aws_string_destroy>;

String make_string(std::string_view text) {
  const aws_byte_cursor cursor = to_cursor(text);
  return String(aws_string_new_from_cursor(aws_default_allocator(), &cursor));
}

std::string value_of(const aws_string* text) {
  return text != nullptr ? aws_string_c_str(text) : std::string();
}

std::string path_of(const AwsEnvironment& environment, const std::string& variable,
                    std::string_view usual) {
  if (const auto named = environment.find(variable);
      named != environment.end() && !named->second.empty())
    return named->second;
  const auto home = environment.find("HOME");
  return home == environment.end() ? std::string() : fmt::format("{}/.aws/{}", home->second, usual);
}

}  // namespace

Result<ProfileFiles> ProfileFiles::read(const AwsEnvironment& environment) {
  start_crt_auth();
  aws_allocator* const allocator = aws_default_allocator();
  const auto read_one = [&](const std::string& variable, std::string_view usual,
                            aws_profile_source_type type) -> Result<Collection> {
    const std::string path = path_of(environment, variable, usual);
    std::error_code ignored;
    if (path.empty() || !std::filesystem::exists(path, ignored)) return Collection();
    Collection made(aws_profile_collection_new_from_file(allocator, make_string(path).get(), type));
    if (!made)
      return invalid_input(
          fmt::format("this AWS profile file cannot be read ({})", crt_message(aws_last_error())),
          {.file = path});
    return made;
  };
  LAKEGATE_TRY(const auto config, read_one("AWS_CONFIG_FILE", "config", AWS_PST_CONFIG));
  LAKEGATE_TRY(const auto credentials,
               read_one("AWS_SHARED_CREDENTIALS_FILE", "credentials", AWS_PST_CREDENTIALS));
  ProfileFiles files;
  files.merged_.reset(
      aws_profile_collection_new_from_merge(allocator, config.get(), credentials.get()));
  if (!files.merged_)
    return invalid_input(fmt::format("the AWS profile files do not go together ({})",
                                     crt_message(aws_last_error())));
  return files;
}

bool ProfileFiles::has_profile(std::string_view profile) const {
  return aws_profile_collection_get_profile(merged_.get(), make_string(profile).get()) != nullptr;
}

std::string ProfileFiles::property(std::string_view profile, std::string_view name) const {
  const aws_profile* found =
      aws_profile_collection_get_profile(merged_.get(), make_string(profile).get());
  if (found == nullptr) return {};
  const aws_profile_property* value = aws_profile_get_property(found, make_string(name).get());
  return value != nullptr ? value_of(aws_profile_property_get_value(value)) : std::string();
}

std::string ProfileFiles::service_property(std::string_view profile, std::string_view service,
                                           std::string_view name) const {
  const std::string section = property(profile, "services");
  if (section.empty()) return {};
  const aws_profile* found = aws_profile_collection_get_section(
      merged_.get(), AWS_PROFILE_SECTION_TYPE_SERVICES, make_string(section).get());
  if (found == nullptr) return {};
  const aws_profile_property* heading = aws_profile_get_property(found, make_string(service).get());
  if (heading == nullptr) return {};
  return value_of(aws_profile_property_get_sub_property(heading, make_string(name).get()));
}

}  // namespace lakegate
