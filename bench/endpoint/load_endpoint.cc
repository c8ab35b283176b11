// A table endpoint that answers at once: enough of DynamoDB's protocol for programs to load rows,
// and none of its work. Rows are counted, not kept; the answers are those of an empty table that is
// never busy. One thread, so that on two cores the program that is measured has one to itself.
//
//   load_endpoint TABLE KEY
// listens on a free port of loopback ("port N" on stdout) until its stdin ends, and then says what
// it got, a `name value` a line. TABLE has the partition key KEY, a number from 0 on.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::uint64_t kMostKeys = std::uint64_t{1} << 30;

// What came in: proof that every program delivered every row, whole.
struct Seen {
  std::uint64_t requests = 0, connections = 0, rows = 0, bytes = 0;
  std::uint64_t numbers = 0;  // of attributes, and of the values of conditions
  std::uint64_t key_sum = 0;
  std::vector<bool> keys;  // by value
  std::uint64_t distinct = 0;

  void row(std::uint64_t key) {
    ++rows;
    key_sum += key;
    if (key >= kMostKeys) return;
    if (key >= keys.size()) keys.resize(std::max<std::size_t>(2 * keys.size(), key + 1));
    if (!keys[key]) ++distinct;
    keys[key] = true;
  }
};

// A reply with the headers that DynamoDB sends.
std::string reply(std::string_view status, std::string_view body, std::uint32_t crc32) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nServer: Server\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
         "Content-Type: application/x-amz-json-1.0\r\nContent-Length: " +
         std::to_string(body.size()) +
         "\r\nConnection: keep-alive\r\n"
         "x-amzn-RequestId: 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEF\r\n"
         "x-amz-crc32: " +
         std::to_string(crc32) + "\r\n\r\n" + std::string(body);
}

std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

std::string reply(std::string_view status, std::string_view body) {
  return reply(status, body, crc32(body));
}

class Service {
 public:
  Service(std::string_view table, std::string_view key)
      : key_("\"" + std::string(key) + "\""),
        empty_(reply("200 OK", "{}")),
        done_(reply("200 OK", R"({"UnprocessedItems":{}})")),
        unknown_(
            reply("400 Bad Request",
                  R"({"__type":"com.amazonaws.dynamodb.v20120810#UnknownOperationException"})")),
        table_(reply("200 OK", R"({"Table":{"TableName":")" + std::string(table) +
                                   R"(","TableStatus":"ACTIVE","KeySchema":[{"AttributeName":)" +
                                   key_ + R"(,"KeyType":"HASH"}],"AttributeDefinitions":)" +
                                   R"([{"AttributeName":)" + key_ +
                                   R"(,"AttributeType":"N"}]}})")) {}

  // The marks of snapshots (UpdateItem, GetItem) are those of a table that has none.
  std::string_view answer(std::string_view head, std::string_view body) {
    ++seen.requests;
    seen.bytes += head.size() + body.size();
    constexpr std::string_view kTarget = "DynamoDB_20120810.";
    const std::size_t at = head.find(kTarget);
    if (at == std::string_view::npos) return unknown_;
    const std::string_view rest = head.substr(at + kTarget.size());
    const std::string_view operation = rest.substr(0, rest.find('\r'));
    if (operation == "BatchWriteItem") return take_rows(body), done_;
    if (operation == "PutItem") return take_rows(body), empty_;
    if (operation == "DescribeTable") return table_;
    if (operation == "UpdateItem" || operation == "GetItem") return empty_;
    return unknown_;
  }

  Seen seen;

 private:
  // Every `"KEY": {"N": "123"}`, with or without blanks, is a row.
  void take_rows(std::string_view body) {
    constexpr std::string_view kNumber = "{\"N\":";
    for (std::size_t at = body.find(key_); at != std::string_view::npos; at = body.find(key_, at)) {
      at = body.find_first_of("0123456789}", at + key_.size());
      if (at == std::string_view::npos || body[at] == '}') continue;
      std::uint64_t key = 0;
      std::from_chars(body.data() + at, body.data() + body.size(), key);
      seen.row(key);
    }
    for (std::size_t at = body.find(kNumber.substr(0, 4)); at != std::string_view::npos;
         at = body.find(kNumber.substr(0, 4), at + 4))
      ++seen.numbers;
  }

  std::string key_;
  std::string empty_, done_, unknown_, table_;
};

// Bytes that have come in on a connection and are no whole request yet.
struct Connection {
  std::string pending;
};

std::size_t content_length(std::string_view head) {
  for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;
       line = head.find("\r\n", line + 2)) {
    constexpr std::string_view kName = "content-length:";
    const std::string_view rest = head.substr(line + 2);
    if (rest.size() < kName.size()) break;
    bool same = true;
    for (std::size_t i = 0; same && i < kName.size(); ++i)
      same = (rest[i] >= 'A' && rest[i] <= 'Z' ? rest[i] - 'A' + 'a' : rest[i]) == kName[i];
    if (!same) continue;
    std::size_t from = kName.size();
    while (from < rest.size() && rest[from] == ' ') ++from;
    std::size_t length = 0;
    std::from_chars(rest.data() + from, rest.data() + rest.size(), length);
    return length;
  }
  return 0;
}

// Answers all whole requests of `text`; returns how many bytes of it they were.
std::size_t answer_all(Service& service, std::string_view text, std::string& out) {
  std::size_t used = 0;
  for (;;) {
    const std::string_view rest = text.substr(used);
    const std::size_t end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos) return used;
    const std::string_view head = rest.substr(0, end + 2);
    const std::size_t length = content_length(head);
    if (rest.size() < end + 4 + length) return used;
    out += service.answer(head, rest.substr(end + 4, length));
    used += end + 4 + length;
  }
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// False when the connection is over.
bool serve(Service& service, int socket, Connection& connection) {
  static std::array<char, std::size_t{1} << 20> buffer;
  std::string out;
  const ssize_t got = recv(socket, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (connection.pending.empty()) {
    const std::size_t used = answer_all(service, bytes, out);
    connection.pending.assign(bytes.substr(used));
  } else {
    connection.pending += bytes;
    connection.pending.erase(0, answer_all(service, connection.pending, out));
  }
  return send_all(socket, out);
}

int listen_on_loopback() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (listener < 0 || bind(listener, generic, size) != 0 || listen(listener, 256) != 0 ||
      getsockname(listener, generic, &size) != 0) {
    std::perror("load_endpoint");
    return -1;
  }
  std::printf("port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

void report(const Seen& seen) {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  std::printf("requests %ju\nconnections %ju\nrows %ju\ndistinct %ju\nkey_sum %ju\n", seen.requests,
              seen.connections, seen.rows, seen.distinct, seen.key_sum);
  std::printf("numbers %ju\nbytes %ju\ncpu %.3f\n", seen.numbers, seen.bytes,
              seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: load_endpoint TABLE KEY\n", stderr);
    return 2;
  }
  Service service(argv[1], argv[2]);
  const int listener = listen_on_loopback();
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  if (listener < 0 || poll < 0) return 1;
  const auto watch = [poll](int descriptor) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
  };
  watch(listener);
  watch(STDIN_FILENO);
  std::unordered_map<int, Connection> connections;
  std::array<epoll_event, 64> events = {};
  for (;;) {
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == STDIN_FILENO) {
        report(service.seen);
        return 0;
      }
      if (descriptor == listener) {
        const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (accepted < 0) continue;
        const int on = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        ++service.seen.connections;
        connections[accepted];
        watch(accepted);
      } else if (!serve(service, descriptor, connections[descriptor])) {
        connections.erase(descriptor);
        close(descriptor);
      }
    }
  }
}
