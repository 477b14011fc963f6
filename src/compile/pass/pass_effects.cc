// What is accepted and has no effect yet is said: a finding each, and a sentence in the status of
// the object (resources.md 2).
#include <utility>

#include <fmt/format.h>

#include "compile/effect.h"
#include "compile/passes.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

class EffectNoter {
 public:
  explicit EffectNoter(Draft& draft) : draft_(draft) {}

  void note(const resource::ObjectMeta& meta) {
    for (const InactiveField& field : table_.inactiveFields(meta)) {
      draft_.find(
          field.guard ? Severity::kWarning : Severity::kInfo,
          meta,
          field.path,
          "accepted but not active yet"
      );
      draft_.inactive[meta.key].push_back(
          fmt::format("{} is accepted but not active yet", field.path)
      );
    }
  }

  template <typename T>
  void noteAll() {
    for (const auto& object : draft_.resources.all<T>()) {
      note(object->meta);
    }
  }

 private:
  Draft& draft_;
  EffectTable table_ = EffectTable::builtIn();
};

/// Kinds that are decoded no further have no pass that writes their status.
void reportPlain(Draft& draft, const resource::ObjectMeta& meta) {
  if (!draft.inactive.contains(meta.key)) {
    return;
  }
  resource::PlainStatus status;
  status.conditions.push_back(draft.condition(
      meta,
      resource::condition::kAccepted,
      true,
      resource::reason::kAccepted,
      draft.withInactive(meta, resource::message::kConfigurationValid)
  ));
  draft.report.objects.emplace(meta.key, std::move(status));
}

}  // namespace

void passEffects(Draft& draft) {
  EffectNoter noter(draft);
  for (const GatewayDraft& gateway : draft.gateways) {
    noter.note(gateway.resource->meta);
  }
  noter.noteAll<resource::ListenerSet>();
  noter.noteAll<resource::HttpRoute>();
  noter.noteAll<resource::AgentgatewayBackend>();
  noter.noteAll<resource::AgentgatewayPolicy>();
  noter.noteAll<resource::BackendTlsPolicy>();
  for (const auto& object : draft.resources.all<resource::OpaqueObject>()) {
    noter.note(object->meta);
    reportPlain(draft, object->meta);
  }
}

}  // namespace gatehouse::compile
