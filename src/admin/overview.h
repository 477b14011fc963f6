// A snapshot in words, one line a route: for the start-up table and the admin API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snapshot/snapshot.h"

namespace gatehouse::admin {

/// What a backend is asked in.
enum class Speaks : std::uint8_t { kNothing, kChat, kMessages, kPlain };

struct RouteOverview {
  std::string gateway;  // "namespace/name"
  std::string listener;
  // Of the snapshot given; a row without a route has port and place only.
  const snapshot::Port* port = nullptr;
  const snapshot::Listener* place = nullptr;
  const snapshot::RouteEntry* entry = nullptr;
  const snapshot::WeightedBackend* choice = nullptr;  // null where a redirect answers
  std::string match;                                  // "/openai", "GET example.com/x"
  std::string backend;                                // "namespace/name"
  std::string target;    // "https://api.openai.com:443 (gpt-4o)", "simulated", "redirect 302", or
                         // what is wrong
  std::string key_from;  // empty: no key
  bool simulated = false;
  Speaks speaks = Speaks::kNothing;
};

/// Every match of every route, in order of gateway, listener and precedence.
std::vector<RouteOverview> overview(const snapshot::Snapshot& snapshot);

}  // namespace gatehouse::admin
