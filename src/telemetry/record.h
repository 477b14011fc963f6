// RequestRecord: all that is known about one request (telemetry specification section 1). Created
// when the head is parsed, filled while the request walks, ended once, then read by report() and
// nothing else: log line, metrics, spans and rows come from here only. It owns all it needs, so
// that the snapshot can be dropped while a stream goes on; it is small, because it lives as long as
// the stream. Which process made it is the same for all: TelemetrySettings::instance. One worker at
// a time; moved, never copied.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/head.h"
#include "telemetry/attempt.h"
#include "telemetry/id.h"
#include "telemetry/llm_record.h"
#include "telemetry/mark.h"
#include "telemetry/name.h"
#include "telemetry/outcome.h"
#include "telemetry/record_texts.h"
#include "telemetry/trace_context.h"

namespace gatehouse::telemetry {

enum class Protocol : std::uint8_t { kHttp, kLlm, kMcp, kGrpc, kTcp };
/// "http", "llm", "mcp", "grpc", "tcp".
std::string_view toString(Protocol protocol);

enum class CacheUse : std::uint8_t { kNone, kHit, kMiss, kBypass };

/// One prompt guard that ran.
struct GuardNote {
  enum class Phase : std::uint8_t { kRequest, kResponse };
  enum class Action : std::uint8_t { kAllow, kMask, kReject, kFailOpen, kFailClosed };
  Name name;
  Phase phase = Phase::kRequest;
  Action action = Action::kAllow;
};

/// One limit or budget that was consulted.
struct LimitNote {
  enum class Unit : std::uint8_t { kRequests, kTokens, kConcurrency, kNanoDollars };
  enum class Decision : std::uint8_t { kAllow, kWarn, kBlock, kAudit };
  Name name;
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  std::int32_t reset_seconds = 0;
  Unit unit = Unit::kRequests;
  Decision decision = Decision::kAllow;
};

/// What policies noted; absent for most requests.
struct PolicyNotes {
  std::vector<GuardNote> guards;
  std::vector<LimitNote> limits;
};

class RequestRecord {
 public:
  /// `start` and `wall` are the moment the request head was complete; marks count from `start`.
  RequestRecord(RequestId id, MonoTime start, WallMicros wall)
      : id_(id), start_(start), wall_(wall) {}
  RequestRecord(RequestRecord&&) = default;
  RequestRecord& operator=(RequestRecord&&) = default;

  RequestId id() const { return id_; }
  MonoTime start() const { return start_; }
  WallMicros wall() const { return wall_; }

  /// `now` as a mark: `record.t_ready = record.mark(now)`.
  Mark mark(MonoTime now) const { return Mark(std::chrono::duration_cast<Micros>(now - start_)); }

  void set(Text field, std::string_view value) { texts_.set(field, value); }
  /// Empty if absent. Valid until the next text is set.
  std::string_view text(Text field) const [[clang::lifetimebound]] { return texts_.get(field); }
  std::string_view text(TextRef ref) const [[clang::lifetimebound]] { return texts_.get(ref); }
  bool has(Text field) const { return texts_.has(field); }
  /// For the texts of attempts.
  TextRef keep(std::string_view value) { return texts_.keep(value); }

  /// The LLM part, made at the first call; the request is an LLM request from then on.
  LlmRecord& llm();
  /// Null if the request is none.
  const LlmRecord* llmPart() const { return llm_.get(); }
  /// Made at the first call.
  PolicyNotes& notes();
  const PolicyNotes* notesPart() const { return notes_.get(); }

  /// Begins the next attempt. The reference is valid until the next call.
  Attempt& beginAttempt(MonoTime now);
  /// Begins another one that asks the same of the same endpoint as the newest; attemptCount() > 0.
  Attempt& repeatAttempt(WhyNext why, MonoTime now);
  std::size_t attemptCount() const;
  /// `index` < attemptCount(); 0 is the first.
  const Attempt& attempt(std::size_t index) const [[clang::lifetimebound]];
  /// The newest; attemptCount() > 0.
  Attempt& lastAttempt() [[clang::lifetimebound]];

  /// Sets the outcome and closes the record: t_total, overhead and the token rates follow from the
  /// marks. Exactly once; a second call aborts a debug build and changes nothing in a release
  /// build.
  void end(Ending ending, MonoTime now);
  bool ended() const { return ended_; }
  /// Only of an ended record.
  const Ending& ending() const [[clang::lifetimebound]];

  // Place. Names are empty where the walk did not get so far.
  Name gateway;  // "namespace/name"
  Name listener;
  Name route;                       // "namespace/name"
  Name rule;                        // name, else index
  Name backend;                     // "namespace/name": the last one chosen
  std::uint64_t generation = 0;     // of the snapshot
  std::uint16_t listener_port = 0;  // as the Gateway says
  std::uint16_t client_port = 0;
  Protocol protocol = Protocol::kHttp;
  http::Method method = http::Method::kGet;  // kOther: its name is Text::kMethod
  std::optional<http::Version> version;      // absent: it was not read
  bool secure = false;                       // scheme https
  bool foreign_gateway =
      false;  // class agentgateway or enterprise-agentgateway: both metric name sets by default
  CacheUse cache = CacheUse::kNone;
  std::uint16_t status = 0;  // sent to the client; 0: none was
  std::optional<std::uint8_t> grpc_status;
  std::string_view client;  // llm::clientName: "claude-code", ...; lives as long as the program
  TracePlace trace;

  // Time marks, from the start.
  Mark t_auth;                // authentication and authorization done
  Mark t_body;                // request body complete (AI routes)
  Mark t_ready;               // limits, budget and guards done
  Mark t_client_first;        // first response byte given to the kernel
  Mark t_client_first_token;  // first token given to the kernel
  Mark t_client_last;         // last response byte given to the kernel, be it the end or not
  // Durations.
  Mark accept_wait;   // first request of a connection: readable to first byte read; under TLS, of
                      // the first bytes behind the handshake
  Mark stall_client;  // waits for a slow reader
  Mark callout;       // external calls made for policy
  // Derived by end().
  Mark t_total;
  Mark overhead;  // our own time: none of it is a wait for somebody else

  // Payload bytes on the wire.
  std::uint64_t bytes_in = 0;      // from the client
  std::uint64_t bytes_out = 0;     // to the client
  std::uint64_t bytes_up_out = 0;  // to upstreams, all attempts
  std::uint64_t bytes_up_in = 0;   // from upstreams

 private:
  friend class WorkerTelemetry;

  void derive();

  RequestId id_;
  MonoTime start_;
  WallMicros wall_;
  RecordTexts texts_;
  std::unique_ptr<LlmRecord> llm_;
  std::unique_ptr<PolicyNotes> notes_;
  std::unique_ptr<std::vector<Attempt>> more_attempts_;  // after the first
  Attempt first_attempt_;
  Ending ending_;
  bool attempted_ = false;
  bool ended_ = false;
  bool counted_in_flight_ = false;
  bool counted_stream_ = false;
};

/// What is known of the usage of a request with an LLM part. One that never went upstream has none;
/// of one that did and reported nothing it is unknown.
llm::UsageState usageState(const RequestRecord& record);

/// From asking the first provider to the first generated content of a streamed reply; absent if
/// there was none.
Mark timeToFirstToken(const RequestRecord& record);

}  // namespace gatehouse::telemetry
