#include "compile/draft.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace gatehouse::compile {
namespace {

/// Takes "name", or "[3]" as an index, off the front of a field path.
const wire::Value* step(const wire::Value& value, std::string_view& path) {
  if (path.starts_with('[')) {
    const std::size_t end = path.find(']');
    const auto index = parseUnsigned(path.substr(1, end - 1));
    path.remove_prefix(std::min(end, path.size() - 1) + 1);
    const wire::Array* array = value.array();
    return index && array != nullptr && *index < array->size() ? &(*array)[*index] : nullptr;
  }
  if (path.starts_with('.')) {
    path.remove_prefix(1);
  }
  const std::string_view name = path.substr(0, path.find_first_of(".["));
  path.remove_prefix(name.size());
  return value.find(name);
}

}  // namespace

resource::Position locate(const resource::ObjectMeta& meta, std::string_view field) {
  resource::Position best = meta.source.position;
  const wire::Value* value = meta.document.get();
  while (value != nullptr && !field.empty()) {
    value = step(*value, field);
    if (value != nullptr && value->position.line != 0) {
      best = value->position;
    }
  }
  return best;
}

std::string join(const std::vector<std::string>& sentences) {
  return fmt::format("{}", fmt::join(sentences, "; "));
}

std::string ListenerDraft::name() const {
  return set == nullptr ? spec->name
                        : fmt::format("{}/{}", resource::qualifiedName(set->meta.key), spec->name);
}

std::string ListenerDraft::field(std::string_view rest) const {
  return fmt::format("spec.listeners[{}]{}", index, rest);
}

bool GatewayDraft::accepted() const {
  return !not_accepted && std::ranges::any_of(listeners, [](const ListenerDraft& listener) {
    return listener.set == nullptr && listener.accepted();
  });
}

std::string ParentDraft::name() const {
  return resource::toString(set == nullptr ? gateway->resource->meta.key : set->resource->meta.key);
}

GatewayDraft* Draft::findGateway(std::string_view ns, std::string_view name) {
  for (GatewayDraft& gateway : gateways) {
    if (gateway.resource->meta.key.ns == ns && gateway.resource->meta.key.name == name) {
      return &gateway;
    }
  }
  return nullptr;
}

const ListenerSetDraft* Draft::findListenerSet(std::string_view ns, std::string_view name) const {
  for (const ListenerSetDraft& set : listener_sets) {
    if (set.resource->meta.key.ns == ns && set.resource->meta.key.name == name) {
      return &set;
    }
  }
  return nullptr;
}

void Draft::find(
    resource::Severity severity,
    const resource::ObjectMeta& meta,
    std::string field,
    std::string message
) {
  findings.push_back(resource::Finding{
      .severity = severity,
      .file = meta.source.file,
      .position = locate(meta, field),
      .object = meta.key,
      .field = std::move(field),
      .message = std::move(message),
  });
}

std::string Draft::withInactive(const resource::ObjectMeta& meta, std::string_view text) const {
  const auto found = inactive.find(meta.key);
  return found == inactive.end() ? std::string(text)
                                 : fmt::format("{}; {}", text, join(found->second));
}

resource::Condition Draft::condition(
    const resource::ObjectMeta& meta,
    std::string_view type,
    bool holds,
    std::string_view reason,
    std::string message
) const {
  return resource::Condition{
      .type = std::string(type),
      .status = holds ? resource::ConditionStatus::kTrue : resource::ConditionStatus::kFalse,
      .reason = std::string(reason),
      .message = std::move(message),
      .observed_generation = meta.generation,
      .last_transition = options.now,
  };
}

}  // namespace gatehouse::compile
