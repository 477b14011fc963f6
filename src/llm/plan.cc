#include "llm/plan.h"

#include <expected>

#include <fmt/format.h>

#include "base/text.h"

namespace gatehouse::llm {
namespace {

/// The path of a dialect behind the base; the client's own part where it says more than the
/// dialect.
std::string_view ownPath(const DialectMatch& match, const ClientTarget& target) {
  switch (match.dialect) {
    case Dialect::kChat:
      return "/chat/completions";
    case Dialect::kMessages:
      return "/messages";
    case Dialect::kMessagesCount:
      return "/messages/count_tokens";
    case Dialect::kResponses:
      return "/responses";
    case Dialect::kEmbeddings:
      return "/embeddings";
    case Dialect::kRerank:
      return "/rerank";
    case Dialect::kCompletions:
      return "/completions";
    default:
      break;
  }
  if (match.dialect == Dialect::kModels || !match.prefix.empty()) {
    return match.own_path;
  }
  // Nothing was recognised in front of it, the route's prefix included: a `*` of
  // policies.ai.routes.
  std::string_view own = match.own_path;
  if (own.starts_with(target.route_prefix)) {
    own.remove_prefix(target.route_prefix.size());
  }
  return withoutLeadingVersions(own);
}

std::string_view baseOf(const ProviderSettings& settings) {
  std::string_view base = settings.path_prefix ? std::string_view(*settings.path_prefix)
                                               : profileOf(settings.kind).base;
  while (base.ends_with('/')) {
    base.remove_suffix(1);
  }
  return base;
}

void buildTarget(
    std::string& target,
    const DialectMatch& match,
    const ClientTarget& client,
    const ProviderSettings& settings
) {
  if (!settings.path.empty()) {
    target = settings.path;
    return;
  }
  std::string_view base = baseOf(settings);
  std::string_view own = ownPath(match, client);
  target.reserve(base.size() + own.size() + client.query.size() + 2);
  target.append(base);
  if (!own.starts_with('/')) {
    target.push_back('/');
  }
  target.append(own);
  if (!client.query.empty()) {
    target.append(1, '?').append(client.query);
  }
}

/// Stored responses are replays: their usage was counted when they were made. Files and batches
/// have none.
bool hasReadableReply(const DialectMatch& match) {
  if (match.dialect == Dialect::kPassthrough) {
    return false;
  }
  return match.dialect != Dialect::kDetect || match.own_path == "/responses/compact" ||
         match.own_path.starts_with("/images/") || match.own_path.starts_with("/audio/");
}

bool countsReasoningOutside(std::string_view host) {
  return host == "api.x.ai" || host.ends_with(".api.x.ai");
}

bool listsModels(const DialectMatch& match, const ProviderSettings& settings) {
  return match.dialect == Dialect::kModels && settings.model;
}

std::unexpected<Error> notServed(const DialectMatch& match, const ProviderSettings& settings) {
  return fail(
      ErrorKind::kNotSupported,
      Origin::kGateway,
      fmt::format(
          "this backend ({}) does not serve {}; it serves {}",
          toString(settings.kind),
          printable(match.own_path),
          profileOf(settings.kind).served
      )
  );
}

}  // namespace

Result<Plan> makePlan(
    const DialectMatch& match, const ClientTarget& target, const ProviderSettings& settings
) {
  bool hello = match.dialect == Dialect::kHello;
  bool list = listsModels(match, settings);
  if (!hello && !list && !serves(settings.kind, match.dialect)) {
    return notServed(match, settings);
  }
  Result<Plan> made;
  Plan& plan = *made;
  plan.client = match.dialect;
  plan.upstream = match.dialect;
  if (hello || list) {
    plan.treatment = hello ? Treatment::kHello : Treatment::kModelList;
    return made;
  }
  plan.treatment = hasReadableReply(match) ? Treatment::kPassthrough : Treatment::kOpaque;
  buildTarget(plan.target, match, target, settings);
  plan.reply.dialect = plan.treatment == Treatment::kOpaque ? Dialect::kPassthrough : match.dialect;
  plan.reply.reasoning =
      countsReasoningOutside(settings.host) ? ReasoningCount::kOutside : ReasoningCount::kInside;
  return made;
}

}  // namespace gatehouse::llm
