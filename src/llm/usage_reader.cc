#include "llm/usage_reader.h"

#include <charconv>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "wire/json_read.h"

namespace gatehouse::llm {
namespace {

using Count = ReportedUsage::Count;
using Names = std::initializer_list<std::string_view>;

constexpr double kLargest = 1e15;

/// A number written as text; nothing if it is none.
std::optional<double> parseNumber(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> numberIn(const wire::Value& value) {
  if (const std::int64_t* integer = value.integer()) {
    return static_cast<double>(*integer);
  }
  if (const wire::Number* number = value.number()) {
    return parseNumber(number->text);
  }
  if (const std::string* text = value.string()) {
    return parseNumber(*text);
  }
  return std::nullopt;
}

/// Reads counts out of one usage object and notes what is odd about them.
class CountReader {
 public:
  explicit CountReader(UsageAnomalies& anomalies) : anomalies_(anomalies) {}

  /// The count of the first of `names` that `object` has; `object` may be null.
  Count first(const wire::Value* object, Names names) {
    if (object == nullptr) {
      return std::nullopt;
    }
    for (std::string_view name : names) {
      if (const wire::Value* value = object->find(name)) {
        if (Count count = read(*value)) {
          return count;
        }
      }
    }
    return std::nullopt;
  }

 private:
  Count read(const wire::Value& value) {
    std::optional<double> number = numberIn(value);
    if (!number) {
      return std::nullopt;
    }
    if (*number < 0) {
      anomalies_.add(UsageAnomaly::kNegative);
      return std::nullopt;
    }
    if (*number > kLargest) {
      anomalies_.add(UsageAnomaly::kTooLarge);
      return std::nullopt;
    }
    double rounded = std::round(*number);
    if (rounded != *number) {
      anomalies_.add(UsageAnomaly::kNotInteger);
    }
    return static_cast<std::int64_t>(rounded);
  }

  UsageAnomalies& anomalies_;
};

/// The first of `names` that is an object in `parent`, or null.
const wire::Value* objectIn(const wire::Value& parent, Names names) {
  for (std::string_view name : names) {
    const wire::Value* value = parent.find(name);
    if (value != nullptr && value->isObject()) {
      return value;
    }
  }
  return nullptr;
}

/// Chat, Responses, Embeddings, Completions and their imitators: two spellings of the same counts.
ReportedUsage readOpenAi(const wire::Value& usage) {
  ReportedUsage reported;
  CountReader counts(reported.anomalies);
  reported.input = counts.first(&usage, {"prompt_tokens", "input_tokens"});
  reported.output = counts.first(&usage, {"completion_tokens", "output_tokens"});
  reported.total = counts.first(&usage, {"total_tokens"});
  const wire::Value* in =
      objectIn(usage, {"prompt_tokens_details", "input_tokens_details", "input_token_details"});
  reported.cache_read = counts.first(in, {"cached_tokens"});
  reported.cache_write_5m = counts.first(in, {"cache_write_tokens"});
  reported.audio_in = counts.first(in, {"audio_tokens"});
  reported.image_in = counts.first(in, {"image_tokens"});
  const wire::Value* out = objectIn(
      usage, {"completion_tokens_details", "output_tokens_details", "output_token_details"}
  );
  reported.reasoning = counts.first(out, {"reasoning_tokens"});
  reported.audio_out = counts.first(out, {"audio_tokens"});
  reported.image_out = counts.first(out, {"image_tokens"});
  return reported;
}

ReportedUsage readMessages(const wire::Value& usage) {
  ReportedUsage reported;
  CountReader counts(reported.anomalies);
  reported.input = counts.first(&usage, {"input_tokens"});
  reported.output = counts.first(&usage, {"output_tokens"});
  reported.cache_read = counts.first(&usage, {"cache_read_input_tokens"});
  reported.cache_write = counts.first(&usage, {"cache_creation_input_tokens"});
  const wire::Value* writes = objectIn(usage, {"cache_creation"});
  reported.cache_write_5m = counts.first(writes, {"ephemeral_5m_input_tokens"});
  reported.cache_write_1h = counts.first(writes, {"ephemeral_1h_input_tokens"});
  reported.reasoning =
      counts.first(objectIn(usage, {"output_tokens_details"}), {"thinking_tokens"});
  reported.web_searches =
      counts.first(objectIn(usage, {"server_tool_use"}), {"web_search_requests"});
  return reported;
}

ReportedUsage readGemini(const wire::Value& usage) {
  ReportedUsage reported;
  CountReader counts(reported.anomalies);
  reported.input = counts.first(&usage, {"promptTokenCount"});
  reported.tool_input = counts.first(&usage, {"toolUsePromptTokenCount"});
  reported.cache_read = counts.first(&usage, {"cachedContentTokenCount"});
  reported.output = counts.first(&usage, {"candidatesTokenCount"});
  reported.reasoning = counts.first(&usage, {"thoughtsTokenCount"});
  reported.total = counts.first(&usage, {"totalTokenCount"});
  return reported;
}

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

ReportedUsage readUsage(Dialect dialect, const wire::Value& usage) {
  if (!usage.isObject()) {
    return {};
  }
  switch (dialect) {
    case Dialect::kMessages:
      return readMessages(usage);
    case Dialect::kGemini:
      return readGemini(usage);
    default:
      return readOpenAi(usage);
  }
}

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
  } else {
    raw_ = json;
  }
}

void UsageReader::addCumulative(std::string_view json) {
  wire::Parsed<wire::Value> value =
      wire::readJson(json, {.duplicate_keys = wire::DuplicateKeys::kKeepAll});
  if (!value) {
    return;
  }
  ReportedUsage reported = readUsage(dialect_, *value);
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

TokenUsage UsageReader::result() const {
  TokenUsage usage;
  if (merged_) {
    usage = normaliseUsage(dialect_, *merged_, reasoning_);
  } else if (!raw_.empty()) {
    if (auto value = wire::readJson(raw_, {.duplicate_keys = wire::DuplicateKeys::kKeepAll})) {
      usage = normaliseUsage(dialect_, readUsage(dialect_, *value), reasoning_);
    }
  }
  if (raw_.size() <= kUsageRawLimit) {
    usage.raw = raw_;
  }
  return usage;
}

}  // namespace gatehouse::llm
