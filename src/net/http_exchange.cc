#include "net/http_exchange.h"

#include <aws/http/connection.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "net/http_error.h"

namespace lakegate {
namespace {

// What ends a message about a limit.
std::string set_by(std::string_view setting) {
  return setting.empty() ? std::string() : fmt::format(" ({})", setting);
}

constexpr std::size_t kUsualHeaders = 12;  // of a reply; they come one by one

bool takes_a_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

std::chrono::microseconds since(HttpExchange::Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(HttpExchange::Clock::now() - start);
}

}  // namespace

void HttpExchange::start(std::unique_ptr<HttpExchange> exchange, HttpConnectionSource& source,
                         aws_http_connection* connection) {
  exchange.release()->send_on(source, connection);
}

void HttpExchange::refuse(std::unique_ptr<HttpExchange> exchange, Error error) {
  exchange.release()->finish(Failure(std::move(error)));
}

int HttpExchange::make_message() {
  aws_allocator* const allocator = aws_default_allocator();
  message_.reset(aws_http_message_new_request(allocator));
  const auto add = [&](std::string_view name, std::string_view value) {
    return aws_http_message_add_header(
        message_.get(), {.name = to_cursor(name), .value = to_cursor(value), .compression = {}});
  };
  if (aws_http_message_set_request_method(message_.get(), to_cursor(request_->method)) ||
      aws_http_message_set_request_path(message_.get(), to_cursor(request_->target)))
    return AWS_OP_ERR;
  if (!has_header(request_->headers, "host") && add("Host", source_->host())) return AWS_OP_ERR;
  for (const HttpHeader& header : request_->headers)
    if (add(header.name, header.value)) return AWS_OP_ERR;
  if (owner_->options().decode && !has_header(request_->headers, "accept-encoding") &&
      add("Accept-Encoding", "gzip, zstd"))
    return AWS_OP_ERR;
  const std::size_t length = request_->body ? request_->body->size() : 0;
  if ((length > 0 || takes_a_body(request_->method)) &&
      add("Content-Length", std::to_string(length)))
    return AWS_OP_ERR;
  if (length > 0) {
    const aws_byte_cursor bytes = to_cursor(*request_->body);
    body_.reset(aws_input_stream_new_from_cursor(allocator, &bytes));
    aws_http_message_set_body_stream(message_.get(), body_.get());
  }
  message_ = with_large_headers_sent_as_they_are(std::move(message_), connection_);
  return message_ ? AWS_OP_SUCCESS : AWS_OP_ERR;
}

void HttpExchange::send_on(HttpConnectionSource& source, aws_http_connection* connection) {
  source_ = &source;
  connection_ = connection;
  sent_ = Clock::now();
  if (make_message() == AWS_OP_SUCCESS) {
    aws_http_make_request_options options = {};
    options.self_size = sizeof(options);
    options.request = message_.get();
    options.user_data = this;
    options.on_response_headers = on_headers;
    options.on_response_body = on_body;
    options.on_complete = on_complete;
    options.on_destroy = on_destroy;
    stream_ = aws_http_connection_make_request(connection, &options);
  }
  if (stream_ == nullptr) return completed(aws_last_error());
  ++holders_;
  owner_->began(*this);
  aws_http_stream* const stream = stream_;
  if (aws_http_stream_activate(stream) != AWS_OP_SUCCESS) {
    completed(aws_last_error());
    aws_http_stream_release(stream);  // on_destroy follows
  }
}

int HttpExchange::on_headers(aws_http_stream* /*stream*/, aws_http_header_block block,
                             const aws_http_header* headers, std::size_t count, void* self) {
  if (block != AWS_HTTP_HEADER_BLOCK_MAIN) return AWS_OP_SUCCESS;
  auto& exchange = *static_cast<HttpExchange*>(self);
  if (exchange.reply_.first_byte.count() == 0)
    exchange.reply_.first_byte = std::max(since(exchange.sent_), std::chrono::microseconds(1));
  exchange.reply_.headers.reserve(kUsualHeaders);
  for (const aws_http_header& header : std::span(headers, count))
    exchange.reply_.headers.push_back(
        {std::string(to_view(header.name)), std::string(to_view(header.value))});
  return AWS_OP_SUCCESS;
}

int HttpExchange::on_body(aws_http_stream* /*stream*/, const aws_byte_cursor* data, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  const HttpOptions& options = exchange.owner_->options();
  std::string& body = exchange.reply_.body;
  if (body.size() + data->len > options.max_reply_bytes) {
    exchange.cause_ =
        Error{ErrorKind::kPermanent,
              fmt::format("{}: its reply is longer than {} bytes{}", host_header(exchange.origin()),
                          options.max_reply_bytes, set_by(options.max_reply_setting)),
              {}};
    return aws_raise_error(AWS_ERROR_SHORT_BUFFER);
  }
  if (body.size() + data->len > body.capacity()) exchange.make_room(data->len);
  body.append(to_view(*data));
  if (options.memory) {
    options.memory->take(data->len);
    exchange.taken_ += data->len;
    exchange.want_more(data->len);
  }
  return AWS_OP_SUCCESS;
}

// Twice rather than by doubling: what is reserved and not filled yet is memory that was used
// before, so that replies which wait after their first bytes must not have reserved for all of
// them.
void HttpExchange::make_room(std::size_t more) {
  std::string& body = reply_.body;
  const std::string_view length = reply_.header("content-length");
  std::size_t whole = 0;
  std::from_chars(length.data(), length.data() + length.size(), whole);
  whole = std::min(whole, owner_->options().max_reply_bytes);
  if (body.empty() && owner_->options().memory) whole = std::min(whole, 2 * kReplyWindow);
  if (whole >= body.size() + more) body.reserve(whole);
}

// Small replies come within the first window and never get here beyond the addition.
void HttpExchange::want_more(std::size_t received) {
  unwidened_ += received;
  if (unwidened_ < kReplyWindow / 2 || waits_) return;
  if (has_to_wait()) return;
  aws_http_stream_update_window(stream_, std::exchange(unwidened_, 0));
}

bool HttpExchange::has_to_wait() {
  const auto& memory = owner_->options().memory;
  if (!memory || memory->may_read(request_->order)) return false;
  waits_ = true;
  waits_since_ = Clock::now();
  owner_->waits_for_memory(*this);
  return true;
}

void HttpExchange::read_on() {
  waits_ = false;
  waited_ += Clock::now() - waits_since_;
  if (stream_ != nullptr)
    aws_http_stream_update_window(stream_, std::exchange(unwidened_, 0));
  else
    succeed();
}

void HttpExchange::cancel() {
  if (stream_ != nullptr) {
    aws_http_stream_cancel(stream_, AWS_ERROR_HTTP_STREAM_CANCELLED);
  } else if (waits_) {
    waits_ = false;
    owner_->ended(*this);
    finish(Failure(source_->connection_error(AWS_ERROR_HTTP_STREAM_CANCELLED)));
  }
}

void HttpExchange::give_up_if_late(Clock::time_point now) {
  if (stream_ == nullptr || waits_ || cause_) return;
  const HttpOptions& options = owner_->options();
  const auto late = [&](std::chrono::milliseconds most, std::string_view what,
                        std::string_view setting) {
    if (most.count() == 0 || now - sent_ - waited_ < most) return false;
    cause_ = Error{ErrorKind::kRetryable,
                   fmt::format("{}: {}: {} {} s{}", host_header(origin()), kNoReplyInTime, what,
                               std::chrono::duration<double>(most).count(), set_by(setting)),
                   {}};
    aws_http_stream_cancel(stream_, AWS_ERROR_HTTP_STREAM_CANCELLED);
    return true;
  };
  if (reply_.first_byte.count() == 0 &&
      late(options.first_byte_timeout, "nothing came for", options.first_byte_setting))
    return;
  late(options.total_timeout, "it was not complete after", options.total_setting);
}

void HttpExchange::on_complete(aws_http_stream* stream, int error_code, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  if (error_code == AWS_ERROR_SUCCESS &&
      aws_http_stream_get_incoming_response_status(stream, &exchange.reply_.status))
    error_code = aws_last_error();
  exchange.completed(error_code);
  aws_http_stream_release(stream);
}

void HttpExchange::on_destroy(void* self) {
  static_cast<HttpExchange*>(self)->release_one();
}

void HttpExchange::completed(int error_code) {
  const bool begun = stream_ != nullptr;
  const bool lacks_body = error_code == AWS_ERROR_SUCCESS && is_unframed();
  stream_ = nullptr;
  if (!owner_->keeps_connections() && begun &&
      aws_http_connection_get_version(connection_) != AWS_HTTP_VERSION_2)
    aws_http_connection_close(connection_);
  // First the connection, so that what the callback sends next finds it free.
  source_->give_back(connection_);
  if (begun) owner_->ended(*this);
  waits_ = false;
  if (error_code != AWS_ERROR_SUCCESS)
    return finish(Failure(cause_ ? *cause_ : source_->connection_error(error_code)));
  if (lacks_body)
    return finish(Failure(
        Error{ErrorKind::kPermanent,
              fmt::format("{}: its reply says neither how long it is (Content-Length) nor comes in "
                          "chunks, so that nobody could tell its end from a lost connection; "
                          "nothing of it was taken",
                          host_header(origin())),
              {}}));
  reply_.took = since(sent_) - std::chrono::duration_cast<std::chrono::microseconds>(waited_);
  // Decompressing may take much more memory than has been asked for so far.
  if (is_coded() && has_to_wait()) return;
  succeed();
}

bool HttpExchange::is_coded() const {
  return owner_->options().decode && !reply_.body.empty() &&
         !reply_.header("content-encoding").empty();
}

bool HttpExchange::is_unframed() const {
  constexpr int kNoContent = 204;
  return owner_->options().refuses_unframed && reply_.status >= 200 && reply_.status < 300 &&
         reply_.status != kNoContent && request_->method != "HEAD" &&
         aws_http_connection_get_version(connection_) != AWS_HTTP_VERSION_2 &&
         !has_header(reply_.headers, "content-length") &&
         !has_header(reply_.headers, "transfer-encoding");
}

void HttpExchange::succeed() {
  const HttpOptions& options = owner_->options();
  if (is_coded()) {
    auto decoded = owner_->decoder().decode(reply_.header("content-encoding"),
                                            std::move(reply_.body), options.max_reply_bytes);
    if (!decoded) {
      Error& error = decoded.error();
      error.message = host_header(origin()) + ": " + error.message;
      if (is_too_long(error)) error.message += set_by(options.max_reply_setting);
      return finish(Failure(std::move(decoded).error()));
    }
    reply_.body = *std::move(decoded);
    std::erase_if(reply_.headers, [](const HttpHeader& header) {
      return same_header_name(header.name, "content-encoding") ||
             same_header_name(header.name, "content-length");
    });
    if (options.memory) {
      options.memory->take(reply_.body.size());
      options.memory->give_back(std::exchange(taken_, reply_.body.size()));
    }
  }
  if (reply_.body.capacity() > reply_.body.size() + reply_.body.size() / 2)
    reply_.body.shrink_to_fit();
  finish(std::move(reply_));
}

void HttpExchange::finish(Result<HttpReply> outcome) {
  if (!outcome && taken_ > 0) {
    reply_.body = std::string();
    owner_->options().memory->give_back(std::exchange(taken_, 0));
  }
  const HttpCallback done = std::move(done_);
  done(std::move(outcome));
  owner_->gone();
  release_one();
}

void HttpExchange::release_one() {
  if (--holders_ == 0) delete this;
}

}  // namespace lakegate
