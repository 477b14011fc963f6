#include "proxy/data_plane.h"

#include <algorithm>
#include <random>

#include "io/address.h"
#include "io/unix_socket.h"
#include "proxy/countdown.h"

namespace gatehouse::proxy {
namespace {

std::uint64_t freshSeed() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

constexpr std::string_view kUnix = "unix:";

Result<std::vector<io::ListenSocket>> openSockets(const std::string& text, std::size_t count) {
  if (text.starts_with(kUnix)) {
    return io::openUnixListenSockets(text.substr(kUnix.size()), count);
  }
  GATEHOUSE_TRY(io::Address address, io::Address::parse(text));
  return io::openListenSockets(address, count);
}

/// Tells `finished` when the last task of the worker has ended.
io::Task<void> awaitEmpty(io::Gate& gate, std::shared_ptr<Countdown> finished) {
  static_cast<void>(co_await gate.close());
  finished->done();
}

}  // namespace

DataPlane::DataPlane(
    std::size_t workers,
    DataPlaneSettings settings,
    const Logger& log,
    telemetry::Metrics& metrics,
    LineWriter* access_log
)
    : settings_(std::move(settings)),
      log_(log),
      workers_(workers, {.buffer_cap = settings_.load.buffered}),
      planes_(workers) {
  workers_.runOnAll([this, &metrics, access_log](std::size_t index, io::Reactor& reactor) {
    planes_[index] = std::make_unique<Plane>(
        static_cast<unsigned>(index),
        freshSeed(),
        reactor,
        settings_,
        log_,
        metrics.worker(index),
        access_log
    );
  });
  shareTicketKeys();
}

void DataPlane::shareTicketKeys() {
  // The seed itself is kept by nobody.
  const io::TicketKeys::Octets seed = io::TicketKeys::newSeed();
  const MonoTime start = SystemClock().now();
  workers_.runOnAll([this, &seed, start](std::size_t index, io::Reactor& reactor) {
    planes_[index]->worker.setTicketKeys(
        std::make_shared<io::TicketKeys>(seed, start, reactor.clock())
    );
  });
}

DataPlane::~DataPlane() = default;

std::vector<NewSockets> DataPlane::openMissing(
    const snapshot::Snapshot& next, std::vector<snapshot::BindFailure>& failures
) {
  std::vector<NewSockets> shares(workers_.size());
  for (const snapshot::Port& port : next.ports) {
    for (const std::string& text : port.addresses) {
      std::string key = doorKey(port, text);
      if (std::ranges::find(open_, key, &Listening::key) != open_.end()) {
        continue;
      }
      Result<std::vector<io::ListenSocket>> sockets = openSockets(text, workers_.size());
      if (!sockets) {
        failures.push_back(
            {.gateway = std::string(port.gateway.view()),
             .listener = std::string(port.listeners.front().name.view()),
             .port = port.port,
             .address = text,
             .reason = sockets.error().chain()}
        );
        continue;
      }
      open_.push_back({key, text.starts_with(kUnix) ? text : sockets->front().local().format()});
      for (std::size_t i = 0; i < shares.size(); ++i) {
        shares[i].emplace_back(key, std::move((*sockets)[i]));
      }
    }
  }
  return shares;
}

bool DataPlane::forgetClosed(const snapshot::Snapshot& next) {
  std::set<std::string> wanted;
  for (const snapshot::Port& port : next.ports) {
    for (const std::string& address : port.addresses) {
      wanted.insert(doorKey(port, address));
    }
  }
  return std::erase_if(open_, [&wanted](const Listening& one) {
           return !wanted.contains(one.key);
         }) != 0;
}

void DataPlane::tellListening(const snapshot::Snapshot& next) {
  for (const snapshot::Port& port : next.ports) {
    for (const std::string& address : port.addresses) {
      auto open = std::ranges::find(open_, doorKey(port, address), &Listening::key);
      if (open == open_.end()) {
        continue;
      }
      std::set<std::string> names;
      for (const snapshot::Listener& listener : port.listeners) {
        std::string name =
            std::string(port.gateway.view()) + "/" + std::string(listener.name.view());
        if (!open->told.contains(name)) {
          log_.info(
              "listening",
              {{"gateway", port.gateway.view()},
               {"listener", listener.name.view()},
               {"address", open->bound}}
          );
        }
        names.insert(std::move(name));
      }
      open->told = std::move(names);
    }
  }
}

void DataPlane::follow(const snapshot::SnapshotHandle& next, std::vector<NewSockets> shares) {
  auto closed = std::make_shared<Countdown>();
  workers_.runOnAll([this, &next, &shares, &closed](std::size_t index, io::Reactor&) {
    planes_[index]->acceptor.follow(next, std::move(shares[index]), closed);
  });
  closed->wait();
}

snapshot::Published DataPlane::publish(std::shared_ptr<const snapshot::Snapshot> next) {
  std::vector<snapshot::BindFailure> failures;
  // What is new is opened before what has left is closed, so that no failure costs an address.
  std::vector<NewSockets> shares = openMissing(*next, failures);
  bool closed = forgetClosed(*next);
  follow(next, std::move(shares));
  if (closed && !failures.empty()) {
    // What has left may have been in the way, as 127.0.0.1:80 is in that of 0.0.0.0:80.
    failures.clear();
    follow(next, openMissing(*next, failures));
  }
  std::ranges::sort(open_, {}, &Listening::key);
  tellListening(*next);
  current_ = std::move(next);
  return {.bound = boundIn(*current_), .failures = std::move(failures)};
}

std::vector<snapshot::BoundAddress> DataPlane::boundIn(const snapshot::Snapshot& next) const {
  std::vector<snapshot::BoundAddress> bound;
  for (const snapshot::Port& port : next.ports) {
    for (const std::string& address : port.addresses) {
      auto open = std::ranges::find(open_, doorKey(port, address), &Listening::key);
      if (open != open_.end()) {
        bound.push_back(
            {.gateway = std::string(port.gateway.view()),
             .port = port.port,
             .address = address,
             .bound = open->bound}
        );
      }
    }
  }
  return bound;
}

bool DataPlane::drain(Nanos timeout) {
  auto finished = std::make_shared<Countdown>(workers_.size());
  // Each worker waits for its own connections under a gate and a stop of its own.
  struct Closing {
    explicit Closing(io::Reactor& reactor) : gate(reactor) {}
    io::Gate gate;
    io::Stop never;
  };
  std::vector<std::unique_ptr<Closing>> closings(workers_.size());
  workers_.runOnAll([&](std::size_t index, io::Reactor& reactor) {
    closings[index] = std::make_unique<Closing>(reactor);
    planes_[index]->acceptor.drain();
    planes_[index]->worker.mirrorStop().request();
    io::spawn(
        closings[index]->gate,
        awaitEmpty(planes_[index]->worker.gate(), finished),
        closings[index]->never
    );
  });
  bool in_time = finished->wait(timeout);
  if (!in_time) {
    workers_.runOnAll([this](std::size_t index, io::Reactor&) {
      planes_[index]->worker.cutOff().request();
    });
    finished->wait();
  }
  // A turn later every task has left its gate; then the planes may go, on their own threads.
  workers_.runOnAll([&](std::size_t index, io::Reactor&) {
    planes_[index]->worker.pool().closeIdle();
  });
  workers_.runOnAll([&](std::size_t index, io::Reactor&) {
    closings[index].reset();
    planes_[index].reset();
  });
  workers_.stop();
  return in_time;
}

}  // namespace gatehouse::proxy
