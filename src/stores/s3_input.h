#pragma once

#include <memory>

#include "formats/input.h"
#include "lake/ids.h"
#include "stores/s3_client.h"

namespace lakegate {

// The version that is there now. Its first block comes with the opening, so that a small object
// costs one request; streams read ahead; small reads in places share blocks.
Result<std::shared_ptr<Input>> open_s3_input(std::shared_ptr<const S3Client> client,
                                             const ObjectKey& key);

}  // namespace lakegate
