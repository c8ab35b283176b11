#include "net/http_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "net/crt_runtime.h"
#include "net/http_error.h"

namespace lakegate {
namespace {

constexpr std::size_t kUsualHeaders = 12;  // of a reply; they come one by one

bool takes_a_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

void HttpExchange::start(std::unique_ptr<HttpExchange> exchange,
                         aws_http_connection_manager* pool) {
  exchange->pool_ = pool;
  aws_http_connection_manager_acquire_connection(pool, on_connection, exchange.release());
}

void HttpExchange::refuse(std::unique_ptr<HttpExchange> exchange, Error error) {
  // Not from here: the caller may hold a lock that its callback wants.
  const auto runtime = CrtRuntime::start();
  HttpExchange* const self = exchange.release();
  const auto end = [self, error = std::move(error)]() mutable {
    const std::unique_ptr<HttpExchange> over(self);
    over->done_(Failure(std::move(error)));
    over->owner_->gone();
  };
  if (runtime) (*runtime)->post(end);
}

void HttpExchange::on_connection(aws_http_connection* connection, int error_code, void* self) {
  std::unique_ptr<HttpExchange> exchange(static_cast<HttpExchange*>(self));
  if (connection == nullptr) {
    Error error = connection_error(error_code, exchange->request_.origin);
    return refuse(std::move(exchange), std::move(error));
  }
  exchange.release()->send_on(connection);
}

int HttpExchange::make_message() {
  aws_allocator* const allocator = aws_default_allocator();
  message_.reset(aws_http_message_new_request(allocator));
  const auto add = [&](std::string_view name, std::string_view value) {
    return aws_http_message_add_header(
        message_.get(), {.name = to_cursor(name), .value = to_cursor(value), .compression = {}});
  };
  if (aws_http_message_set_request_method(message_.get(), to_cursor(request_.method)) ||
      aws_http_message_set_request_path(message_.get(), to_cursor(request_.target)))
    return AWS_OP_ERR;
  const bool has_host = std::ranges::any_of(request_.headers, [](const HttpHeader& header) {
    return same_header_name(header.name, "host");
  });
  if (!has_host && add("Host", host_header(request_.origin))) return AWS_OP_ERR;
  for (const HttpHeader& header : request_.headers)
    if (add(header.name, header.value)) return AWS_OP_ERR;
  const std::size_t length = request_.body ? request_.body->size() : 0;
  if ((length > 0 || takes_a_body(request_.method)) &&
      add("Content-Length", std::to_string(length)))
    return AWS_OP_ERR;
  if (length > 0) {
    const aws_byte_cursor bytes = to_cursor(*request_.body);
    body_.reset(aws_input_stream_new_from_cursor(allocator, &bytes));
    aws_http_message_set_body_stream(message_.get(), body_.get());
  }
  return AWS_OP_SUCCESS;
}

void HttpExchange::send_on(aws_http_connection* connection) {
  connection_ = connection;
  aws_http_stream* stream = nullptr;
  if (make_message() == AWS_OP_SUCCESS) {
    aws_http_make_request_options options = {};
    options.self_size = sizeof(options);
    options.request = message_.get();
    options.user_data = this;
    options.on_response_headers = on_headers;
    options.on_response_body = on_body;
    options.on_complete = on_complete;
    options.on_destroy = on_destroy;
    stream = aws_http_connection_make_request(connection, &options);
  }
  if (stream == nullptr) {
    finish(aws_last_error());
    delete this;
  } else if (aws_http_stream_activate(stream) != AWS_OP_SUCCESS) {
    finish(aws_last_error());
    aws_http_stream_release(stream);  // on_destroy follows
  } else {
    owner_->began(*this, stream);
  }
}

int HttpExchange::on_headers(aws_http_stream* /*stream*/, aws_http_header_block block,
                             const aws_http_header* headers, std::size_t count, void* self) {
  if (block != AWS_HTTP_HEADER_BLOCK_MAIN) return AWS_OP_SUCCESS;
  auto& exchange = *static_cast<HttpExchange*>(self);
  exchange.reply_.headers.reserve(kUsualHeaders);
  for (const aws_http_header& header : std::span(headers, count))
    exchange.reply_.headers.push_back(
        {std::string(to_view(header.name)), std::string(to_view(header.value))});
  return AWS_OP_SUCCESS;
}

int HttpExchange::on_body(aws_http_stream* /*stream*/, const aws_byte_cursor* data, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  std::string& body = exchange.reply_.body;
  if (body.size() + data->len > exchange.max_reply_bytes_) {
    exchange.too_long_ = true;
    return aws_raise_error(AWS_ERROR_SHORT_BUFFER);
  }
  if (body.empty()) {  // once, rather than by doubling
    const std::string_view length = exchange.reply_.header("content-length");
    std::size_t bytes = 0;
    std::from_chars(length.data(), length.data() + length.size(), bytes);
    body.reserve(std::min(bytes, exchange.max_reply_bytes_));
  }
  body.append(to_view(*data));
  return AWS_OP_SUCCESS;
}

void HttpExchange::on_complete(aws_http_stream* stream, int error_code, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  if (error_code == AWS_ERROR_SUCCESS &&
      aws_http_stream_get_incoming_response_status(stream, &exchange.reply_.status))
    error_code = aws_last_error();
  exchange.owner_->ended(exchange);
  exchange.finish(error_code);
  aws_http_stream_release(stream);
}

void HttpExchange::on_destroy(void* self) {
  delete static_cast<HttpExchange*>(self);
}

void HttpExchange::finish(int error_code) {
  // First the connection, so that what the callback sends next finds it free.
  aws_http_connection_manager_release_connection(pool_, connection_);
  const HttpCallback done = std::move(done_);
  if (too_long_)
    done(fail(ErrorKind::kPermanent, fmt::format("{}: its reply is longer than {} bytes",
                                                 host_header(request_.origin), max_reply_bytes_)));
  else if (error_code != AWS_ERROR_SUCCESS)
    done(Failure(http_error(error_code, request_.origin)));
  else
    done(std::move(reply_));
  owner_->gone();
}

}  // namespace lakegate
