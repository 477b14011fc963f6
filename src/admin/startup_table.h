// What `gatehouse run` tells a person at start: where everything is, where each key comes from
// (never the key), and one line to try. Pure text.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "control/view.h"
#include "snapshot/snapshot.h"

namespace gatehouse::admin {

/// One route on one listener.
struct RouteRow {
  std::string gateway;  // "namespace/name"
  std::string listener;
  std::string address;   // "http://127.0.0.1:8080"; several joined by ", "; or why there is none
  std::string match;     // "/openai", "GET example.com/x"
  std::string backend;   // "namespace/name"
  std::string target;    // "https://api.openai.com/v1 (gpt-4o)"
  std::string key_from;  // "Secret namespace/name", "OPENAI_API_KEY"; empty: no key
};

struct ServiceRow {
  std::string name;     // "admin"
  std::string address;  // "127.0.0.1:15000"
  std::string path;     // "/api/resources"
};

/// What a start says that serves nothing.
struct NothingServed {
  std::string looked_at;
  std::string next_step;
};

struct StartupTable {
  std::string title = "Gatehouse is serving";
  std::vector<RouteRow> routes;
  NothingServed nothing;  // counts where there are no routes
  std::vector<ServiceRow> services;
  std::vector<std::string> notes;  // warnings worth reading before the first request
  std::string try_line;            // a whole command; empty: nothing to try
};

std::string render(const StartupTable& table);

/// The table of what is served, with the findings worth reading and the addresses that are open
/// beyond this machine.
StartupTable startupTable(
    const snapshot::Snapshot& snapshot, std::vector<ServiceRow> services, const control::View& view
);

/// Of a start that read `paths` ("-" is standard input) and serves nothing.
NothingServed nothingServed(const control::View& view, const std::vector<std::string>& paths);

/// What keeps a start from being a start: flags that name nothing, addresses that cannot be opened,
/// no configuration at all.
std::vector<std::string> startErrors(
    const control::View& view, const Result<std::vector<ServiceRow>>& doors
);

/// Why a start that was only to be checked is no good one: errors among the findings, nothing that
/// is served. Empty if it is good.
std::string checkFailure(const StartupTable& table, const control::View& view);

}  // namespace gatehouse::admin
