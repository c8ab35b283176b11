// One request on its way over a connection, and its reply coming in. Adapter's own.
#pragma once

#include <aws/http/request_response.h>
#include <aws/io/stream.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "net/content_coding.h"
#include "net/crt_handle.h"
#include "net/http2_message.h"
#include "net/http_client.h"

namespace lakegate {

class HttpExchange;

// How much of a reply comes without anybody having said that it may, to clients that have a
// ReplyMemory. The connection reads up to 64 KiB ahead of that.
inline constexpr std::size_t kReplyWindow = 32 * 1024;

// Where an exchange has its connection from.
class HttpConnectionSource {
 public:
  virtual ~HttpConnectionSource() = default;
  virtual void give_back(aws_http_connection* connection) = 0;
  virtual Error connection_error(int error_code) const = 0;
  virtual std::string_view host() const = 0;  // as the Host header says it
};

// Whom an exchange belongs to.
class HttpExchangeOwner {
 public:
  virtual ~HttpExchangeOwner() = default;
  virtual const HttpOptions& options() const = 0;
  virtual bool keeps_connections() const = 0;  // for what follows
  virtual ContentDecoder& decoder() = 0;
  virtual void began(HttpExchange& exchange) = 0;
  virtual void waits_for_memory(HttpExchange& exchange) = 0;
  virtual void ended(HttpExchange& exchange) = 0;  // neither running nor waiting any more
  virtual void gone() = 0;                         // the callback has returned
};

// Destroys itself when all is over. Made on any thread, then the event loop's alone.
class HttpExchange {
 public:
  using Clock = std::chrono::steady_clock;

  HttpExchange(std::shared_ptr<HttpExchangeOwner> owner, std::shared_ptr<const HttpRequest> request,
               HttpCallback done, std::chrono::microseconds queued)
      : owner_(std::move(owner)), request_(std::move(request)), done_(std::move(done)) {
    reply_.queued = queued;
    if (request_->room) reply_.body = std::move(*request_->room);
    reply_.body.clear();
  }

  // Goes over `connection`. Takes itself over: forget the pointer.
  static void start(std::unique_ptr<HttpExchange> exchange, HttpConnectionSource& source,
                    aws_http_connection* connection);
  // Ends without having been started.
  static void refuse(std::unique_ptr<HttpExchange> exchange, Error error);

  const HttpOrigin& origin() const { return request_->origin; }
  std::uint64_t order() const { return request_->order; }

  void read_on();  // what it has waited for is there
  void cancel();   // fails, perhaps at once, with the client being closed
  void give_up_if_late(Clock::time_point now);

  // Its place among its owner's running ones.
  std::size_t place = 0;

 private:
  static int on_headers(aws_http_stream* stream, aws_http_header_block block,
                        const aws_http_header* headers, std::size_t count, void* self);
  static int on_body(aws_http_stream* stream, const aws_byte_cursor* data, void* self);
  static void on_complete(aws_http_stream* stream, int error_code, void* self);
  static void on_destroy(void* self);

  int make_message();
  void send_on(HttpConnectionSource& source, aws_http_connection* connection);
  void make_room(std::size_t more);
  void want_more(std::size_t received);
  bool has_to_wait();
  bool is_coded() const;
  bool is_unframed() const;
  void completed(int error_code);
  void succeed();
  void finish(Result<HttpReply> outcome);
  void release_one();

  std::shared_ptr<HttpExchangeOwner> owner_;
  std::shared_ptr<const HttpRequest> request_;
  HttpCallback done_;
  CrtPtr<aws_input_stream, aws_input_stream_release> body_;
  HttpMessage message_;
  aws_http_stream* stream_ = nullptr;  // null: not begun, or over
  HttpConnectionSource* source_ = nullptr;
  aws_http_connection* connection_ = nullptr;
  HttpReply reply_;
  std::size_t taken_ = 0;       // of the memory
  std::size_t unwidened_ = 0;   // received, and the window not widened by as much
  int holders_ = 1;             // the stream, and whoever has to call back
  std::optional<Error> cause_;  // why it was ended from here
  Clock::time_point sent_;
  Clock::time_point waits_since_;
  Clock::duration waited_{0};
  bool waits_ = false;
};

}  // namespace lakegate
