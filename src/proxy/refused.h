// Requests that get no exchange, because what came is no HTTP that we take: each has a record like
// any other.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "http/server_connection.h"
#include "io/stream.h"
#include "io/task.h"
#include "proxy/connection.h"
#include "proxy/worker.h"
#include "telemetry/record.h"

namespace gatehouse::proxy {

/// Those of one connection. What it is given outlives it. Owner's loop only.
class RefusedHere final : public http::RefusedRequests {
 public:
  RefusedHere(Worker& worker, const Doorway& doorway) : worker_(worker), doorway_(doorway) {}
  /// One whose answer was still on its way is reported as unanswered.
  ~RefusedHere() override { unanswered(); }
  RefusedHere(const RefusedHere&) = delete;
  RefusedHere& operator=(const RefusedHere&) = delete;

  http::RefusedAnswer begin(const http::RefusedRequest& request) override;
  void answered(std::uint64_t bytes_out) override;
  void unanswered() override;

 private:
  void report();

  Worker& worker_;
  const Doorway& doorway_;
  std::unique_ptr<telemetry::RequestRecord> record_;  // begun and not ended
  telemetry::Ending ending_;
};

/// Tells a client that spoke plain HTTP where TLS is spoken, for which `error` stands. All but that
/// outlives the task.
io::Task<Result<void>> answerPlainHttp(
    Worker& worker, io::Stream& stream, http::RefusedRequests& refused, const Error& error
);

}  // namespace gatehouse::proxy
