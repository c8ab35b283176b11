// One request on its way over a pooled connection, and its reply coming in. Adapter's own.
#pragma once

#include <aws/http/connection_manager.h>
#include <aws/http/request_response.h>
#include <aws/io/stream.h>

#include <functional>
#include <memory>

#include "net/crt_handle.h"
#include "net/http_client.h"

namespace lakegate {

class HttpExchange;

// Whom an exchange belongs to. Called on the event-loop thread.
class HttpExchangeOwner {
 public:
  virtual ~HttpExchangeOwner() = default;
  // May cancel it at once.
  virtual void began(HttpExchange& exchange, aws_http_stream* stream) = 0;
  virtual void ended(HttpExchange& exchange) = 0;  // the stream is no longer to be touched
  virtual void gone() = 0;                         // the callback has returned
};

// Destroys itself when all is over. Moves from thread to thread: made by the caller's, then the
// event loop's alone.
class HttpExchange {
 public:
  HttpExchange(std::shared_ptr<HttpExchangeOwner> owner, HttpRequest request,
               std::size_t max_reply_bytes, HttpCallback done)
      : owner_(std::move(owner)),
        request_(std::move(request)),
        max_reply_bytes_(max_reply_bytes),
        done_(std::move(done)) {}

  // Waits for a connection of the pool and goes. Takes itself over: forget the pointer.
  static void start(std::unique_ptr<HttpExchange> exchange, aws_http_connection_manager* pool);
  // Ends without having been started.
  static void refuse(std::unique_ptr<HttpExchange> exchange, Error error);

 private:
  using Message = CrtPtr<aws_http_message, aws_http_message_release>;

  static void on_connection(aws_http_connection* connection, int error_code, void* self);
  static int on_headers(aws_http_stream* stream, aws_http_header_block block,
                        const aws_http_header* headers, std::size_t count, void* self);
  static int on_body(aws_http_stream* stream, const aws_byte_cursor* data, void* self);
  static void on_complete(aws_http_stream* stream, int error_code, void* self);
  static void on_destroy(void* self);

  int make_message();
  void send_on(aws_http_connection* connection);
  void finish(int error_code);

  std::shared_ptr<HttpExchangeOwner> owner_;
  HttpRequest request_;
  std::size_t max_reply_bytes_;
  HttpCallback done_;
  aws_http_connection_manager* pool_ = nullptr;
  aws_http_connection* connection_ = nullptr;
  CrtPtr<aws_input_stream, aws_input_stream_release> body_;
  Message message_;
  HttpReply reply_;
  bool too_long_ = false;
};

}  // namespace lakegate
