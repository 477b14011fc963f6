#include "resource/load.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "resource/check/document.h"
#include "resource/decode_backend.h"
#include "resource/decode_gateway.h"
#include "resource/decode_policy.h"
#include "resource/decode_route.h"
#include "resource/nearest.h"
#include "resource/reader.h"
#include "wire/yaml.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

/// Kinds of the Gateway API that are none of ours (resources.md 1).
constexpr std::array<std::string_view, 4> kNotServed{
    "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"
};

struct ApiVersion {
  std::string group;
  std::string version;
};

ApiVersion splitApiVersion(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return {.group = "", .version = std::string(text)};
  }
  return {
      .group = std::string(text.substr(0, slash)), .version = std::string(text.substr(slash + 1))
  };
}

std::string apiVersionOf(const ObjectMeta& meta) {
  return meta.key.group.empty() ? meta.version : fmt::format("{}/{}", meta.key.group, meta.version);
}

/// `kind: List`, or a typed one such as SecretList.
bool isList(const Value& item) {
  const Value* items = item.find("items");
  return items != nullptr && items->isArray() && readText(item, "kind", "").ends_with("List");
}

void readMetadata(const Value& object, ObjectMeta& meta) {
  const Value& metadata = readPart(object, "metadata");
  meta.labels = readMap(metadata, "labels");
  meta.annotations = readMap(metadata, "annotations");
  meta.creation_timestamp = readText(metadata, "creationTimestamp");
  meta.generation = readInteger(metadata, "generation").value_or(0);
}

template <typename T>
AnyObject shareObject(T object) {
  return std::make_shared<const T>(std::move(object));
}

using Decode = AnyObject (*)(const Value& document, ObjectMeta meta);

template <auto decode>
AnyObject decodeAs(const Value& document, ObjectMeta meta) {
  return shareObject(decode(document, std::move(meta)));
}

constexpr std::array<std::pair<std::string_view, Decode>, 16> kDecoders{{
    {"GatewayClass", decodeAs<decodeGatewayClass>},
    {"Gateway", decodeAs<decodeGateway>},
    {"ListenerSet", decodeAs<decodeListenerSet>},
    {"HTTPRoute", decodeAs<decodeHttpRoute>},
    {"AgentgatewayBackend", decodeAs<decodeBackend>},
    {"AgentgatewayPolicy", decodeAs<decodePolicy>},
    {"EnterpriseAgentgatewayPolicy", decodeAs<decodePolicy>},
    {"BackendTLSPolicy", decodeAs<decodeBackendTlsPolicy>},
    {"Service", decodeAs<decodeService>},
    {"EndpointSlice", decodeAs<decodeEndpointSlice>},
    {"Namespace", decodeAs<decodeNamespace>},
    {"ConfigMap", decodeAs<decodeConfigMap>},
    {"ReferenceGrant", decodeAs<decodeReferenceGrant>},
    {"ExternalSecret", decodeAs<decodeExternalSecret>},
    {"SecretStore", decodeAs<decodeSecretStore>},
    {"ClusterSecretStore", decodeAs<decodeSecretStore>},
}};

/// Decodes an object that passed its checks; kinds without a struct become opaque.
AnyObject decodeObject(
    const Value& object, ObjectMeta meta, const LoadOptions& options, FindingSink& sink
) {
  if (meta.key.kind == Secret::kKind) {
    return shareObject(decodeSecret(object, std::move(meta), options.variable, sink));
  }
  const auto decoder = std::ranges::find_if(kDecoders, [&](const auto& entry) {
    return entry.first == meta.key.kind;
  });
  return decoder == kDecoders.end() ? shareObject(OpaqueObject{std::move(meta)})
                                    : decoder->second(object, std::move(meta));
}

/// Each error behind its field.
std::string errorsOf(std::span<const Finding> findings) {
  std::vector<std::string> errors;
  for (const Finding& finding : findings) {
    if (finding.severity == Severity::kError) {
      errors.push_back(
          finding.field.empty() ? finding.message
                                : fmt::format("{}: {}", finding.field, finding.message)
      );
    }
  }
  return fmt::format("{}", fmt::join(errors, "; "));
}

/// The Secret that `external` writes as its owner (resources.md 12), or nothing if it only adds to
/// one.
std::optional<std::string> ownedSecret(const ExternalSecret& external) {
  const Value& target = readPart(external.spec, "target");
  const std::string policy = readText(target, "creationPolicy", "Owner");
  if (policy != "Owner" && policy != "Orphan") {
    return std::nullopt;
  }
  return readText(target, "name", external.meta.key.name);
}

}  // namespace

Loader::Loader(const SchemaSet& schemas, LoadOptions options)
    : schemas_(schemas), options_(std::move(options)) {}

void Loader::add(std::string_view file, std::string_view text) {
  wire::YamlStream stream = wire::readYaml(text);
  for (const wire::SyntaxError& error : stream.errors) {
    findings_.push_back({
        .severity = Severity::kError,
        .file = std::string(file),
        .position = error.position,
        .object = {},
        .field = {},
        .message = error.message,
    });
  }
  for (const Value& document : stream.documents) {
    addItem(std::string(file), document);
  }
}

void Loader::addObject(std::string_view file, const Value& object) {
  addItem(std::string(file), object);
}

void Loader::addItem(const std::string& file, const Value& item) {
  if (const wire::Array* items = isList(item) ? item.find("items")->array() : item.array()) {
    for (const Value& inner : *items) {
      addItem(file, inner);
    }
    return;
  }
  if (item.isNull()) {
    return;
  }
  ObjectMeta meta;
  meta.source = {.file = file, .position = item.position};
  FindingSink sink(file, {}, options_.strict, findings_);
  if (!item.isObject()) {
    sink.error(
        item.position,
        "",
        fmt::format("expected an object, got {}", item.isString() ? "a string" : show(item))
    );
    return;
  }
  if (readField(item, "apiVersion") == nullptr && readField(item, "kind") == nullptr) {
    sink.warning(
        item.position, "", "no manifest, as it has neither apiVersion nor kind; it is ignored"
    );
    return;
  }
  for (const std::string_view field : {"apiVersion", "kind"}) {
    if (const auto text = readText(item, field); !text || text->empty()) {
      sink.error(item.position, std::string(field), "required field is missing");
      return;
    }
  }
  ApiVersion api = splitApiVersion(readText(item, "apiVersion", ""));
  meta.version = std::move(api.version);
  const Value& metadata = readPart(item, "metadata");
  meta.key = {
      .group = std::move(api.group),
      .kind = readText(item, "kind", ""),
      .ns = readText(metadata, "namespace", ""),
      .name = readText(metadata, "name", ""),
  };
  if (const KindSchema* schema = schemas_.find(meta.key.group, meta.key.kind)) {
    addKnown(std::move(meta), *schema, item);
  } else {
    addUnknown(std::move(meta), item.find("kind")->position);
  }
}

void Loader::addKnown(ObjectMeta meta, const KindSchema& schema, const Value& object) {
  const bool namespaced = schema.scope == Scope::kNamespaced;
  const bool has_namespace = !meta.key.ns.empty();
  if (namespaced && !has_namespace) {
    meta.key.ns = options_.default_namespace;
  } else if (!namespaced) {
    meta.key.ns.clear();
  }
  const std::size_t told_before = findings_.size();
  FindingSink sink(meta.source.file, meta.key, options_.strict, findings_);
  if (!namespaced && has_namespace) {
    sink.lapse(
        positionOf(readPart(object, "metadata"), "namespace"),
        "metadata.namespace",
        fmt::format("{} is cluster-scoped, the namespace is dropped", meta.key.kind)
    );
  }
  if (std::ranges::find(schema.versions, meta.version) == schema.versions.end()) {
    sink.lapse(
        object.find("apiVersion")->position,
        "apiVersion",
        fmt::format(
            "version {} is not known, expected {}", meta.version, fmt::join(schema.versions, " or ")
        )
    );
  }
  checkDocument(object, schema, sink);
  if (isRepeated(meta, sink)) {
    return;
  }
  if (sink.failed()) {
    refuse(std::move(meta), object, std::span(findings_).subspan(told_before));
    return;
  }
  readMetadata(object, meta);
  countGeneration(object, meta);
  if (meta.key.kind != Secret::kKind) {
    meta.document = std::make_shared<const Value>(showable(object, schema));
  }
  objects_.push_back(decodeObject(object, std::move(meta), options_, sink));
}

void Loader::countGeneration(const Value& object, ObjectMeta& meta) const {
  if (meta.generation == 0 && options_.generation) {
    meta.generation = options_.generation(meta.key, object);
  }
}

void Loader::refuse(ObjectMeta meta, const Value& object, std::span<const Finding> told) {
  refused_.push_back(meta.key);
  if (meta.key.kind == BackendTlsPolicy::kKind) {
    refused_tls_.push_back(
        std::make_shared<const BackendTlsPolicy>(decodeBackendTlsPolicy(object, std::move(meta)))
    );
  } else if (meta.key.kind == HttpRoute::kKind && !meta.key.name.empty()) {
    readMetadata(object, meta);
    countGeneration(object, meta);
    refused_routes_.push_back({
        .route = std::make_shared<const HttpRoute>(decodeHttpRoute(object, std::move(meta))),
        .why = errorsOf(told),
    });
  }
}

bool Loader::isRepeated(const ObjectMeta& meta, FindingSink& sink) {
  if (meta.key.name.empty()) {
    return false;
  }
  const auto [first, fresh] = seen_.emplace(meta.key, meta.source);
  if (!fresh) {
    sink.error(
        meta.source.position,
        "metadata.name",
        fmt::format(
            "this object is already defined at {}; that one counts", toString(first->second)
        )
    );
  }
  return !fresh;
}

void Loader::addUnknown(ObjectMeta meta, Position kind_position) {
  const std::string_view group = meta.key.group;
  std::vector<std::string_view> kinds;
  for (const KindSchema& schema : schemas_.kinds()) {
    if (schema.group == group) {
      kinds.emplace_back(schema.kind);
    }
  }
  const bool whole_group_ours =
      group == kGatewayGroup || group == kAgentgatewayGroup || group == kEnterpriseGroup;
  const bool not_served =
      std::ranges::find(kNotServed, std::string_view(meta.key.kind)) != kNotServed.end();
  const std::string hint = didYouMean(meta.key.kind, kinds);
  if ((whole_group_ours && !not_served) || !hint.empty()) {
    FindingSink(meta.source.file, meta.key, options_.strict, findings_)
        .lapse(
            kind_position,
            "kind",
            fmt::format("unknown kind of {}, the object is ignored{}", apiVersionOf(meta), hint)
        );
  } else {
    const auto [entry, fresh] =
        ignored_.try_emplace(fmt::format("{} {}", apiVersionOf(meta), meta.key.kind));
    if (fresh) {
      entry->second.first = {
          .severity = Severity::kInfo,
          .file = meta.source.file,
          .position = meta.source.position,
          .object = meta.key,
          .field = {},
          .message = fmt::format("ignored, {} is not served", entry->first),
      };
    } else {
      ++entry->second.more;
    }
  }
  objects_.push_back(shareObject(OpaqueObject{std::move(meta)}));
}

/// A Secret and an ExternalSecret, or two ExternalSecrets, that make the same Secret (resources.md
/// 12).
void Loader::refuseSharedTargets() {
  std::map<std::pair<std::string, std::string>, const ObjectMeta*> makers;
  for (const AnyObject& object : objects_) {
    if (const auto* secret = std::get_if<Shared<Secret>>(&object)) {
      const ObjectMeta& meta = (*secret)->meta;
      makers.emplace(std::pair(meta.key.ns, meta.key.name), &meta);
    }
  }
  std::erase_if(objects_, [&](const AnyObject& object) {
    const auto* external = std::get_if<Shared<ExternalSecret>>(&object);
    if (external == nullptr) {
      return false;
    }
    const ObjectMeta& meta = (*external)->meta;
    const std::optional<std::string> name = ownedSecret(**external);
    if (!name) {
      return false;
    }
    const auto [first, fresh] = makers.emplace(std::pair(meta.key.ns, *name), &meta);
    if (!fresh) {
      FindingSink(meta.source.file, meta.key, options_.strict, findings_)
          .error(
              meta.source.position,
              "spec.target.name",
              fmt::format(
                  "the Secret {}/{} already comes from {} at {}",
                  meta.key.ns,
                  *name,
                  toString(first->second->key),
                  toString(first->second->source)
              )
          );
    }
    return !fresh;
  });
}

Loaded Loader::finish() {
  refuseSharedTargets();
  for (auto& [kind, ignored] : ignored_) {
    if (ignored.more > 0) {
      ignored.first.message += fmt::format(" (and {} more)", ignored.more);
    }
    findings_.push_back(std::move(ignored.first));
  }
  Loaded loaded{
      .objects = std::move(objects_),
      .findings = std::move(findings_),
      .refused = std::move(refused_),
      .refused_tls = std::move(refused_tls_),
      .refused_routes = std::move(refused_routes_),
  };
  sortFindings(loaded.findings);
  objects_.clear();
  refused_.clear();
  refused_tls_.clear();
  refused_routes_.clear();
  findings_.clear();
  seen_.clear();
  ignored_.clear();
  return loaded;
}

}  // namespace gatehouse::resource
