#include "resource/decode_ref.h"

#include "resource/reader.h"

namespace gatehouse::resource {

using wire::Value;

ParentRef decodeParentRef(const Value& ref, std::string_view ns) {
  return {
      .group = readText(ref, "group", kGatewayGroup),
      .kind = readText(ref, "kind", "Gateway"),
      .ns = readText(ref, "namespace", ns),
      .name = readText(ref, "name", ""),
      .section_name = readText(ref, "sectionName"),
      .port = readPort(ref, "port"),
      .position = ref.position,
  };
}

BackendObjectRef decodeBackendObjectRef(const Value& ref, std::string_view ns) {
  return {
      .group = readText(ref, "group", ""),
      .kind = readText(ref, "kind", "Service"),
      .ns = readText(ref, "namespace", ns),
      .name = readText(ref, "name", ""),
      .port = readPort(ref, "port"),
      .position = ref.position,
  };
}

ObjectRef decodeObjectRef(const Value& ref, std::string_view ns, std::string_view default_kind) {
  return {
      .group = readText(ref, "group", ""),
      .kind = readText(ref, "kind", default_kind),
      .ns = readText(ref, "namespace", ns),
      .name = readText(ref, "name", ""),
      .position = ref.position,
  };
}

SecretKeyRef decodeSecretKeyRef(const Value& ref, std::string_view ns) {
  return {
      .group = readText(ref, "group", ""),
      .kind = readText(ref, "kind", "Secret"),
      .ns = std::string(ns),
      .name = readText(ref, "name", ""),
      .key = readText(ref, "key", ""),
      .position = ref.position,
  };
}

PolicyTargetRef decodePolicyTargetRef(const Value& ref) {
  return {
      .group = readText(ref, "group", ""),
      .kind = readText(ref, "kind", ""),
      .name = readText(ref, "name", ""),
      .section_name = readText(ref, "sectionName"),
      .port = readPort(ref, "port"),
      .position = ref.position,
  };
}

PolicyTargetSelector decodePolicyTargetSelector(const Value& selector) {
  return {
      .group = readText(selector, "group", ""),
      .kind = readText(selector, "kind", ""),
      .match_labels = readMap(selector, "matchLabels"),
      .section_name = readText(selector, "sectionName"),
      .port = readPort(selector, "port"),
      .position = selector.position,
  };
}

LabelSelector decodeLabelSelector(const Value& selector) {
  LabelSelector decoded;
  decoded.match_labels = readMap(selector, "matchLabels");
  for (const Value& expression : readList(selector, "matchExpressions")) {
    decoded.match_expressions.push_back({
        .key = readText(expression, "key", ""),
        .op = readText(expression, "operator", ""),
        .values = readTexts(expression, "values"),
    });
  }
  return decoded;
}

std::vector<ObjectRef> decodeObjectRefs(
    const Value& object, std::string_view list, std::string_view ns, std::string_view default_kind
) {
  std::vector<ObjectRef> refs;
  for (const Value& ref : readList(object, list)) {
    refs.push_back(decodeObjectRef(ref, ns, default_kind));
  }
  return refs;
}

}  // namespace gatehouse::resource
