#include "llm/passthrough.h"

#include <utility>

#include "base/text.h"
#include "llm/error_body.h"
#include "llm/keep_alive.h"
#include "wire/sse.h"

namespace gatehouse::llm {
namespace {

enum class Form : std::uint8_t { kEventStream, kJson, kUnread };

bool isSuccess(http::Status status) {
  return status >= 200 && status < 300;
}

/// A failure to a streaming request is an ordinary error body.
Form formOf(const http::ResponseHead& head) {
  constexpr http::FieldName kCoding = "content-encoding";
  if (head.fields.has(kCoding)) {
    std::string_view coding = trim(*head.fields.get(kCoding));
    if (!coding.empty() && !iequals(coding, "identity")) {
      return Form::kUnread;
    }
  }
  std::string_view type = head.fields.get("content-type").value_or("");
  type = trim(type.substr(0, type.find(';')));
  if (!isSuccess(head.status) || iequals(type, "application/json")) {
    return Form::kJson;
  }
  if (iequals(type, "text/event-stream")) {
    return Form::kEventStream;
  }
  return iequals(type, "application/problem+json") ? Form::kJson : Form::kUnread;
}

bool hasUsage(Dialect dialect) {
  switch (dialect) {
    case Dialect::kMessagesCount:
    case Dialect::kGeminiCount:
    case Dialect::kModels:
    case Dialect::kHello:
    case Dialect::kPassthrough:
    case Dialect::kUnknown:
      return false;
    default:
      return true;
  }
}

bool isChat(Dialect dialect) {
  return dialect == Dialect::kChat || dialect == Dialect::kCompletions;
}

/// Dialects whose streams say when they are over.
bool hasEndMark(Dialect dialect) {
  return isChat(dialect) || dialect == Dialect::kMessages || dialect == Dialect::kResponses;
}

/// Bytes of an event that might be the hidden usage chunk are held back until it has ended; such a
/// chunk is small.
constexpr std::size_t kMaxHeld = std::size_t{64} << 10;

/// What the client of a truncated stream is told.
ErrorBody whyBroken(BodyEnd end, std::string_view request_id) {
  bool ours = end == BodyEnd::kShutdown;
  return {
      .code = ours ? ErrorCode::kOverloaded : ErrorCode::kUpstreamTruncated,
      .message = ours ? "The gateway is shutting down in the middle of the answer. Try again."
                      : "The model server broke off in the middle of its answer. Try again.",
      .request_id = request_id,
      .param = {},
  };
}

}  // namespace

struct ReplyReader::State {
  State(const ReplyRules& reply_rules, const http::ResponseHead& head)
      : rules(reply_rules),
        status(head.status),
        form(reply_rules.dialect == Dialect::kPassthrough ? Form::kUnread : formOf(head)),
        notes(UsageReader(reply_rules.dialect, reply_rules.reasoning)),
        event_stream(form == Form::kEventStream) {
    if (form == Form::kJson) {
      body = std::make_unique<ReplyScan>(reply_rules.dialect, notes);
    }
  }

  bool hides() const { return rules.usage_chunk == UsageChunk::kHidden && isChat(rules.dialect); }
  bool feedEvents(std::string_view bytes);
  void forwardEvents(std::string_view bytes);
  bool readEvent(const wire::SseEvent& event);
  void readSigns(const ObjectSigns& signs);
  void cutOrForward(const wire::SseEvent& event, bool cut, std::string_view bytes);
  void cutOut(const wire::SseEvent& event, std::uint64_t end, std::string_view bytes);
  void forwardUpTo(std::uint64_t offset, std::string_view bytes);
  void keepRest(std::string_view bytes);
  void push(std::string_view view);
  ReplyVerdict judge(BodyEnd end) const;
  TokenUsage takeUsage(ReplyVerdict end);

  ReplyRules rules;
  http::Status status;
  Form form;
  ReplyNotes notes;
  std::unique_ptr<ReplyScan> body;  // of a buffered reply
  wire::SseScanner events;
  std::string_view whole;               // the bytes fed, where nothing is cut out
  std::vector<std::string_view> views;  // what is left of them elsewhere

  // Offsets in the stream.
  std::uint64_t received = 0;  // before the bytes being fed
  std::uint64_t settled = 0;   // up to here everything was forwarded, held or cut
  std::string held;            // begin of the event being received
  std::string leaving;         // held bytes on their way out, alive until the next call

  std::uint64_t event_count = 0;
  std::uint64_t generated_bytes = 0;
  bool event_stream;
  bool end_mark = false;
  bool stop_reason = false;  // Messages
  bool usage_final = false;
  bool error_event = false;
  bool error_first = false;  // and nothing came before it
  bool first_token = false;
  bool released = false;   // part of the event being received was forwarded
  bool cut_at_cr = false;  // a line feed that comes next belongs to the event cut out
  ReplyVerdict verdict = ReplyVerdict::kComplete;
};

/// Reads the events that end in `bytes`; `visit(event, hidden)` for each. False if the stream
/// cannot be read on.
bool ReplyReader::State::feedEvents(std::string_view bytes) {
  events.feed(bytes);
  while (true) {
    Result<std::optional<wire::SseEvent>> event = events.next();
    if (!event) {
      form = Form::kUnread;
      return false;
    }
    if (!*event) {
      return true;
    }
    bool usage_chunk = readEvent(**event);
    if (hides()) {
      cutOrForward(**event, usage_chunk, bytes);
    }
  }
}

/// Says whether the event is a Chat usage chunk.
bool ReplyReader::State::readEvent(const wire::SseEvent& event) {
  if (!event.dispatched) {
    return false;
  }
  ++event_count;
  std::string_view data = trim(event.data);
  if (isChat(rules.dialect) && data == "[DONE]") {
    end_mark = true;
    return false;
  }
  ReplyScan scan(rules.dialect, notes);
  scan.feed(data);
  ObjectSigns signs = scan.end();
  if (signs.type.empty()) {
    signs.type = event.type;
  }
  readSigns(signs);
  return isChat(rules.dialect) && signs.usage && signs.empty_choices;
}

void ReplyReader::State::readSigns(const ObjectSigns& signs) {
  bool generated = signs.generated_bytes > 0 || signs.tool_call;
  switch (rules.dialect) {
    case Dialect::kMessages:
      end_mark = end_mark || signs.type == "message_stop";
      error_event = error_event || signs.type == "error";
      stop_reason = stop_reason || (signs.type == "message_delta" && signs.finish);
      usage_final = usage_final || (signs.type == "message_delta" && signs.usage);
      break;
    case Dialect::kResponses:
      end_mark = end_mark || signs.type == "response.completed" ||
                 signs.type == "response.incomplete" || signs.type == "response.failed" ||
                 signs.type == "response.cancelled";
      error_event = error_event || signs.type == "error";
      usage_final = usage_final || signs.usage;
      generated = generated && signs.type.ends_with(".delta");
      break;
    default:
      error_event = error_event || signs.error;
      usage_final = usage_final || (signs.usage && (signs.empty_choices || !isChat(rules.dialect)));
      break;
  }
  error_first = error_first || (error_event && event_count == 1);
  if (generated) {
    first_token = true;
    generated_bytes += signs.generated_bytes;
  }
}

void ReplyReader::State::forwardEvents(std::string_view bytes) {
  if (cut_at_cr && bytes.starts_with('\n') && settled == received) {
    ++settled;
  }
  cut_at_cr = cut_at_cr && bytes.empty();
  if (feedEvents(bytes)) {
    keepRest(bytes);
  } else {
    push(held.empty() ? std::string_view() : std::string_view(leaving = std::exchange(held, {})));
    forwardUpTo(received + bytes.size(), bytes);
  }
  received += bytes.size();
}

void ReplyReader::State::cutOrForward(
    const wire::SseEvent& event, bool cut, std::string_view bytes
) {
  std::uint64_t end = event.offset + event.raw.size();
  if (cut && !released) {
    cutOut(event, end, bytes);
    return;
  }
  if (!held.empty()) {
    leaving = std::exchange(held, {});
    push(leaving);
  }
  released = false;
  forwardUpTo(end, bytes);
}

void ReplyReader::State::cutOut(
    const wire::SseEvent& event, std::uint64_t end, std::string_view bytes
) {
  // Where pieces were cut between CR and LF, the line feed in front ends the event before.
  if (event.raw.starts_with('\n') && settled <= event.offset) {
    push(bytes.substr(static_cast<std::size_t>(event.offset - received), 1));
  }
  held.clear();
  --event_count;
  settled = end;
  // The same line feed behind this event goes with it.
  if (event.raw.ends_with('\r')) {
    std::size_t next = static_cast<std::size_t>(end - received);
    cut_at_cr = next == bytes.size();
    settled += next < bytes.size() && bytes[next] == '\n' ? 1 : 0;
  }
}

/// Forwards the part of `bytes` before an offset of the stream that is not settled yet.
void ReplyReader::State::forwardUpTo(std::uint64_t offset, std::string_view bytes) {
  if (offset > settled) {
    std::size_t from = static_cast<std::size_t>(settled - received);
    push(bytes.substr(from, static_cast<std::size_t>(offset - settled)));
    settled = offset;
  }
}

/// What is left of `bytes` begins an event: held back while it is short enough to be the usage
/// chunk.
void ReplyReader::State::keepRest(std::string_view bytes) {
  std::uint64_t end = received + bytes.size();
  if (end <= settled) {
    return;
  }
  std::string_view rest = bytes.substr(static_cast<std::size_t>(settled - received));
  if (held.empty() && !released && rest.starts_with('\n')) {  // ends the event before, as in cutOut
    forwardUpTo(settled + 1, bytes);
    rest.remove_prefix(1);
  }
  if (!released && held.size() + rest.size() <= kMaxHeld) {
    held.append(rest);
    settled = end;
    return;
  }
  released = true;
  if (!held.empty()) {
    leaving = std::exchange(held, {});
    push(leaving);
  }
  forwardUpTo(end, bytes);
}

/// Views that follow each other in the fed bytes become one, so that one read is one write.
void ReplyReader::State::push(std::string_view view) {
  if (view.empty()) {
    return;
  }
  bool joins = !views.empty() && views.back().data() != leaving.data() &&
               views.back().data() + views.back().size() == view.data();
  if (joins) {
    views.back() = {views.back().data(), views.back().size() + view.size()};
  } else {
    views.push_back(view);
  }
}

ReplyVerdict ReplyReader::State::judge(BodyEnd end) const {
  if (error_event) {
    return error_first ? ReplyVerdict::kUpstreamFailed : ReplyVerdict::kUpstreamError;
  }
  if (end == BodyEnd::kBroken || end == BodyEnd::kShutdown) {
    return ReplyVerdict::kTruncated;
  }
  if (form == Form::kJson) {
    return body->unfinished() ? ReplyVerdict::kTruncated : ReplyVerdict::kComplete;
  }
  if (form == Form::kUnread || !hasEndMark(rules.dialect) || end_mark || stop_reason) {
    return ReplyVerdict::kComplete;
  }
  bool all_finished = notes.started.any() && notes.started == notes.finished;
  return isChat(rules.dialect) && all_finished ? ReplyVerdict::kComplete : ReplyVerdict::kTruncated;
}

TokenUsage ReplyReader::State::takeUsage(ReplyVerdict end) {
  if (!hasUsage(rules.dialect) || !isSuccess(status)) {
    TokenUsage none;
    none.state = UsageState::kNone;
    return none;
  }
  TokenUsage usage = notes.usage.take();
  if (end != ReplyVerdict::kComplete && !usage_final) {
    usage = estimateOutput(std::move(usage), generated_bytes);
  }
  return usage;
}

void askUncoded(http::Fields& fields) {
  constexpr http::FieldName kAcceptEncoding = "accept-encoding";
  if (fields.has(kAcceptEncoding)) {
    fields.set(kAcceptEncoding, "identity");
  }
}

ReplyReader::ReplyReader(const ReplyRules& rules, const http::ResponseHead& head)
    : state_(std::make_unique<State>(rules, head)) {}
ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;

bool ReplyReader::mayCut() const {
  return state_->form == Form::kEventStream && state_->hides();
}

ReplyReader::Forward ReplyReader::feed(std::string_view bytes) {
  State& state = *state_;
  bool had_token = state.first_token;
  std::span<const std::string_view> views;
  if (mayCut()) {
    state.views.clear();
    state.forwardEvents(bytes);
    views = state.views;
  } else {
    if (state.form == Form::kEventStream) {
      static_cast<void>(state.feedEvents(bytes));
    } else if (state.form == Form::kJson) {
      state.body->feed(bytes);
    }
    state.whole = bytes;
    views = {&state.whole, bytes.empty() ? 0U : 1U};
  }
  return {.views = views, .first_token = state.first_token && !had_token};
}

std::string ReplyReader::keepAlive() const {
  const State& state = *state_;
  const bool within_event = state.hides() ? state.released : !state.events.held().empty();
  if (state.form != Form::kEventStream || within_event || state.end_mark || state.error_event) {
    return {};
  }
  return writeKeepAlive(state.rules.dialect, state.notes.response_id);
}

ReplyEnd ReplyReader::finish(BodyEnd end, std::string_view request_id) {
  State& state = *state_;
  ReplyEnd reply;
  bool within_event = state.form == Form::kEventStream && !state.events.held().empty();
  bool hidden = false;
  if (within_event && end == BodyEnd::kClean) {
    // A last event without its blank line is read all the same; some servers end so.
    state.events.feed("\n\n");
    if (auto event = state.events.next(); event && *event) {
      hidden = state.readEvent(**event) && state.hides() && !state.released;
      state.event_count -= hidden ? 1 : 0;
    }
  } else if (state.form == Form::kJson) {
    ObjectSigns signs = state.body->end();
    state.usage_final = state.usage_final || signs.usage;
  }
  state.verdict = state.judge(end);
  if (end == BodyEnd::kAbandoned) {
    return {.verdict = state.verdict, .tail = {}};
  }
  bool broken = state.verdict == ReplyVerdict::kTruncated;
  if (!broken && !hidden) {
    reply.tail = std::move(state.held);
  }
  if (broken && state.form == Form::kEventStream && !state.end_mark) {
    bool partly_sent = within_event && (!state.hides() || state.released);
    reply.tail = partly_sent ? "\n\n" : "";
    reply.tail += writeErrorEvent(state.rules.dialect, whyBroken(end, request_id));
  }
  reply.verdict = state.verdict;
  return reply;
}

ReplyFacts ReplyReader::takeFacts() {
  State& state = *state_;
  return {
      .usage = state.takeUsage(state.verdict),
      .response_id = std::move(state.notes.response_id),
      .model = std::move(state.notes.model),
      .finishes = std::move(state.notes.finishes),
      .error_type = std::move(state.notes.error_type),
      .events = state.event_count,
      .event_stream = state.event_stream,
  };
}

}  // namespace gatehouse::llm
