#include "upstream/shared.h"

#include <algorithm>

#include "upstream/pool.h"

namespace gatehouse::upstream {
namespace {

// Until a peer has said how many requests it takes at a time: what RFC 9113 section 6.5.2 wants at
// least.
constexpr std::size_t kUsuallyTaken = 100;

}  // namespace

/// One connection, counted as what it is.
class SharedConnections::Member final : private http::H2ClientEvents {
 public:
  Member(
      SharedConnections& shared,
      std::unique_ptr<io::Stream> stream,
      const http::ClientLimits& limits,
      Opening opening
  )
      : shared_(shared), opening_(std::move(opening)), idle_since_(shared.reactor_.now()) {
    shared_.count_.idle(1);
    client_ = http::clientHttp2(shared.reactor_, std::move(stream), limits, *this);
  }
  ~Member() override {
    client_ = nullptr;
    shared_.count_.idle(-1);
  }

  std::unique_ptr<http::ClientConnection> begin() {
    std::unique_ptr<http::ClientConnection> request = client_->begin();
    noteUse();
    return request;
  }
  const http::H2Client& client() const { return *client_; }
  bool used() const { return used_; }
  MonoTime idleSince() const { return idle_since_; }

 private:
  void onChange() override;
  void noteUse();

  SharedConnections& shared_;
  std::optional<Opening> opening_;
  std::unique_ptr<http::H2Client> client_;
  MonoTime idle_since_;
  bool used_ = false;
};

void SharedConnections::Member::onChange() {
  if (client_ == nullptr) {
    return;  // it is being made, or ends
  }
  noteUse();
  if (client_->most() != 0) {
    shared_.most_ = client_->most();
  }
  if (opening_ && client_->most() == 0 && client_->over()) {
    opening_->failed(
        {ErrorKind::kUpstreamClosed,
         Origin::kUpstream,
         shared_.name_ + ": the upstream has not begun to speak HTTP/2"}
    );
  }
  if (client_->most() != 0 || client_->over()) {
    opening_.reset();
  }
  shared_.wakeAll();
  if (!used_) {
    client_->over() ? shared_.events_.onOver() : shared_.events_.onUnused();
  }
}

void SharedConnections::Member::noteUse() {
  bool used = client_->requests() != 0;
  if (used == std::exchange(used_, used)) {
    return;
  }
  shared_.count_.idle(used ? -1 : 1);
  shared_.count_.active(used ? 1 : -1);
  idle_since_ = shared_.reactor_.now();
}

SharedConnections::Opening::Opening(SharedConnections& shared) : shared_(&shared) {
  ++shared.opening_;
}

SharedConnections::Opening::~Opening() {
  if (shared_ != nullptr) {
    --shared_->opening_;
    shared_->wakeAll();
  }
}

void SharedConnections::Opening::failed(const Error& error) {
  if (error.kind() != ErrorKind::kCancelled) {
    shared_->failure_ = std::make_unique<Error>(error);
    ++shared_->failures_;
  }
}

Result<void> SharedConnections::Turn::await_resume() {
  leave();
  if (cancelled()) {
    return cancelledError();
  }
  if (shared_.failures_ != failures_before_) {
    return fail(*shared_.failure_);
  }
  return {};
}

SharedConnections::SharedConnections(
    io::Reactor& reactor, ConnectionCount& count, SharedEvents& events, std::string name
)
    : reactor_(reactor),
      count_(count),
      events_(events),
      name_(std::move(name)),
      most_(kUsuallyTaken) {}

SharedConnections::~SharedConnections() = default;

std::unique_ptr<http::ClientConnection> SharedConnections::take() {
  for (const std::unique_ptr<Member>& member : members_) {
    if (member->client().hasRoom()) {
      return member->begin();
    }
  }
  return nullptr;
}

bool SharedConnections::shallOpen() const {
  return is_http1_ || waiting_.size() >= opening_ * most_;
}

void SharedConnections::add(
    std::unique_ptr<io::Stream> stream, const http::ClientLimits& limits, Opening opening
) {
  is_http1_ = false;
  members_.push_back(std::make_unique<Member>(*this, std::move(stream), limits, std::move(opening))
  );
}

SharedConnections::Turn SharedConnections::turn() {
  return Turn(*this);
}

void SharedConnections::sweep(MonoTime oldest) {
  std::erase_if(members_, [oldest](const std::unique_ptr<Member>& member) {
    return !member->used() && (member->client().over() || member->idleSince() <= oldest);
  });
}

void SharedConnections::closeIdle() {
  std::erase_if(members_, [](const std::unique_ptr<Member>& member) { return !member->used(); });
}

std::size_t SharedConnections::idle() const {
  return static_cast<std::size_t>(std::ranges::count_if(members_, [](const auto& member) {
    return !member->used();
  }));
}

void SharedConnections::wakeAll() {
  for (Turn* turn : waiting_) {
    turn->wake();
  }
}

}  // namespace gatehouse::upstream
