// A server of the tests' own, for replies that no real one gives when asked to.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/http.h"

namespace lakegate {

// A server on an ephemeral port of loopback: `answer` gets the bytes of a request with a body of
// its Content-Length, and gives the bytes of the reply; an empty reply closes the connection.
// `talk` writes a reply bit by bit, and returns false to close.
class LoopbackServer {
 public:
  // False: the other side is gone.
  using Write = std::function<bool(std::string_view bytes)>;
  using Talk = std::function<bool(const std::string& request, const Write& write)>;

  explicit LoopbackServer(std::function<std::string(const std::string&)> answer)
      : LoopbackServer(
            Talk([answer = std::move(answer)](const std::string& request, const Write& write) {
              const std::string reply = answer(request);
              return !reply.empty() && write(reply);
            })) {}
  explicit LoopbackServer(Talk talk)
      : talk_(std::move(talk)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(socket_, 16), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    ::shutdown(socket_, SHUT_RDWR);
    acceptor_.join();
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
    for (std::thread& thread : serving_) thread.join();
    for (const int connection : connections_) ::close(connection);
    ::close(socket_);
  }

  HttpOrigin origin() const { return {.host = "127.0.0.1", .port = port_, .tls = false}; }
  std::size_t connections() const { return count_; }

 private:
  void accept_all() {
    for (;;) {
      const int connection = ::accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      ++count_;
      connections_.push_back(connection);
      serving_.emplace_back([this, connection] { serve(connection); });
    }
  }
  void serve(int connection) {
    std::string bytes;
    for (;;) {
      std::size_t end = std::string::npos;
      while ((end = bytes.find("\r\n\r\n")) == std::string::npos)
        if (!read_some(connection, bytes)) return;
      const std::size_t field = bytes.find("Content-Length: ");
      const std::size_t body = field < end ? std::stoul(bytes.substr(field + 16)) : 0;
      while (bytes.size() < end + 4 + body)
        if (!read_some(connection, bytes)) return;
      const std::string request = bytes.substr(0, end + 4 + body);
      bytes.erase(0, end + 4 + body);
      if (!talk_(request, [&](std::string_view reply) { return write_all(connection, reply); })) {
        ::shutdown(connection, SHUT_RDWR);
        return;
      }
    }
  }
  static bool read_some(int connection, std::string& bytes) {
    char block[4096];
    const ssize_t got = ::read(connection, block, sizeof(block));
    if (got > 0) bytes.append(block, static_cast<std::size_t>(got));
    return got > 0;
  }

  static bool write_all(int connection, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  Talk talk_;
  int socket_;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> count_ = 0;
  std::vector<int> connections_;
  std::vector<std::thread> serving_;
  std::thread acceptor_;
};

inline std::string http_reply(int status, std::string_view body, std::string_view headers = {}) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Reply\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

inline std::string http_ok(std::string_view body) {
  return http_reply(200, body, "X-Seen: yes\r\n");
}

}  // namespace lakegate
