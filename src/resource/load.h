// Text of manifests -> objects and findings: documents, lists, identity, schema, rules, decoding
// (resources.md 2). No I/O: the caller reads the files, in a stable order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resource/decode_core.h"
#include "resource/finding.h"
#include "resource/schema.h"
#include "resource/set.h"

namespace gatehouse::resource {

struct LoadOptions {
  std::string default_namespace = "default";
  /// Unknown fields, unknown kinds of our groups and dropped namespaces are errors (D5).
  bool strict = false;
  /// For `${NAME}` in stringData. Empty: nothing is expanded (in a cluster).
  LookUpVariable variable = {};
  /// The generation of an object whose metadata says none. Empty: 0.
  std::function<std::int64_t(const ObjectKey& key, const wire::Value& object)> generation = {};
};

/// What the sources said. An object with an error of its own is left out of `objects`; the others
/// stay.
struct Loaded {
  std::vector<AnyObject> objects;
  std::vector<Finding> findings;   // by file, then position
  std::vector<ObjectKey> refused;  // left out, and no other object of that name is in
  /// Of those left out, as far as they can be read: their targets must not go unprotected.
  std::vector<Shared<BackendTlsPolicy>> refused_tls;
  std::vector<RefusedRoute> refused_routes;
};

/// Collects the files of one load. Owner's thread only.
class Loader {
 public:
  /// `schemas` must outlive the loader.
  Loader(const SchemaSet& schemas, LoadOptions options);

  /// One file of YAML or JSON, any number of documents. `file` is the name findings carry.
  void add(std::string_view file, std::string_view text);

  /// One object of any other source, already parsed (a watch event, an admin request).
  void addObject(std::string_view file, const wire::Value& object);

  /// Everything added so far. The loader is empty afterwards.
  Loaded finish();

 private:
  struct Ignored {
    Finding first;
    std::size_t more = 0;
  };

  void addItem(const std::string& file, const wire::Value& item);
  void addKnown(ObjectMeta meta, const KindSchema& schema, const wire::Value& object);
  void addUnknown(ObjectMeta meta, Position kind_position);
  void countGeneration(const wire::Value& object, ObjectMeta& meta) const;
  /// Notes an object with errors, those that are `told`.
  void refuse(ObjectMeta meta, const wire::Value& object, std::span<const Finding> told);
  bool isRepeated(const ObjectMeta& meta, FindingSink& sink);
  void refuseSharedTargets();

  const SchemaSet& schemas_;
  LoadOptions options_;
  std::vector<AnyObject> objects_;
  std::vector<Finding> findings_;
  std::vector<ObjectKey> refused_;
  std::vector<Shared<BackendTlsPolicy>> refused_tls_;
  std::vector<RefusedRoute> refused_routes_;
  std::map<ObjectKey, Source> seen_;
  std::map<std::string, Ignored, std::less<>> ignored_;  // by apiVersion and kind
};

}  // namespace gatehouse::resource
