// Tells others on an EventBridge bus of what has become part of the lake.
#pragma once

#include <memory>
#include <string>

#include "aws/service_client.h"
#include "lake/records.h"

namespace lakegate {

// The entry of a committed run: source "lakegate", detail type "run.committed", and in the detail
// lake, dataset, arrival_id, generation, key, partitions, rows_written, rows_rejected. Of many
// partitions the first kMostPartitions, and `partitions_left_out`: an entry may have 256 KB.
inline constexpr std::size_t kMostPartitions = 1'000;
AwsRequest put_events_request(const std::string& bus, const std::string& lake,
                              const RunRecord& run);

// Nothing where the bus took the entry; EventBridge says 200 also where it took none.
Result<void> check_put_events(const AwsReply& reply);

// The event is put when the call returns. It may be put more than once for one run.
Result<void> announce(ServiceClient& events, const std::string& bus, const std::string& lake,
                      const RunRecord& run);

}  // namespace lakegate
