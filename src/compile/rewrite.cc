#include "compile/rewrite.h"

#include <utility>
#include <variant>
#include <vector>

namespace gatehouse::compile {
namespace {

/// Whether anything changed; unexpected: requests must fail.
using Outcome = std::expected<bool, snapshot::InvalidBackend>;
using Change = std::function<EndpointRewriter::Changed(const upstream::EndpointHandle&)>;

Outcome change(const Change& change, upstream::EndpointHandle& endpoint) {
  EndpointRewriter::Changed next = change(endpoint);
  if (!next) {
    return std::unexpected(std::move(next.error()));
  }
  return std::exchange(endpoint, *next) != *next;
}

Outcome changeAll(const Change& next, snapshot::HttpBackend& plain) {
  bool changed = false;
  for (upstream::EndpointHandle& endpoint : plain.endpoints) {
    Outcome one = change(next, endpoint);
    if (!one) {
      return one;
    }
    changed = *one || changed;
  }
  return changed;
}

Outcome changeAll(const Change& next, snapshot::AiBackend& ai) {
  bool changed = false;
  for (auto provider = ai.providers.begin(); provider != ai.providers.end();) {
    Outcome one = change(next, provider->endpoint);
    if (!one && provider == ai.providers.begin()) {
      return one;
    }
    changed = !one || *one || changed;
    provider = one ? provider + 1 : ai.providers.erase(provider);
  }
  return changed;
}

}  // namespace

EndpointRewriter::EndpointRewriter(std::function<Changed(const upstream::EndpointHandle&)> change)
    : change_(std::move(change)) {}

std::shared_ptr<const snapshot::Rule> EndpointRewriter::rule(
    const std::shared_ptr<const snapshot::Rule>& from
) {
  auto known = rules_.find(from);
  if (known == rules_.end()) {
    known = rules_.emplace(from, copy(from)).first;
  }
  return known->second;
}

std::shared_ptr<const snapshot::Rule> EndpointRewriter::copy(
    const std::shared_ptr<const snapshot::Rule>& from
) {
  snapshot::Rule made = *from;
  bool changed = update(made.filters);
  for (snapshot::WeightedBackend& choice : made.backends) {
    changed = update(choice.backend) || changed;
    changed = update(choice.filters) || changed;
  }
  return changed ? std::make_shared<const snapshot::Rule>(std::move(made)) : from;
}

bool EndpointRewriter::update(snapshot::FiltersHandle& filters) {
  if (filters == nullptr || filters->mirrors.empty()) {
    return false;
  }
  snapshot::Filters made = *filters;
  bool changed = false;
  for (snapshot::Mirror& mirror : made.mirrors) {
    changed = update(mirror.backend) || changed;
  }
  if (changed) {
    filters = std::make_shared<const snapshot::Filters>(std::move(made));
  }
  return changed;
}

bool EndpointRewriter::update(snapshot::BackendHandle& backend) {
  auto known = backends_.find(backend);
  if (known == backends_.end()) {
    known = backends_.emplace(backend, copy(backend)).first;
  }
  return std::exchange(backend, known->second) != known->second;
}

snapshot::BackendHandle EndpointRewriter::copy(const snapshot::BackendHandle& from) {
  snapshot::Backend made = *from;
  Outcome changed = false;
  if (auto* ai = std::get_if<snapshot::AiBackend>(&made.target)) {
    changed = changeAll(change_, *ai);
  } else if (auto* plain = std::get_if<snapshot::HttpBackend>(&made.target)) {
    changed = changeAll(change_, *plain);
  }
  if (!changed) {
    changed.error().plain = from->isPlain();
    made.target = std::move(changed.error());
    return std::make_shared<const snapshot::Backend>(std::move(made));
  }
  return *changed ? std::make_shared<const snapshot::Backend>(std::move(made)) : from;
}

}  // namespace gatehouse::compile
