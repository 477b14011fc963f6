// What tests of the pool share: a lease that is waited for, and a counter of connections.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "io/task.h"
#include "upstream/pool.h"

namespace gatehouse::upstream {

using Leased = Result<Pool::Lease>;

inline io::Task<void> keep(io::Task<Leased> task, std::optional<Leased>& out) {
  out.emplace(co_await std::move(task));
}

/// All endpoints together.
class Totals final : public ConnectionCounter {
 public:
  std::unique_ptr<ConnectionCount> countOf(const Endpoint&) override {
    return std::make_unique<One>(*this);
  }
  int idle = 0;
  int active = 0;

 private:
  class One final : public ConnectionCount {
   public:
    explicit One(Totals& totals) : totals_(totals) {}
    void idle(int change) override { totals_.idle += change; }
    void active(int change) override { totals_.active += change; }

   private:
    Totals& totals_;
  };
};

}  // namespace gatehouse::upstream
