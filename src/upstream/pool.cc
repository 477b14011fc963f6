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
    pool_.sweepSoon();
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
    return;  // moved from, or shared
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
  if (mayBeHttp2(endpoint)) {
    SharedEvents& events = *this;
    entry->shared =
        std::make_unique<SharedConnections>(reactor_, *entry->count, events, endpoint.name);
  }
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
  if (found->second->shared != nullptr) {
    if (auto stream = found->second->shared->take()) {
      return Lease(std::move(stream));
    }
  }
  return std::nullopt;
}

io::Task<Result<Pool::Lease>> Pool::connect(EndpointHandle endpoint, ConnectMarks& marks) {
  GATEHOUSE_CO_TRY(std::shared_ptr<Entry> entry, entryOf(*endpoint));
  if (entry->shared != nullptr) {
    co_return co_await connectShared(std::move(entry), std::move(endpoint), marks);
  }
  GATEHOUSE_CO_TRY(
      Connected connected, co_await connector_.connect(std::move(endpoint), entry->tls, marks)
  );
  co_return Lease(
      *this,
      std::move(entry),
      http::clientHttp1(reactor_, std::move(connected.stream), connector_.limits())
  );
}

io::Task<Result<Pool::Lease>> Pool::connectShared(
    std::shared_ptr<Entry> entry, EndpointHandle endpoint, ConnectMarks& marks
) {
  SharedConnections& shared = *entry->shared;
  for (;;) {
    if (auto stream = shared.take()) {
      co_return Lease(std::move(stream));
    }
    if (shared.shallOpen()) {
      break;
    }
    GATEHOUSE_CO_CHECK_OK(co_await shared.turn());
  }
  SharedConnections::Opening opening(shared);
  Result<Connected> connected = co_await connector_.connect(endpoint, entry->tls, marks);
  if (!connected) {
    opening.failed(connected.error());
    co_return fail(std::move(connected).error());
  }
  if (!connected->is_http2) {
    opening.isHttp1();
    co_return Lease(
        *this,
        std::move(entry),
        http::clientHttp1(reactor_, std::move(connected->stream), connector_.limits())
    );
  }
  shared.add(std::move(connected->stream), connector_.limits(), std::move(opening));
  if (auto stream = shared.take()) {
    co_return Lease(std::move(stream));
  }
  co_return fail(
      ErrorKind::kUpstreamClosed,
      Origin::kUpstream,
      endpoint->name + ": the connection was lost as soon as it was made"
  );
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
  sweepLater();
}

void Pool::closeIdle() {
  for (auto& [key, entry] : entries_) {
    entry->idle.clear();
    if (entry->shared != nullptr) {
      entry->shared->closeIdle();
    }
  }
}

PoolCounts Pool::counts() const {
  PoolCounts counts;
  for (const auto& [key, entry] : entries_) {
    counts.idle += entry->idle.size();
    counts.active += entry->active;
    if (entry->shared != nullptr) {
      counts.idle += entry->shared->idle();
      counts.active += entry->shared->active();
    }
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
    if (entry->shared != nullptr) {
      entry->shared->sweep(oldest);
      any_left = any_left || entry->shared->hasIdle();
    }
  }
  // Leases hold their entry, and so does who is still connecting.
  std::erase_if(entries_, [](const auto& item) {
    const Entry& entry = *item.second;
    return entry.idle.empty() && (entry.shared == nullptr || entry.shared->empty()) &&
           item.second.use_count() == 1;
  });
  if (any_left && !armed()) {
    reactor_.timers().arm(*this, reactor_.now() + limits_.idle_time / 4);
  }
}

void Pool::sweepSoon() {
  if (!std::exchange(sweeping_, true)) {
    reactor_.atTurnEnd([this] { sweep(); });
  }
}

void Pool::sweepLater() {
  if (!armed()) {
    reactor_.timers().arm(*this, reactor_.now() + limits_.idle_time);
  }
}

}  // namespace gatehouse::upstream
