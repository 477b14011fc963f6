// The doors that are not for traffic: admin API, metrics, readiness. They share one thread of their
// own, so that a scrape never delays a request and a busy worker never delays a probe (telemetry
// specification section 11).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "http/head.h"
#include "io/workers.h"

namespace gatehouse::admin {

struct Reply {
  http::Status status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  http::Fields fields{};  // besides those every reply has
};

/// Answers one request; runs on the admin thread, does not block on workers.
using Handler = std::function<Reply(const http::RequestHead& head)>;

/// Which Host a request may name. kLoopback keeps web pages that rebind a name to 127.0.0.1 from
/// reading the admin API.
enum class HostCheck : std::uint8_t { kAny, kLoopback };

class Server {
 public:
  /// `log` outlives the server. Starts the thread.
  explicit Server(const Logger& log);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Closes all connections and joins.
  ~Server();

  /// Listens on `address` ("127.0.0.1:15000") and answers by `handler`. Returns the address bound,
  /// port 0 resolved. Errors: kInvalidConfiguration with the address and what is wrong.
  Result<std::string> serve(std::string_view address, HostCheck check, Handler handler);

 private:
  struct Room;

  const Logger& log_;
  io::Workers thread_;
  std::unique_ptr<Room> room_;  // made and destroyed on the thread
};

/// application/problem+json for a failed request.
Reply problem(http::Status status, std::string_view code, std::string_view detail);

}  // namespace gatehouse::admin
