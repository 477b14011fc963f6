// Hand-over of a snapshot from the control wing to the workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::snapshot {

struct Snapshot;

/// An address that could not be bound.
struct BindFailure {
  std::string gateway;     // "namespace/name"
  std::string listener;    // one of those on that port
  std::uint16_t port = 0;  // as the Gateway says
  std::string address;
  std::string reason;  // "address already in use", "permission denied"
};

/// An address that is listened on.
struct BoundAddress {
  std::string gateway;     // "namespace/name"
  std::uint16_t port = 0;  // as the Gateway says
  std::string address;     // as the snapshot says; its port may be 0
  std::string bound;       // with the port the kernel chose
};

/// What became of the addresses of a snapshot, in its order.
struct Published {
  std::vector<BoundAddress> bound;
  std::vector<BindFailure> failures;
};

class Publisher {
 public:
  virtual ~Publisher() = default;
  /// Gives `next` to every worker and returns when all use it for new requests and their sockets
  /// follow it. Blocks; called from the control thread only. Sockets that could not be opened are
  /// failures; the others serve.
  virtual Published publish(std::shared_ptr<const Snapshot> next) = 0;
};

}  // namespace gatehouse::snapshot
