// What `gatehouse run` tells a person at start: where everything is, where each key comes from
// (never the key), and one line to try. Pure text.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::cli {

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
  std::string name;     // "admin API"
  std::string address;  // "http://127.0.0.1:15000"
};

struct StartupTable {
  std::vector<RouteRow> routes;
  std::vector<ServiceRow> services;
  std::vector<std::string> notes;  // warnings worth reading before the first request
  std::string try_line;            // a whole command; empty: nothing to try
};

std::string render(const StartupTable& table);

/// A curl command for a chat at `base` ("http://127.0.0.1:8080/sim").
std::string curlLine(const std::string& base, const std::string& model);

}  // namespace gatehouse::cli
