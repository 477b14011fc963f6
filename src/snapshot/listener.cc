#include "snapshot/route_match.h"
#include "snapshot/snapshot.h"

namespace gatehouse::snapshot {
namespace {

/// Exact before wildcard before none, then the longer one.
std::size_t rank(std::string_view hostname) {
  constexpr std::size_t kExact = std::size_t{1} << 32;
  return hostname.size() + (hostname.empty() || hostname.starts_with("*.") ? 0 : kExact);
}

}  // namespace

const Listener* chooseListener(const Port& port, std::string_view host) {
  const Listener* best = nullptr;
  for (const Listener& listener : port.listeners) {
    if (hostMatches(listener.hostname, host) &&
        (best == nullptr || rank(listener.hostname) > rank(best->hostname))) {
      best = &listener;
    }
  }
  return best;
}

}  // namespace gatehouse::snapshot
