// Glue as the catalog of a lake (https://docs.aws.amazon.com/glue/latest/webapi/). The database is
// there already: the deployment makes it.
#pragma once

#include <memory>
#include <string>

#include "aws/service_client.h"
#include "catalog/catalog.h"

namespace lakegate {

// `glue` is the session's service "glue". Per call: a GetTable for a table that this process has
// not seen yet in its present form, a BatchGetPartition for such partitions, and what these show to
// be missing.
std::unique_ptr<Catalog> make_glue_catalog(std::shared_ptr<ServiceClient> glue,
                                           std::string database);

}  // namespace lakegate
