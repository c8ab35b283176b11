// A lake in memory with curated files and run records, made without convert.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "config/config.h"
#include "fakes/batches.h"
#include "formats/parquet/writer.h"
#include "lake/layout.h"
#include "lake/records.h"
#include "stores/memory_store.h"

namespace lakegate {

class CuratedLake {
 public:
  // One version of a landed object, and what convert made of it: rows (JSON) by partition.
  struct Run {
    int second = 0;  // of its arrival
    std::string key = "landing/d/a.csv";
    std::map<std::string, std::string> rows = {};
    int generation = 1;
  };

  ObjectStore& store() { return *store_; }
  static Arrival arrival(int second, const std::string& key) {
    Arrival arrival{.dataset = DatasetName("d"),
                    .key = ObjectKey(key),
                    .arrived_at = Instant(std::chrono::seconds(1'700'000'000 + second))};
    arrival.id = make_arrival_id(arrival.dataset, arrival.key, "", 0, arrival.arrived_at);
    return arrival;
  }

  // Files hold the columns of `schema`. A run of an older generation is taken back first.
  RunRecord commit(const Run& run, const Schema& schema) {
    RunRecord record{.arrival = arrival(run.second, run.key), .generation = run.generation};
    const ObjectKey record_key = layout::run_key(DatasetName("d"), record.arrival.id);
    if (const auto old = store_->get(record_key)) {
      const auto superseded = run_from_json(old->bytes, record_key);
      for (const OutputFile& output : superseded->outputs) EXPECT_TRUE(store_->remove(output.key));
    }
    for (const auto& [partition, rows] : run.rows) {
      OutputFile output{.key = layout::curated_key({.dataset = DatasetName("d"),
                                                    .partition = partition,
                                                    .stem = "a",
                                                    .arrival = record.arrival.id,
                                                    .generation = run.generation}),
                        .partition = partition};
      const auto batch = batch_of(schema, rows);
      output.rows = static_cast<std::uint64_t>(batch->num_rows());
      record.counts.rows_in += output.rows;
      record.counts.rows_written += output.rows;
      const auto pending = store_->create(output.key).value();
      const auto writer = ParquetFileWriter::open(batch->schema(), *pending, {}).value();
      EXPECT_TRUE(writer->write(*batch));
      EXPECT_TRUE(writer->close());
      EXPECT_TRUE(pending->seal());
      EXPECT_TRUE(pending->publish());
      record.outputs.push_back(output);
    }
    EXPECT_TRUE(store_->put(record_key, to_json(record)));
    return record;
  }

  void remember(const Schema& schema) {
    RememberedSchema remembered;
    remembered.versions.push_back({.version = 1, .schema = schema, .because = "a test"});
    EXPECT_TRUE(store_->put(layout::schema_key(DatasetName("d")), to_json(remembered)));
  }

  // Served from the table T by id.
  static DatasetConfig dataset(const std::string& more = "") {
    const auto config = parse_config(
        {.text = "datasets:\n  d:\n    landing: d/*\n    serve: {table: T, key: [id]}\n" + more,
         .file = "lake.yaml"});
    EXPECT_TRUE(config) << config.error().to_string();
    return config->datasets.at(0);
  }

 private:
  std::unique_ptr<ObjectStore> store_ = make_memory_store();
};

}  // namespace lakegate
