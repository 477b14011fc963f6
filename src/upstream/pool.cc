#include "upstream/pool.h"

#include <algorithm>
#include <utility>

#include "io/reactor.h"

namespace gatehouse::upstream {

/// An idle connection that notices when its peer breaks it.
class Pool::Idle final : private io::StopCallback {
 public:
  Idle(
      Pool& pool,
      ConnectionCount& count,
      std::unique_ptr<http::ClientConnection> connection,
      MonoTime since
  )
      : pool_(pool), count_(count), connection_(std::move(connection)), since_(since) {
    count_.idle(1);
    fit_ = arm(connection_->broken());
  }
  ~Idle() override { count_.idle(-1); }

  bool usable() const { return fit_ && connection_->reusable(); }
  MonoTime since() const { return since_; }
  std::unique_ptr<http::ClientConnection> release() {
    disarm();
    return std::move(connection_);
  }

 private:
  void onStop() override {
    fit_ = false;
    if (!std::exchange(pool_.sweeping_, true)) {
      pool_.reactor_.atTurnEnd([&pool = pool_] { pool.sweep(); });
    }
  }

  Pool& pool_;
  ConnectionCount& count_;
  std::unique_ptr<http::ClientConnection> connection_;
  MonoTime since_;
  bool fit_ = false;
};

Pool::Lease::Lease(
    Pool& pool, std::shared_ptr<Entry> entry, std::unique_ptr<http::ClientConnection> connection
)
    : pool_(&pool), entry_(std::move(entry)), connection_(std::move(connection)) {
  ++entry_->active;
  entry_->count->active(1);
}

Pool::Lease::~Lease() {
  if (entry_ == nullptr) {
    return;  // moved from
  }
  --entry_->active;
  entry_->count->active(-1);
  if (connection_->reusable()) {
    pool_->giveBack(entry_, std::move(connection_));
  }
}

Pool::Pool(
    io::Reactor& reactor, Connector& connector, ConnectionCounter& counter, PoolLimits limits
)
    : reactor_(reactor), connector_(connector), counter_(counter), limits_(limits) {}

Pool::~Pool() = default;

Result<std::shared_ptr<Pool::Entry>> Pool::entryOf(const Endpoint& endpoint) {
  if (auto found = entries_.find(endpoint.pool_key); found != entries_.end()) {
    return found->second;
  }
  auto entry = std::make_shared<Entry>();
  GATEHOUSE_TRY(entry->tls, connector_.tlsConfig(endpoint));
  entry->count = counter_.countOf(endpoint);
  entries_.emplace(endpoint.pool_key, entry);
  return entry;
}

std::optional<Pool::Lease> Pool::takeIdle(const Endpoint& endpoint) {
  auto found = entries_.find(endpoint.pool_key);
  if (found == entries_.end()) {
    return std::nullopt;
  }
  std::vector<std::unique_ptr<Idle>>& idle = found->second->idle;
  while (!idle.empty()) {
    std::unique_ptr<Idle> last = std::move(idle.back());
    idle.pop_back();
    if (last->usable()) {
      return Lease(*this, found->second, last->release());
    }
  }
  return std::nullopt;
}

io::Task<Result<Pool::Lease>> Pool::connect(EndpointHandle endpoint, ConnectMarks& marks) {
  GATEHOUSE_CO_TRY(std::shared_ptr<Entry> entry, entryOf(*endpoint));
  GATEHOUSE_CO_TRY(
      std::unique_ptr<http::ClientConnection> connection,
      co_await connector_.connect(std::move(endpoint), entry->tls, marks)
  );
  co_return Lease(*this, std::move(entry), std::move(connection));
}

void Pool::giveBack(
    const std::shared_ptr<Entry>& entry, std::unique_ptr<http::ClientConnection> connection
) {
  if (entry->idle.size() >= limits_.idle_per_endpoint) {
    entry->idle.erase(entry->idle.begin());
  }
  entry->idle.push_back(
      std::make_unique<Idle>(*this, *entry->count, std::move(connection), reactor_.now())
  );
  if (!armed()) {
    reactor_.timers().arm(*this, reactor_.now() + limits_.idle_time);
  }
}

void Pool::closeIdle() {
  for (auto& [key, entry] : entries_) {
    entry->idle.clear();
  }
}

PoolCounts Pool::counts() const {
  PoolCounts counts;
  for (const auto& [key, entry] : entries_) {
    counts.idle += entry->idle.size();
    counts.active += entry->active;
  }
  return counts;
}

void Pool::sweep() {
  sweeping_ = false;
  MonoTime oldest = reactor_.now() - limits_.idle_time;
  bool any_left = false;
  for (auto& [key, entry] : entries_) {
    std::erase_if(entry->idle, [oldest](const std::unique_ptr<Idle>& idle) {
      return !idle->usable() || idle->since() <= oldest;
    });
    any_left = any_left || !entry->idle.empty();
  }
  // Leases hold their entry, and so does who is still connecting.
  std::erase_if(entries_, [](const auto& item) {
    return item.second->idle.empty() && item.second.use_count() == 1;
  });
  if (any_left && !armed()) {
    reactor_.timers().arm(*this, reactor_.now() + limits_.idle_time / 4);
  }
}

void Pool::onTimer() {
  if (!std::exchange(sweeping_, true)) {
    reactor_.atTurnEnd([this] { sweep(); });
  }
}

}  // namespace gatehouse::upstream
