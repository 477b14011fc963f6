// Any usage object: parts do not exceed their totals unless that is noted, a count nobody reported
// stays unknown, nothing reported is ever lowered by a later report.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/padded_view.h"
#include "llm/usage_reader.h"

namespace gatehouse::llm {
namespace {

template <typename Tokens>
std::int64_t value(const std::optional<Tokens>& tokens) {
  return tokens ? count(*tokens) : 0;
}

void checkSums(const TokenUsage& usage) {
  if (usage.in && !usage.anomalies.has(UsageAnomaly::kCacheOverInput)) {
    GATEHOUSE_INVARIANT(
        value(usage.cache_read) + value(usage.cache_write_5m) + value(usage.cache_write_1h) <=
        count(*usage.in)
    );
  }
  if (usage.out && !usage.anomalies.has(UsageAnomaly::kPartOverOutput)) {
    GATEHOUSE_INVARIANT(value(usage.reasoning) <= count(*usage.out));
  }
  for (std::int64_t known :
       {value(usage.in), value(usage.out), value(usage.cache_read), value(usage.reasoning)}) {
    GATEHOUSE_INVARIANT(known >= 0);
  }
  GATEHOUSE_INVARIANT((usage.state == UsageState::kKnown) == (usage.in && usage.out));
}

/// What was not reported is not known.
void checkUnknown(const ReportedUsage& reported, const TokenUsage& usage) {
  bool total_is_input = usage.out && reported.total;  // embeddings
  GATEHOUSE_INVARIANT(!usage.in || reported.input || total_is_input);
  GATEHOUSE_INVARIANT(usage.cache_read.has_value() == reported.cache_read.has_value());
  GATEHOUSE_INVARIANT(usage.reasoning.has_value() == reported.reasoning.has_value());
  GATEHOUSE_INVARIANT(!usage.cache_write_1h || reported.cache_write_1h);
  GATEHOUSE_INVARIANT(!usage.cache_write_5m || reported.cache_write_5m || reported.cache_write);
}

void checkMerge(const ReportedUsage& first, const ReportedUsage& second) {
  ReportedUsage merged = first;
  mergeUsage(merged, second);
  GATEHOUSE_INVARIANT(merged.output.has_value() == (first.output || second.output));
  GATEHOUSE_INVARIANT(!first.output || *merged.output >= *first.output);
  GATEHOUSE_INVARIANT(!second.input || *merged.input >= *second.input);
}

void run(Dialect dialect, std::string_view first, std::string_view second) {
  PaddedCopy first_copy(first);
  PaddedCopy second_copy(second);
  for (ReasoningCount reasoning : {ReasoningCount::kInside, ReasoningCount::kOutside}) {
    ReportedUsage reported = readUsage(dialect, first_copy.view());
    TokenUsage usage = normaliseUsage(dialect, reported, reasoning);
    checkSums(usage);
    checkUnknown(reported, usage);
    checkMerge(reported, readUsage(dialect, second_copy.view()));
    UsageReader reader(dialect, reasoning);
    reader.add(first);
    reader.add(second);
    checkSums(reader.take());
    checkSums(UsageReader(dialect, reasoning).take());
  }
}

}  // namespace
}  // namespace gatehouse::llm

/// The first byte chooses the dialect; two objects follow, parted by a line feed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gatehouse::llm::Dialect;
  constexpr Dialect kDialects[] = {
      Dialect::kChat,
      Dialect::kMessages,
      Dialect::kResponses,
      Dialect::kEmbeddings,
      Dialect::kGemini
  };
  if (size == 0) {
    return 0;
  }
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t line = std::min(text.find('\n'), text.size());
  gatehouse::llm::run(
      kDialects[data[0] % std::size(kDialects)],
      text.substr(0, line),
      line < text.size() ? text.substr(line + 1) : std::string_view()
  );
  return 0;
}
