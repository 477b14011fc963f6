// How much one worker takes on: client connections, requests under way, descriptors. What is too
// much is told so (503 with Retry-After) before memory or descriptors run out; when even that costs
// too much, connections wait in the kernel's queue. Bytes of bodies have a cap of their own,
// io/buffer_pool.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "io/reactor.h"
#include "io/timers.h"
#include "telemetry/worker_telemetry.h"

namespace gatehouse::proxy {

/// Of one worker.
struct LoadLimits {
  std::size_t connections = 100'000;  // beyond them clients are told 503
  std::size_t requests = 100'000;     // the same
  std::size_t buffered = 256U << 20;  // bytes of bodies
  /// No connection is taken while descriptors below this number have run out; the rest is for the
  /// requests under way and for the doors beside the traffic.
  std::uint64_t descriptors = UINT64_MAX;
};

/// What the machine gives, and what flags say of the whole process.
struct LoadWishes {
  std::uint64_t descriptors = 0;  // the process may open
  std::uint64_t memory = 0;       // bytes it may use; 0: not known
  std::size_t workers = 1;
  std::optional<std::size_t> connections{};
  std::optional<std::size_t> requests{};
  std::optional<std::size_t> buffered{};
};

/// The share of one worker. Without wishes: a connection may need two descriptors and some memory,
/// bodies have a quarter of all memory.
LoadLimits limitsFor(const LoadWishes& wishes);

/// Owner's loop only; outlives all that is counted.
class Load final : private io::Timer {
 public:
  /// All outlive it.
  Load(
      unsigned worker,
      io::Reactor& reactor,
      const LoadLimits& limits,
      const Logger& log,
      telemetry::WorkerTelemetry& telemetry
  );
  ~Load() override = default;

  /// One that is counted as long as it lives. Move-only.
  class Counted {
   public:
    Counted() = default;
    explicit Counted(std::size_t& count) : count_(&count) { ++count; }
    Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
      if (count_ != nullptr) {
        --*count_;
      }
    }

   private:
    std::size_t* count_ = nullptr;
  };

  Counted connection() { return Counted(connections_); }
  Counted request() { return Counted(requests_); }
  std::size_t connections() const { return connections_; }
  std::size_t requests() const { return requests_; }

  /// More connections, or requests, than there should be; the ones asked about are counted already.
  bool crowded() const { return connections_ > limits_.connections; }
  bool busy() const { return requests_ > limits_.requests; }
  /// Whether one more connection may be taken, be it only to be told 503.
  bool mayAccept();
  /// As mayAccept() found last.
  bool lacksDescriptors() const { return lacks_descriptors_; }

  /// What was refused, and why. The log has one line for all that follow each other.
  enum class Cause : std::uint8_t { kConnections, kRequests, kDescriptors };
  void noteShed(Cause cause);

 private:
  void onTimer() override;

  unsigned worker_;
  io::Reactor& reactor_;
  const LoadLimits& limits_;
  const Logger& log_;
  telemetry::WorkerTelemetry& telemetry_;
  std::size_t connections_ = 0;
  std::size_t requests_ = 0;
  std::size_t taken_ = 0;  // connections since descriptors were looked at
  bool lacks_descriptors_ = false;
  bool full_ = false;       // none are accepted, to be told 503 either
  std::uint64_t shed_ = 0;  // in this episode
  MonoTime begun_{};        // of the episode, and of what was refused last in it
  MonoTime last_{};
};

std::string_view toString(Load::Cause cause);

}  // namespace gatehouse::proxy
