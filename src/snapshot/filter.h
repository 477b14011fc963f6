// What the filters of a rule do to its requests and replies (Gateway API, HTTPRoute
// spec.rules[].filters; resources.md 3.5), ready to run: names and values are checked, defaults
// filled in, those of a backendRef put behind those of its rule. Immutable; made by compile; safe
// from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/credential.h"
#include "http/head.h"
#include "snapshot/backend.h"

namespace gatehouse::snapshot {

/// One change of a field section. Neither name nor value says anything about the connection.
struct FieldChange {
  enum class Kind : std::uint8_t {
    kRemove,  // every line of that name
    kSet,     // this one line in the place of all of that name
    kAdd,     // one line more
  };
  Kind kind = Kind::kSet;
  std::string name;   // as written; compares without case
  std::string value;  // empty for kRemove

  /// Puts a credential where a client's stands.
  bool setsCredential() const { return kind != Kind::kRemove && http::namesCredential(name); }
};

/// In the order in which they are made.
using FieldChanges = std::vector<FieldChange>;

/// What stands in the place of a path, or of the prefix of it that the rule matched.
struct PathChange {
  enum class Part : std::uint8_t { kWhole, kPrefix };
  Part part = Part::kWhole;
  std::string value = "/";  // begins with '/'
};

/// Answered in the place of any backend.
struct Redirect {
  std::string scheme;                 // "http", "https"; empty: the listener's
  std::string hostname;               // empty: the request's
  std::optional<std::uint16_t> port;  // else the scheme's own where one is set, else the listener's
  http::Status status = 302;
  std::optional<PathChange> path;
};

/// Origins that are allowed, in lower case and without the scheme's own port: that one, or with
/// `below` every host between "https://" and ".example.com:8443".
struct OriginPattern {
  std::string begin;
  std::string end;
  bool below = false;
};

/// Lists as they are sent; empty: the field is not.
struct Cors {
  bool any_origin = false;
  std::vector<OriginPattern> origins;
  bool credentials = false;
  std::string methods;
  std::string headers;
  std::string exposed;
  std::string max_age;
};

/// So many of so many requests are sent to this service as well.
struct Mirror {
  BackendHandle backend;  // an HttpBackend
  std::uint32_t numerator = 100;
  std::uint32_t denominator = 100;  // not 0
};

struct Filters {
  FieldChanges request;
  FieldChanges response;
  std::optional<Redirect> redirect;
  std::optional<PathChange> path;
  std::string hostname;  // the Host upstream; empty: as without filter
  std::optional<Cors> cors;
  std::vector<Mirror> mirrors;
};

/// Null: no filter.
using FiltersHandle = std::shared_ptr<const Filters>;

}  // namespace gatehouse::snapshot
