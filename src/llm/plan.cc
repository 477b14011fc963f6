#include "llm/plan.h"

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

std::string buildTarget(
    const DialectMatch& match, const ClientTarget& target, const ProviderSettings& settings
) {
  if (!settings.path.empty()) {
    return settings.path;
  }
  std::string built(baseOf(settings));
  std::string_view own = ownPath(match, target);
  if (!own.starts_with('/')) {
    built += '/';
  }
  built += own;
  if (!target.query.empty()) {
    built.append(1, '?').append(target.query);
  }
  return built;
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

}  // namespace

Result<Plan> makePlan(
    const DialectMatch& match, const ClientTarget& target, const ProviderSettings& settings
) {
  Plan plan;
  plan.client = match.dialect;
  plan.upstream = match.dialect;
  if (match.dialect == Dialect::kHello) {
    plan.treatment = Treatment::kHello;
    return plan;
  }
  if (match.dialect == Dialect::kModels && settings.model) {
    plan.treatment = Treatment::kModelList;
    return plan;
  }
  if (!serves(settings.kind, match.dialect)) {
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
  plan.treatment = hasReadableReply(match) ? Treatment::kPassthrough : Treatment::kOpaque;
  plan.target = buildTarget(match, target, settings);
  plan.reply.dialect = plan.treatment == Treatment::kOpaque ? Dialect::kPassthrough : match.dialect;
  plan.reply.reasoning =
      countsReasoningOutside(settings.host) ? ReasoningCount::kOutside : ReasoningCount::kInside;
  return plan;
}

}  // namespace gatehouse::llm
