// What the values of a record are, added to an Observed tree.
#pragma once

#include "formats/json/walk.h"
#include "schema/observed.h"

namespace lakegate::json {

// Adds the members of `object` to the fields of `observed`. False: it is not valid JSON, or has
// duplicate keys; part of it may then have been added.
bool observe_members(ondemand::object& object, Observed& observed, OpenKeys& keys,
                     std::string& scratch, int depth = 1);

// The same of the members' names alone: what they hold is skipped, and not judged.
bool observe_names(ondemand::object& object, Observed& observed, OpenKeys& keys);

}  // namespace lakegate::json
