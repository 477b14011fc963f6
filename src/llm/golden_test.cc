// The data files of test/golden/llm: usage objects and their numbers; whole replies and what is
// read of them.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "llm/passthrough.h"
#include "llm/usage_reader.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

namespace fs = std::filesystem;
using wire::Value;

std::vector<fs::path> goldens(const char* folder) {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(GATEHOUSE_SOURCE_DIR "/test/golden/llm") / folder)) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

std::string readFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Value readGolden(const fs::path& path) {
  wire::Parsed<Value> value = wire::readJson(readFile(path));
  EXPECT_TRUE(value.has_value()) << path << ": " << (value ? "" : value.error().text());
  return value.value_or(Value());
}

Dialect dialectNamed(std::string_view name) {
  if (name == "messages_count") {
    return Dialect::kMessagesCount;
  }
  if (name == "gemini" || name == "models" || name == "detect") {
    return name == "gemini"   ? Dialect::kGemini
           : name == "models" ? Dialect::kModels
                              : Dialect::kDetect;
  }
  for (Dialect dialect :
       {Dialect::kMessages,
        Dialect::kResponses,
        Dialect::kEmbeddings,
        Dialect::kRerank,
        Dialect::kCompletions}) {
    if (recordName(dialect) == name) {
      return dialect;
    }
  }
  return Dialect::kChat;
}

std::string textOf(const Value& golden, std::string_view key) {
  const Value* value = golden.find(key);
  return value != nullptr && value->isString() ? *value->string() : std::string();
}

template <typename Tokens>
void set(Value& out, std::string_view name, const std::optional<Tokens>& tokens) {
  if (tokens) {
    out.set(name, count(*tokens));
  }
}

/// The usage in the form of a golden's `expect`.
Value shown(const TokenUsage& usage) {
  Value out;
  out.set("state", toString(usage.state));
  set(out, "in", usage.in);
  set(out, "out", usage.out);
  set(out, "cache_read", usage.cache_read);
  set(out, "cache_write_5m", usage.cache_write_5m);
  set(out, "cache_write_1h", usage.cache_write_1h);
  set(out, "reasoning", usage.reasoning);
  set(out, "audio_in", usage.audio_in);
  set(out, "image_in", usage.image_in);
  set(out, "audio_out", usage.audio_out);
  set(out, "image_out", usage.image_out);
  if (usage.web_searches) {
    out.set("web_searches", *usage.web_searches);
  }
  wire::Array anomalies;
  for (std::size_t i = 0; i < kUsageAnomalyCount; ++i) {
    auto anomaly = static_cast<UsageAnomaly>(i);
    if (usage.anomalies.has(anomaly)) {
      anomalies.emplace_back(toString(anomaly));
    }
  }
  if (!anomalies.empty()) {
    out.set("anomalies", std::move(anomalies));
  }
  return out;
}

class UsageGolden : public testing::TestWithParam<fs::path> {};

TEST_P(UsageGolden, HoldsItsNumbers) {
  Value golden = readGolden(GetParam());
  bool outside = textOf(golden, "reasoning") == "outside";
  UsageReader reader(
      dialectNamed(textOf(golden, "dialect")),
      outside ? ReasoningCount::kOutside : ReasoningCount::kInside
  );
  for (const Value& object : *golden.find("objects")->array()) {
    reader.add(wire::writeJson(object));
  }
  EXPECT_EQ(wire::writeJson(shown(reader.take())), wire::writeJson(*golden.find("expect")))
      << textOf(golden, "note");
}

std::string stemOf(const testing::TestParamInfo<fs::path>& file) {
  return file.param.stem().string();
}

INSTANTIATE_TEST_SUITE_P(Files, UsageGolden, testing::ValuesIn(goldens("usage")), stemOf);

std::string_view verdictName(ReplyVerdict verdict) {
  switch (verdict) {
    case ReplyVerdict::kComplete:
      return "complete";
    case ReplyVerdict::kTruncated:
      return "truncated";
    case ReplyVerdict::kUpstreamError:
      return "upstream_error";
    case ReplyVerdict::kUpstreamFailed:
      return "upstream_failed";
  }
  return "";
}

struct Read {
  Value shown;            // in the form of a golden
  std::string forwarded;  // without the tail
};

/// Feeds a reply in pieces of the sizes that `pieces` gives in turn; the last one goes on to the
/// end.
Read readReply(const Value& golden, std::string_view body, std::vector<std::size_t> pieces) {
  http::ResponseHead head;
  if (const Value* status = golden.find("status")) {
    head.status = static_cast<http::Status>(*status->integer());
  }
  head.fields.add("Content-Type", textOf(golden, "content_type"));
  if (std::string coding = textOf(golden, "content_encoding"); !coding.empty()) {
    head.fields.add("Content-Encoding", coding);
  }
  ReplyReader reader({.dialect = dialectNamed(textOf(golden, "dialect"))}, head);
  Read read;
  int first_tokens = 0;
  for (std::size_t i = 0; !body.empty(); ++i) {
    std::string piece(body.substr(0, i < pieces.size() ? pieces[i] : body.size()));
    body.remove_prefix(piece.size());
    ReplyReader::Forward forward = reader.feed(piece);
    for (std::string_view view : forward.views) {
      read.forwarded += view;
    }
    first_tokens += forward.first_token ? 1 : 0;
  }
  EXPECT_LE(first_tokens, 1);
  ReplyEnd end = reader.finish(BodyEnd::kClean, "01REQ");
  ReplyFacts facts = reader.takeFacts();
  read.shown.set("verdict", verdictName(end.verdict));
  read.shown.set("id", facts.response_id);
  read.shown.set("model", facts.model);
  read.shown.set("error_type", facts.error_type);
  wire::Array finishes;
  for (const Finish& finish : facts.finishes) {
    finishes.emplace_back(finish.word);
  }
  read.shown.set("finishes", std::move(finishes));
  read.shown.set("events", static_cast<std::int64_t>(facts.events));
  read.shown.set("first_token", first_tokens == 1);
  read.shown.set("usage", shown(facts.usage));
  return read;
}

Value expected(const Value& golden) {
  Value out;
  out.set("verdict", textOf(golden, "verdict"));
  out.set("id", textOf(golden, "id"));
  out.set("model", textOf(golden, "model"));
  out.set("error_type", textOf(golden, "error_type"));
  out.set("finishes", *golden.find("finishes"));
  out.set("events", *golden.find("events"));
  out.set("first_token", golden.find("first_token_event") != nullptr);
  out.set("usage", *golden.find("usage"));
  return out;
}

/// Where in a stream its `event`th event has ended, comments not counted.
std::size_t endOfEvent(std::string_view body, std::int64_t event) {
  std::string_view blank = body.contains("\r\n") ? "\r\n\r\n" : "\n\n";
  std::size_t end = 0;
  while (event >= 0) {
    bool comment = body.substr(end).starts_with(':');
    end = body.find(blank, end) + blank.size();
    event -= comment ? 0 : 1;
  }
  return end;
}

class ReplyGolden : public testing::TestWithParam<fs::path> {
 protected:
  Value golden_ = readGolden(GetParam());
  std::string body_ = readFile(fs::path(GetParam()).replace_extension(".body"));
};

TEST_P(ReplyGolden, IsReadWhole) {
  Read read = readReply(golden_, body_, {});
  EXPECT_EQ(wire::writeJson(read.shown), wire::writeJson(expected(golden_)))
      << textOf(golden_, "note");
  EXPECT_EQ(read.forwarded, body_);
}

TEST_P(ReplyGolden, IsReadTheSameHoweverCut) {
  std::string whole = wire::writeJson(readReply(golden_, body_, {}).shown);
  for (std::size_t cut = 1; cut < body_.size(); ++cut) {
    Read read = readReply(golden_, body_, {cut});
    ASSERT_EQ(wire::writeJson(read.shown), whole) << "cut at " << cut;
    ASSERT_EQ(read.forwarded, body_) << "cut at " << cut;
  }
  Read bytes = readReply(golden_, body_, std::vector<std::size_t>(body_.size(), 1));
  EXPECT_EQ(wire::writeJson(bytes.shown), whole);
  EXPECT_EQ(bytes.forwarded, body_);
}

TEST_P(ReplyGolden, TellsTheFirstTokenWhenItsEventHasEnded) {
  const Value* first = golden_.find("first_token_event");
  if (first == nullptr) {
    return;
  }
  std::size_t end = endOfEvent(body_, *first->integer());
  auto hasToken = [&](std::size_t size) {
    Value shown = readReply(golden_, std::string_view(body_).substr(0, size), {}).shown;
    return *shown.find("first_token")->boolean();
  };
  EXPECT_TRUE(hasToken(end));
  EXPECT_FALSE(hasToken(endOfEvent(body_, *first->integer() - 1)));
}

INSTANTIATE_TEST_SUITE_P(Files, ReplyGolden, testing::ValuesIn(goldens("reply")), stemOf);

}  // namespace
}  // namespace gatehouse::llm
