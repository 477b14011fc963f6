// Requests that get no exchange, because what came is no HTTP that we take: each has a record like
// any other, which begins and ends here.
#pragma once

#include <string>

#include "http/server_connection.h"
#include "proxy/connection.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// Those of one connection. What it is given outlives it. Owner's loop only.
class RefusedHere final : public http::RefusedRequests {
 public:
  RefusedHere(Worker& worker, const Doorway& doorway) : worker_(worker), doorway_(doorway) {}

  std::string add(const http::RefusedRequest& request) override;

 private:
  Worker& worker_;
  const Doorway& doorway_;
};

}  // namespace gatehouse::proxy
