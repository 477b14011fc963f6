#include "llm/usage_reader.h"

#include <initializer_list>
#include <utility>

#include "base/padded_view.h"

namespace gatehouse::llm {
namespace {

using Count = ReportedUsage::Count;

/// The sum of `total` and parts that stand beside it; a part that was not reported adds nothing, an
/// unknown total stays so.
Count plus(Count total, std::initializer_list<Count> beside) {
  if (total) {
    for (const Count& part : beside) {
      *total += part.value_or(0);
    }
  }
  return total;
}

std::optional<InputTokens> asInput(Count count) {
  return count ? std::optional(InputTokens{*count}) : std::nullopt;
}

std::optional<OutputTokens> asOutput(Count count) {
  return count ? std::optional(OutputTokens{*count}) : std::nullopt;
}

/// The provider's total decides where reasoning is counted; without one that fits, what is known of
/// the provider does.
bool reasoningIsOutside(const ReportedUsage& reported, ReasoningCount otherwise) {
  if (!reported.reasoning || !reported.output) {
    return false;
  }
  if (reported.total && reported.input) {
    std::int64_t inside = *reported.input + *reported.output;
    if (*reported.total == inside) {
      return false;
    }
    if (*reported.total == inside + *reported.reasoning) {
      return true;
    }
  }
  return otherwise == ReasoningCount::kOutside;
}

struct CacheWrites {
  Count five_minutes;
  Count one_hour;
  Count sum;
};

/// Messages: the split if it is sent; what the sum has beyond it counts as 5 m.
CacheWrites cacheWrites(const ReportedUsage& reported, UsageAnomalies& anomalies) {
  CacheWrites writes{reported.cache_write_5m, reported.cache_write_1h, reported.cache_write};
  bool split = writes.five_minutes || writes.one_hour;
  std::int64_t parts = writes.five_minutes.value_or(0) + writes.one_hour.value_or(0);
  if (!writes.sum) {
    writes.sum = split ? Count(parts) : std::nullopt;
    return writes;
  }
  if (!writes.five_minutes && *writes.sum >= parts) {
    writes.five_minutes = *writes.sum - parts;
  } else if (*writes.sum != parts) {
    anomalies.add(UsageAnomaly::kCacheWriteSplit);
  }
  return writes;
}

void checkParts(TokenUsage& usage) {
  auto value = [](const auto& known) { return known ? count(*known) : 0; };
  if (usage.in) {
    std::int64_t in = count(*usage.in);
    if (value(usage.cache_read) + value(usage.cache_write_5m) + value(usage.cache_write_1h) > in) {
      usage.anomalies.add(UsageAnomaly::kCacheOverInput);
    }
    if (value(usage.audio_in) > in || value(usage.image_in) > in) {
      usage.anomalies.add(UsageAnomaly::kPartOverInput);
    }
  }
  if (usage.out) {
    std::int64_t out = count(*usage.out);
    if (value(usage.reasoning) > out || value(usage.audio_out) > out ||
        value(usage.image_out) > out) {
      usage.anomalies.add(UsageAnomaly::kPartOverOutput);
    }
  }
}

UsageState stateOf(const TokenUsage& usage) {
  if (usage.in && usage.out) {
    return UsageState::kKnown;
  }
  bool something = usage.in || usage.out || usage.cache_read || usage.cache_write_5m ||
                   usage.cache_write_1h || usage.audio_in || usage.image_in || usage.reasoning ||
                   usage.audio_out || usage.image_out || usage.web_searches;
  return something ? UsageState::kPartial : UsageState::kUnknown;
}

/// The totals of a dialect in which every part stands inside its total once input and output are
/// right.
struct Totals {
  Count in;
  Count out;
};

Totals totalsOf(Dialect dialect, const ReportedUsage& reported, ReasoningCount reasoning) {
  switch (dialect) {
    case Dialect::kGemini:
      return {
          plus(reported.input, {reported.tool_input}), plus(reported.output, {reported.reasoning})
      };
    case Dialect::kEmbeddings:
    case Dialect::kRerank: {
      Count in = reported.input ? reported.input : reported.total;
      return {in, in ? Count(reported.output.value_or(0)) : std::nullopt};
    }
    default:
      return {
          reported.input,
          reasoningIsOutside(reported, reasoning) ? plus(reported.output, {reported.reasoning})
                                                  : reported.output
      };
  }
}

void replace(Count& seen, const Count& later, UsageAnomalies& anomalies) {
  if (!later) {
    return;
  }
  if (seen && *later < *seen) {
    anomalies.add(UsageAnomaly::kShrunk);
    return;
  }
  seen = later;
}

}  // namespace

void mergeUsage(ReportedUsage& seen, const ReportedUsage& later) {
  seen.anomalies.add(later.anomalies);
  for (Count ReportedUsage::* field :
       {&ReportedUsage::input,
        &ReportedUsage::tool_input,
        &ReportedUsage::output,
        &ReportedUsage::total,
        &ReportedUsage::cache_read,
        &ReportedUsage::cache_write,
        &ReportedUsage::cache_write_5m,
        &ReportedUsage::cache_write_1h,
        &ReportedUsage::reasoning,
        &ReportedUsage::audio_in,
        &ReportedUsage::audio_out,
        &ReportedUsage::image_in,
        &ReportedUsage::image_out,
        &ReportedUsage::web_searches}) {
    replace(seen.*field, later.*field, seen.anomalies);
  }
}

TokenUsage normaliseUsage(
    Dialect dialect, const ReportedUsage& reported, ReasoningCount reasoning
) {
  TokenUsage usage;
  usage.anomalies = reported.anomalies;
  usage.cache_read = asInput(reported.cache_read);
  usage.audio_in = asInput(reported.audio_in);
  usage.image_in = asInput(reported.image_in);
  usage.reasoning = asOutput(reported.reasoning);
  usage.audio_out = asOutput(reported.audio_out);
  usage.image_out = asOutput(reported.image_out);
  usage.web_searches = reported.web_searches;
  if (dialect == Dialect::kMessages) {
    CacheWrites writes = cacheWrites(reported, usage.anomalies);
    usage.in = asInput(plus(reported.input, {reported.cache_read, writes.sum}));
    usage.out = asOutput(reported.output);
    usage.cache_write_5m = asInput(writes.five_minutes);
    usage.cache_write_1h = asInput(writes.one_hour);
  } else {
    Totals totals = totalsOf(dialect, reported, reasoning);
    usage.in = asInput(totals.in);
    usage.out = asOutput(totals.out);
    usage.cache_write_5m = asInput(reported.cache_write_5m);
    usage.cache_write_1h = asInput(reported.cache_write_1h);
    if (reported.total && totals.in && totals.out && *reported.total != *totals.in + *totals.out) {
      usage.anomalies.add(UsageAnomaly::kTotalMismatch);
    }
  }
  checkParts(usage);
  usage.state = stateOf(usage);
  return usage;
}

void UsageReader::add(std::string_view json) {
  if (!json.starts_with('{')) {
    return;  // `usage: null` of every chunk but the last
  }
  if (dialect_ == Dialect::kMessages) {
    addCumulative(json);
    return;
  }
  raw_.reserve(json.size() + PaddedView::kPadding);
  raw_ = json;
}

void UsageReader::addCumulative(std::string_view json) {
  PaddedCopy copy(json);
  ReportedUsage reported = readUsage(dialect_, copy.view());
  if (!merged_) {
    merged_ = std::make_unique<ReportedUsage>(reported);
    raw_ = json;
    return;
  }
  mergeUsage(*merged_, reported);
  if (raw_.size() > kUsageRawLimit) {
    return;  // will not be recorded
  }
  if (raw_.starts_with('[')) {
    raw_.pop_back();
  } else {
    raw_.insert(0, 1, '[');
  }
  raw_.append(1, ',').append(json).append(1, ']');
}

TokenUsage UsageReader::counted() const {
  if (merged_) {
    return normaliseUsage(dialect_, *merged_, reasoning_);
  }
  if (raw_.empty()) {
    return {};
  }
  PaddedView text(raw_.data(), raw_.size(), raw_.capacity());  // as add reserved it
  return normaliseUsage(dialect_, readUsage(dialect_, text), reasoning_);
}

TokenUsage UsageReader::take() {
  TokenUsage usage = counted();
  if (raw_.size() <= kUsageRawLimit) {
    usage.raw = std::move(raw_);
  }
  return usage;
}

}  // namespace gatehouse::llm
