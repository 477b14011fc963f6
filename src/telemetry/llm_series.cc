#include "telemetry/llm_series.h"

#include <algorithm>
#include <string>
#include <utility>

namespace gatehouse::telemetry {
namespace {

using llm::UsageState;

double seconds(std::int64_t micros) {
  return static_cast<double>(micros) / 1e6;
}

/// Values of the G and R labels, in the order of the families' rows.
std::array<std::string_view, 8> genAiLabels(
    const RequestRecord& record, const LlmRecord& llm, const ModelLabels& models
) {
  return {
      llm.operation,
      llm.provider.view(),
      models.requested,
      models.answered,
      record.gateway.view(),
      record.listener.view(),
      record.route.view(),
      record.rule.view(),
  };
}

/// `first`, then the G and R labels.
std::array<std::string_view, 9> labelsAfter(
    std::string_view first, const std::array<std::string_view, 8>& rest
) {
  std::array<std::string_view, 9> labels;
  labels[0] = first;
  std::ranges::copy(rest, labels.begin() + 1);
  return labels;
}

template <typename Tokens>
std::optional<std::uint64_t> number(std::optional<Tokens> tokens) {
  if (!tokens || llm::count(*tokens) < 0) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(llm::count(*tokens));
}

using Tokens = std::optional<std::uint64_t>;

constexpr std::array<std::string_view, 10> kKindNames = {
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "reasoning",
    "audio_in",
    "audio_out",
    "image_in",
    "image_out",
};

/// In the order of kKindNames.
std::array<Tokens, kKindNames.size()> tokensByKind(const llm::TokenUsage& usage) {
  return {
      number(usage.in),
      number(usage.out),
      number(usage.cache_read),
      number(usage.cache_write_5m),
      number(usage.cache_write_1h),
      number(usage.reasoning),
      number(usage.audio_in),
      number(usage.audio_out),
      number(usage.image_in),
      number(usage.image_out),
  };
}

constexpr std::array<std::string_view, 4> kTypeNames = {
    "input",
    "output",
    "input_cache_read",
    "input_cache_write",
};

/// In the order of kTypeNames.
std::array<Tokens, kTypeNames.size()> tokensByType(const llm::TokenUsage& usage) {
  auto written = number(usage.cache_write_5m);
  if (auto long_lived = number(usage.cache_write_1h)) {
    written = written.value_or(0) + *long_lived;
  }
  return {number(usage.in), number(usage.out), number(usage.cache_read), written};
}

constexpr std::array<std::pair<llm::UsageAnomaly, std::string_view>, 9> kChecks = {{
    {llm::UsageAnomaly::kNegative, "negative"},
    {llm::UsageAnomaly::kNotInteger, "not_integer"},
    {llm::UsageAnomaly::kTooLarge, "too_large"},
    {llm::UsageAnomaly::kShrunk, "shrunk"},
    {llm::UsageAnomaly::kTotalMismatch, "total_mismatch"},
    {llm::UsageAnomaly::kCacheOverInput, "cache_over_input"},
    {llm::UsageAnomaly::kCacheWriteSplit, "cache_write_split"},
    {llm::UsageAnomaly::kPartOverInput, "part_over_input"},
    {llm::UsageAnomaly::kPartOverOutput, "part_over_output"},
}};

}  // namespace

ModelLabels modelLabels(const RequestRecord& record, const LlmRecord& llm) {
  ModelLabels labels{record.text(Text::kModelRequested), record.text(Text::kModelAnswered)};
  if (llm.model_configured) {
    return labels;
  }
  const bool answered = record.attemptCount() > 0 && !labels.answered.empty();
  const bool served =
      answered && record.ending().outcome == Outcome::kCompleted && record.status < 400;
  const bool heard = served && (!llm.model_fixed || labels.requested == labels.answered);
  if (!labels.requested.empty() && !heard) {
    labels.requested = kOtherLabel;
  }
  if (!labels.answered.empty() && !answered) {
    labels.answered = kOtherLabel;
  }
  return labels;
}

LlmSeries::Cells LlmSeries::makeCells(
    const RequestRecord& record, const LlmRecord& llm, ModelLabels models
) {
  auto backend = models_.find(record.backend.view());
  if (backend == models_.end()) {
    backend = models_.try_emplace(std::string(record.backend.view())).first;
  }
  std::string pair(models.requested);
  pair.append(1, '\0').append(models.answered);
  std::set<std::string>& known = backend->second;
  const bool room = known.size() < kModelsPerBackend || known.contains(pair);
  if (room) {
    known.insert(std::move(pair));
  } else {
    models.requested = llm.model_configured ? models.requested : kOtherLabel;
    models.answered = kOtherLabel;
  }
  Cells cells;
  cells.model_requested = models.requested;
  cells.model_answered = models.answered;
  return cells;
}

void LlmSeries::count(const RequestRecord& record, const LlmRecord& llm, CountedSets sets) {
  const ModelLabels models = modelLabels(record, llm);
  key_.clear();
  key_.add(record.gateway).add(record.listener).add(record.route).add(record.rule);
  key_.add(llm.provider).addNumber(record.listener_port).addText(llm.operation);
  key_.addText(models.requested).addText(models.answered);
  Cells& cells = cells_.find(key_, [&] { return makeCells(record, llm, models); });
  const Subject subject{record, llm, sets, {cells.model_requested, cells.model_answered}};
  if (sets.gatehouse) {
    countUsage(cells, subject, usageState(record));
    countTimes(cells, subject);
  }
  if (!llm.usage) {
    return;
  }
  if (sets.gatehouse) {
    countTokens(cells, subject, *llm.usage);
    countAnomalies(llm, llm.usage->anomalies);
  }
  countTokenUsage(cells, subject, *llm.usage);
}

void LlmSeries::countUsage(Cells& cells, const Subject& subject, UsageState state) {
  auto& cell = cells.usage[std::to_underlying(state)];
  if (!cell) {
    auto rest = genAiLabels(subject.record, subject.llm, subject.models);
    cell = shard_.counter(Family::kUsage, labelsAfter(llm::toString(state), rest));
  }
  cell->add();
}

void LlmSeries::countTokens(Cells& cells, const Subject& subject, const llm::TokenUsage& usage) {
  const auto tokens = tokensByKind(usage);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i]) {
      continue;
    }
    if (!cells.tokens[i]) {
      auto rest = genAiLabels(subject.record, subject.llm, subject.models);
      cells.tokens[i] = shard_.counter(Family::kTokens, labelsAfter(kKindNames[i], rest));
    }
    cells.tokens[i]->add(*tokens[i]);
  }
}

void LlmSeries::countTokenUsage(
    Cells& cells, const Subject& subject, const llm::TokenUsage& usage
) {
  const auto by_type = tokensByType(usage);
  for (std::size_t i = 0; i < by_type.size(); ++i) {
    if (!by_type[i]) {
      continue;
    }
    const auto tokens = static_cast<double>(*by_type[i]);
    if (subject.sets.gatehouse) {
      if (!cells.token_usage[i]) {
        auto rest = genAiLabels(subject.record, subject.llm, subject.models);
        cells.token_usage[i] =
            shard_.histogram(Family::kGenAiTokenUsage, labelsAfter(kTypeNames[i], rest));
      }
      cells.token_usage[i]->observe(tokens);
    }
    if (subject.sets.agentgateway) {
      if (!cells.agw_token_usage[i]) {
        cells.agw_token_usage[i] = agentgatewayTokenUsage(subject, kTypeNames[i]);
      }
      cells.agw_token_usage[i]->observe(tokens);
    }
  }
}

Histogram LlmSeries::agentgatewayTokenUsage(const Subject& subject, std::string_view type) {
  const auto rest = genAiLabels(subject.record, subject.llm, subject.models);
  const std::string bind = bindOf(subject.record);
  const std::array<std::string_view, 10> labels = {
      type, rest[0], rest[1], rest[2], rest[3], bind, rest[4], rest[5], rest[6], rest[7]
  };
  return shard_.histogram(Family::kAgwGenAiTokenUsage, labels);
}

void LlmSeries::countTimes(Cells& cells, const Subject& subject) {
  const RequestRecord& record = subject.record;
  auto observe = [&](std::optional<Histogram>& cell, Family family, std::int64_t micros) {
    if (!cell) {
      cell = shard_.histogram(family, genAiLabels(record, subject.llm, subject.models));
    }
    cell->observe(seconds(micros));
  };
  const std::size_t attempts = record.attemptCount();
  if (attempts == 0) {
    return;
  }
  const Mark end = record.attempt(attempts - 1).last_byte;
  const std::int64_t last = end ? end.orZero() : record.t_total.orZero();
  observe(
      cells.operation, Family::kGenAiOperationDuration, last - record.attempt(0).start.orZero()
  );
  if (const Mark token = timeToFirstToken(record)) {
    observe(cells.first_token, Family::kGenAiTimeToFirstToken, token.orZero());
  }
  if (const Mark pace = subject.llm.time_per_output_token) {
    observe(cells.per_token, Family::kGenAiTimePerOutputToken, pace.orZero());
  }
}

void LlmSeries::countAnomalies(const LlmRecord& llm, llm::UsageAnomalies anomalies) {
  if (anomalies.empty()) {
    return;
  }
  for (const auto& [anomaly, name] : kChecks) {
    if (anomalies.has(anomaly)) {
      const std::array<std::string_view, 2> labels = {llm.provider.view(), name};
      shard_.counter(Family::kUsageAnomalies, labels).add();
    }
  }
}

}  // namespace gatehouse::telemetry
