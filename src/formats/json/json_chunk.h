#pragma once

#include <memory>
#include <string>

#include "formats/json/record.h"
#include "formats/json/syntax.h"
#include "formats/json/walk.h"
#include "formats/records.h"

namespace lakegate::json {

class MemberBuilder;

class JsonChunk : public Chunk {
 public:
  // `block` is padded here for the parser.
  JsonChunk(std::shared_ptr<const std::string> file, Layout layout, Block block);

  Result<DecodedChunk> decode(const DecodePlan& plan) const override;
  Result<void> observe(Observed& root) const override;
  Result<bool> observe_names(std::uint64_t bytes, Observed& root) const override;

 private:
  // The record's object on its way through `parser`. False: it is none, or not JSON.
  bool start(const Record& record, ondemand::parser& parser, ondemand::document& document,
             ondemand::object& object) const;
  // Why the record cannot be accepted whatever the schema: a reject, or nothing, or the file is
  // refused.
  Result<std::optional<Reject>> judge(std::size_t index) const;
  Reject reject(std::size_t index, RejectReason reason, std::string message) const;
  void reserve_elements(MemberBuilder& builder, std::size_t index) const;
  Result<bool> observe_all(Observed& root, std::vector<bool>& bad) const;

  std::shared_ptr<const std::string> file_;
  Layout layout_;
  Block block_;
};

// `problem` of the record as a message with its place in the file: "NaN is not JSON (line 12, byte
// offset 345): write null, or quote it".
Error problem_error(const Problem& problem, const Record& record, std::string_view text,
                    const std::string& file);

}  // namespace lakegate::json
