// A ByteSink as Arrow's output stream.
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <memory>
#include <optional>

#include "formats/parquet/writer.h"

namespace lakegate {

class SinkStream final : public arrow::io::OutputStream {
 public:
  explicit SinkStream(ByteSink& sink) : sink_(&sink) {}

  // From now on what is written goes nowhere: the writer was given up.
  void abandon() { sink_ = nullptr; }
  // What the sink said, which Arrow's Status cannot carry.
  const std::optional<Error>& error() const { return error_; }

  arrow::Status Write(const void* data, std::int64_t count) override {
    position_ += count;
    if (sink_ == nullptr) return arrow::Status::OK();
    auto written =
        sink_->write({static_cast<const std::byte*>(data), static_cast<std::size_t>(count)});
    if (written) return arrow::Status::OK();
    error_ = std::move(written).error();
    return arrow::Status::IOError(error_->message);
  }
  arrow::Status Write(const std::shared_ptr<arrow::Buffer>& data) override {
    return Write(data->data(), data->size());
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

 private:
  ByteSink* sink_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace lakegate
