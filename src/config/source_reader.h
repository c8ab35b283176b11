// From checked YAML to a SourceConfig, in parts.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/templates.h"
#include "config/yaml_document.h"

namespace lakegate {

// `entry` has the source's shape. The rest of the dataset is read already. Problems go to the
// document.
SourceConfig read_source(const YamlEntry& entry, const DatasetConfig& dataset,
                         YamlDocument& document);

AuthConfig read_auth(const YAML::Node& auth, bool allow_http, YamlDocument& document);
FetchLimits read_limits(const YAML::Node& limits, YamlDocument& document);
std::vector<ForEach> read_for_each(const YAML::Node& for_each, Combine combine,
                                   YamlDocument& document);
// `parameters` are those that the query has already.
PaginateConfig read_paginate(const YAML::Node& node, const std::set<std::string>& parameters,
                             const Templates& templates, YamlDocument& document);
BodyConfig read_body(const YAML::Node& body, const std::vector<NamedTemplate>& headers,
                     Templates& templates, YamlDocument& document);

// Why `text` is no URL that a source may name, or nothing. `template_text`: it may have variables,
// behind the host.
std::string check_url(std::string_view text, bool allow_http);

// Names under which credentials travel. A literal value there would be a secret in the file.
bool is_credential_header(std::string_view name);
bool is_credential_parameter(std::string_view name);
// Headers that are the client's own business: Host, Content-Length, …
bool is_reserved_header(std::string_view name);

}  // namespace lakegate
