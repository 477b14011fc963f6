#include "compile/rewrite.h"

#include <utility>
#include <variant>
#include <vector>

namespace gatehouse::compile {
namespace {

std::vector<upstream::EndpointHandle*> endpointsOf(snapshot::Backend& backend) {
  std::vector<upstream::EndpointHandle*> endpoints;
  if (auto* ai = std::get_if<snapshot::AiBackend>(&backend.target)) {
    for (snapshot::AiProvider& provider : ai->providers) {
      endpoints.push_back(&provider.endpoint);
    }
  } else if (auto* plain = std::get_if<snapshot::HttpBackend>(&backend.target)) {
    for (upstream::EndpointHandle& endpoint : plain->endpoints) {
      endpoints.push_back(&endpoint);
    }
  }
  return endpoints;
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
  bool changed = false;
  for (upstream::EndpointHandle* endpoint : endpointsOf(made)) {
    Changed next = change_(*endpoint);
    if (!next) {
      next.error().plain = from->isPlain();
      made.target = std::move(next.error());
      return std::make_shared<const snapshot::Backend>(std::move(made));
    }
    changed = std::exchange(*endpoint, *next) != *next || changed;
  }
  return changed ? std::make_shared<const snapshot::Backend>(std::move(made)) : from;
}

}  // namespace gatehouse::compile
