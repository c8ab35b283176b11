#include "tables/dynamodb/dynamodb_tables.h"

#include <fmt/format.h>

#include "tables/dynamodb/dynamodb_load.h"
#include "tables/dynamodb/table_admin.h"

namespace lakegate {
namespace {

using namespace dynamodb;

std::string text_of(const std::vector<KeyColumn>& key) {
  std::string text;
  for (const KeyColumn& column : key)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", column.name, column.type);
  return "(" + text + ")";
}

// Whether the table has no rows at all.
Result<bool> is_empty(ServiceClient& client, const std::string& table) {
  std::string body = R"({"Limit":1,"ConsistentRead":true,"Select":"COUNT","TableName":")";
  LAKEGATE_TRY(const AwsReply reply,
               client.call(request_of("Scan", body + table + "\"}"), {.attempts = 8}));
  if (reply.fault) return tl::unexpected(to_error(*reply.fault, "read the table " + table));
  return reply.http.body.find("\"LastEvaluatedKey\"") == std::string::npos &&
         reply.http.body.find("\"Count\":0") != std::string::npos;
}

class DynamoTable : public Table {
 public:
  explicit DynamoTable(LoadContext context) : context_(std::move(context)) {}

  const TableDefinition& definition() const override { return context_.definition; }

  Result<std::unique_ptr<TableLoad>> begin(const LoadStart& start) override {
    BegunLoad begun{.start = start};
    if (start.replaces == Replaces::kLandingKey) LAKEGATE_CHECK(begin_mark(begun));
    return make_load(context_, std::move(begun));
  }

 private:
  Result<void> begin_mark(BegunLoad& begun) {
    LandingMarks marks(*context_.client, context_.marks_table, context_.definition.name.str());
    const std::string& source = begun.start.arrival.key.str();
    const std::string order = RowOrder::of(begun.start.arrival, begun.start.generation);
    begun.has_mark = true;
    LAKEGATE_TRY(const auto before, marks.begin(source, order));
    if (before) {
      begun.superseded = before->newest > order;
      if (begun.superseded) begun.newest = before->newest;
      // A superseded load brings nothing, but an earlier attempt of it may have left something.
      begun.may_have_rows = !begun.superseded || before->begun.contains(order);
      return {};
    }
    LAKEGATE_TRY(const bool complete, marks.are_complete());
    if (complete) return {};
    LAKEGATE_TRY(const bool empty, is_empty(*context_.client, context_.definition.name.str()));
    if (empty) return marks.declare_complete();
    begun.may_have_rows = true;
    return {};
  }

  LoadContext context_;
};

class DynamoServer : public TableServer {
 public:
  DynamoServer(std::shared_ptr<ServiceClient> client, DynamoOptions options)
      : client_(std::move(client)), options_(std::move(options)) {}

  std::string describe() const override { return options_.place; }

  Result<std::unique_ptr<Table>> open(const TableDefinition& definition) override {
    LAKEGATE_CHECK(check_definition(definition));
    LAKEGATE_TRY(const std::vector<KeyColumn> key, key_of(definition));
    LAKEGATE_CHECK(find_or_make(definition.name.str(), key));
    if (options_.create && definition.replaces == Replaces::kLandingKey)
      LAKEGATE_CHECK(make_marks_table());
    if (options_.create && !definition.ttl.empty())
      LAKEGATE_CHECK(turn_ttl_on(*client_, definition.name.str(), std::string(kExpires)));
    LoadContext context{.client = client_,
                        .definition = definition,
                        .marks_table = marks_table(),
                        .writer = options_.writer};
    context.writer.max_write_units = definition.max_write_units;
    return std::make_unique<DynamoTable>(std::move(context));
  }

 private:
  std::string marks_table() const { return options_.table_prefix + std::string(kMarksTable); }

  Result<void> make_marks_table() {
    LAKEGATE_TRY(const auto there, describe_table(*client_, marks_table()));
    if (there) return {};
    LAKEGATE_CHECK(create_table(*client_, marks_table(), {{"table", "S"}, {"source", "S"}}));
    return {};
  }

  Result<void> find_or_make(const std::string& table, const std::vector<KeyColumn>& key) {
    LAKEGATE_TRY(auto there, describe_table(*client_, table));
    if (!there && options_.create) {
      LAKEGATE_TRY(const bool is_new, create_table(*client_, table, key));
      if (is_new) return LandingMarks(*client_, marks_table(), table).forget_all();
      LAKEGATE_TRY(there, describe_table(*client_, table));
    }
    if (!there)
      return fail(ErrorKind::kPermanent,
                  fmt::format("there is no table {} in {}; `lakegate load DATASET --create` makes "
                              "it (on demand), or make it yourself with the key {}",
                              table, options_.place, text_of(key)));
    if (there->key != key)
      return invalid_input(fmt::format(
          "the table {} in {} has the key {}, but {} is asked for; choose another table name, or "
          "delete the table there and make it anew with `lakegate load DATASET --create`",
          table, options_.place, text_of(there->key), text_of(key)));
    return {};
  }

  std::shared_ptr<ServiceClient> client_;
  DynamoOptions options_;
};

}  // namespace

std::unique_ptr<TableServer> open_dynamodb_tables(std::shared_ptr<ServiceClient> client,
                                                  DynamoOptions options) {
  return std::make_unique<DynamoServer>(std::move(client), std::move(options));
}

}  // namespace lakegate
