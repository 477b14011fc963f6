// What the control wing shows of itself: resources with their status, findings, and how the last
// reload went. Immutable, shared; holds no secret value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "resource/finding.h"
#include "resource/meta.h"
#include "snapshot/publish.h"
#include "wire/json.h"

namespace gatehouse::control {

struct ObjectView {
  resource::ObjectKey key;
  std::string version;
  resource::Source source;
  /// As written, sensitive values replaced; null for Secrets and for objects that were not written
  /// down.
  std::shared_ptr<const wire::Value> document;
  /// The `status` object; JSON null if the object has none.
  wire::Value status;
  /// Names of the keys of a Secret.
  std::vector<std::string> secret_keys;
};

/// How long the parts of a reload took.
struct ReloadTimes {
  Nanos load{};     // the sources were read and decoded
  Nanos compile{};  // a snapshot was made of them
  Nanos publish{};  // every worker took it; zero where none was handed out
};

/// A certificate that is used.
struct CertificateView {
  std::string secret;  // "namespace/name"
  std::string subject;
  std::vector<std::string> names;  // that it was issued for
  WallMicros not_before{};
  WallMicros not_after{};
  std::vector<std::string> used_by;  // "Gateway team/gw listener https"
};

struct View {
  /// Of the snapshot that is served; 0 before the first.
  std::uint64_t generation = 0;
  WallMicros loaded_at{};
  /// Why the newest state of the sources, or a part of it, is not what is served; empty if it is.
  std::string last_error;
  WallMicros last_error_at{};
  std::uint64_t reloads = 0;            // applied as the sources are
  std::uint64_t rejected_reloads = 0;   // with something left at its last good state
  std::uint64_t unchanged_reloads = 0;  // that found what is served already
  WallMicros unchanged_at{};
  ReloadTimes times;  // of the reload that made this view
  /// When a reload finds something else though the sources are the same; nothing if never.
  std::optional<WallMicros> changes_at;
  std::vector<resource::Finding> findings;
  std::vector<ObjectView> objects;            // by kind, namespace, name
  std::vector<CertificateView> certificates;  // by Secret
  std::vector<snapshot::BoundAddress> bound;
  std::vector<snapshot::BindFailure> unbound;
  /// Flags that name nothing. The first load is not served then; later ones are.
  std::vector<std::string> flag_errors;
};

using ViewHandle = std::shared_ptr<const View>;

}  // namespace gatehouse::control
