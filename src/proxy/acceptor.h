// The sockets of one worker: they follow the snapshot. New addresses are opened, those that left
// are closed and their connections drained; the rest keep their sockets and see the new
// configuration with their next request.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/listener.h"
#include "proxy/connection.h"
#include "proxy/countdown.h"
#include "proxy/worker.h"
#include "snapshot/snapshot.h"

namespace gatehouse::proxy {

/// Identity of a listening address across snapshots: the address itself, so that it may change
/// hands between Gateways without being closed; with port 0, where each Gateway has a port of its
/// own, the Gateway's as well.
std::string doorKey(const snapshot::Port& port, const std::string& address);

/// Sockets opened for one worker, by doorKey.
using NewSockets = std::vector<std::pair<std::string, io::ListenSocket>>;

/// Owner's loop only.
class Acceptor {
 public:
  explicit Acceptor(Worker& worker) : worker_(worker) {}
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor() = default;

  /// New requests use `next` from now on. Sockets that leave close in a later turn: `closed`
  /// expects each before this returns, and is told when its descriptor is gone.
  void follow(
      const snapshot::SnapshotHandle& next,
      NewSockets sockets,
      const std::shared_ptr<Countdown>& closed
  );
  /// Stops accepting and lets connections end after their current exchange.
  void drain();

 private:
  /// `port` is the door's part of `next`, here and in refresh().
  void open(
      const std::string& key,
      io::ListenSocket socket,
      const snapshot::Port& port,
      const snapshot::SnapshotHandle& next
  );
  void refresh(
      const std::string& key,
      Doorway& doorway,
      const snapshot::Port& port,
      const snapshot::SnapshotHandle& next
  );
  void close(std::shared_ptr<Doorway> doorway);

  Worker& worker_;
  std::map<std::string, std::shared_ptr<Doorway>> doors_;  // by address as the snapshot writes it
  std::vector<std::shared_ptr<Doorway>> retired_;  // closed; their connections are still ending
};

}  // namespace gatehouse::proxy
