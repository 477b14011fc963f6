#include "proxy/record_llm.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "llm/detect_client.h"

namespace gatehouse::proxy {
namespace {

using telemetry::Text;

/// Operations that have no usage: nothing is known about them, and nothing is unknown.
bool countsNothing(llm::Dialect dialect) {
  return dialect == llm::Dialect::kModels || dialect == llm::Dialect::kHello ||
         dialect == llm::Dialect::kMessagesCount || dialect == llm::Dialect::kGeminiCount;
}

void noteNoUsage(telemetry::LlmRecord& record) {
  llm::TokenUsage none;
  none.state = llm::UsageState::kNone;
  record.setUsage(std::move(none));
}

void noteCall(Exchange& x, llm::Dialect dialect) {
  telemetry::LlmRecord& record = x.record.llm();
  record.operation = llm::operationName(dialect);
  record.dialect_in = llm::recordName(dialect);
  if (countsNothing(dialect)) {
    noteNoUsage(record);
  }
}

bool hasParameters(const llm::RequestFacts& facts) {
  return facts.temperature || facts.top_p || facts.frequency_penalty || facts.presence_penalty ||
         facts.max_tokens || facts.top_k || facts.seed || facts.choice_count ||
         facts.dimension_count;
}

void noteParameters(telemetry::LlmRecord& record, const llm::RequestFacts& facts) {
  if (!hasParameters(facts)) {
    return;
  }
  record.parameters = std::make_unique<telemetry::RequestParameters>(telemetry::RequestParameters{
      .temperature = facts.temperature,
      .top_p = facts.top_p,
      .frequency_penalty = facts.frequency_penalty,
      .presence_penalty = facts.presence_penalty,
      .max_tokens = facts.max_tokens,
      .top_k = facts.top_k,
      .seed = facts.seed,
      .choice_count = facts.choice_count,
      .dimension_count = facts.dimension_count,
  });
}

void noteSession(Exchange& x, const llm::BodySessionKeys& keys) {
  const std::vector<std::string> configured;
  if (auto session = llm::findSession(x.head().fields, keys, configured)) {
    x.record.set(Text::kSession, session->id);
    x.record.set(Text::kAgent, session->agent);
    x.record.set(Text::kParentAgent, session->parent_agent);
  }
}

}  // namespace

void noteSession(Exchange& x) {
  noteSession(x, llm::BodySessionKeys());
}

void noteDialect(
    Exchange& x, const llm::DialectMatch& match, const snapshot::AiProvider& provider
) {
  noteCall(x, match.dialect);
  x.record.llm().provider = provider.name;
  // What is fetched was counted when it was made (telemetry.md 1.3).
  if (match.dialect == llm::Dialect::kDetect && x.record.method == http::Method::kGet &&
      match.own_path.starts_with("/responses/")) [[unlikely]] {
    x.record.llm().operation = "fetch_response";
    noteNoUsage(x.record.llm());
  }
}

void noteSimulated(Exchange& x, llm::Dialect dialect, const snapshot::SimulatedBackend& backend) {
  noteCall(x, dialect);
  x.record.llm().provider = backend.provider;
}

void noteRequest(
    Exchange& x,
    llm::Dialect dialect,
    const llm::RequestFacts& facts,
    const llm::ProviderSettings& settings
) {
  if (x.record.llm().operation.empty()) {
    noteCall(x, dialect);
  }
  telemetry::LlmRecord& record = x.record.llm();
  record.stream = facts.stream;
  record.model_fixed = settings.model.has_value();
  record.model_configured = settings.model && facts.model_requested == settings.model;
  if (facts.model_requested) {
    x.record.set(Text::kModelRequested, facts.model_requested->text);
  }
  noteParameters(record, facts);
  x.record.set(Text::kStopSequences, facts.stop_sequences);
  x.record.set(Text::kReasoningLevel, facts.reasoning_level);
  x.record.set(Text::kServiceTier, facts.service_tier);
  x.record.set(Text::kEncodingFormats, facts.encoding_format);
  noteSession(x, facts.session);
}

void noteReply(Exchange& x, llm::ReplyFacts facts) {
  telemetry::LlmRecord& record = x.record.llm();
  bool none = record.usage != nullptr && record.usage->state == llm::UsageState::kNone;
  if (!none) {
    record.setUsage(std::move(facts.usage));
  }
  record.stream_reply = facts.event_stream;
  record.chunks = static_cast<std::uint32_t>(facts.events);
  x.record.set(Text::kModelAnswered, facts.model);
  x.record.set(Text::kResponseId, facts.response_id);
  if (facts.finishes.size() == 1) {
    x.record.set(Text::kFinishReasons, facts.finishes.front().word);
    return;
  }
  std::string reasons;
  for (const llm::Finish& finish : facts.finishes) {
    reasons += reasons.empty() ? "" : ",";
    reasons += finish.word;
  }
  x.record.set(Text::kFinishReasons, reasons);
}

}  // namespace gatehouse::proxy
