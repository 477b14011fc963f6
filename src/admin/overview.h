// A snapshot in words, one line a route: for the start-up table and the admin API.
#pragma once

#include <string>
#include <vector>

#include "snapshot/snapshot.h"

namespace gatehouse::admin {

struct RouteOverview {
  std::string gateway;  // "namespace/name"
  std::string listener;
  const snapshot::Port* port = nullptr;  // of the snapshot given
  std::string match;                     // "/openai", "GET example.com/x"
  std::string path;                      // of a prefix or exact match, else empty
  std::string backend;                   // "namespace/name"
  std::string target;    // "https://api.openai.com:443 (gpt-4o)", "simulated", or what is wrong
  std::string key_from;  // empty: no key
  bool simulated = false;
  bool takes_chat = false;  // answers POST .../v1/chat/completions
};

/// Every match of every route, in order of gateway, listener and precedence.
std::vector<RouteOverview> overview(const snapshot::Snapshot& snapshot);

}  // namespace gatehouse::admin
