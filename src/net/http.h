// HTTP as values: what is asked and what came back. No I/O.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lakegate {

struct HttpHeader {
  std::string name;
  std::string value;
};

// Where a server listens: a connection pool each.
struct HttpOrigin {
  std::string host;
  std::uint16_t port = 443;
  bool tls = true;
  auto operator<=>(const HttpOrigin&) const = default;
};

// What the Host header says: the port only where it is not the scheme's own.
std::string host_header(const HttpOrigin& origin);
bool same_header_name(std::string_view a, std::string_view b);  // whatever their case
bool has_header(const std::vector<HttpHeader>& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  HttpOrigin origin;
  std::string target = "/";  // path and query exactly as they go on the wire, already encoded
  std::vector<HttpHeader> headers;  // Content-Length is added by the client, Host unless there
  std::shared_ptr<const std::string>
      body;  // shared with the caller, so that a retry copies nothing
  // Memory that the reply's body may use (its content does not matter), so that one large reply
  // after another costs no page faults. Taken by the first attempt.
  std::shared_ptr<std::string> room = nullptr;
  // Whose turn it is when places or memory (reply_memory.h) are short: lower ones first.
  std::uint64_t order = 0;
};

struct HttpReply {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;
  std::chrono::microseconds first_byte{};  // from when it was sent to the first of its headers
  std::chrono::microseconds took{};        // to the last of its body
  std::chrono::microseconds queued{};      // before that, for want of a place

  // The first header of that name, whatever its case; empty if there is none.
  std::string_view header(std::string_view name) const;
};

}  // namespace lakegate
