#include "telemetry/record.h"

#include <algorithm>

#include "base/check.h"

namespace gatehouse::telemetry {
std::string_view toString(Protocol protocol) {
  switch (protocol) {
    case Protocol::kHttp:
      return "http";
    case Protocol::kLlm:
      return "llm";
    case Protocol::kMcp:
      return "mcp";
    case Protocol::kGrpc:
      return "grpc";
    case Protocol::kTcp:
      return "tcp";
  }
  return "http";
}

std::string_view toString(PriceStatus status) {
  switch (status) {
    case PriceStatus::kNone:
      return "";
    case PriceStatus::kExact:
      return "exact";
    case PriceStatus::kAlias:
      return "alias";
    case PriceStatus::kOverride:
      return "override";
    case PriceStatus::kApproximate:
      return "approximate";
    case PriceStatus::kMissing:
      return "missing";
    case PriceStatus::kZero:
      return "zero";
  }
  return "";
}

std::string_view toString(WhyNext why) {
  switch (why) {
    case WhyNext::kNone:
      return "";
    case WhyNext::kRetryStatus:
      return "retry_status";
    case WhyNext::kRetryConnect:
      return "retry_connect";
    case WhyNext::kRetryTimeout:
      return "retry_timeout";
    case WhyNext::kRetryCondition:
      return "retry_condition";
    case WhyNext::kFailover:
      return "failover";
  }
  return "";
}

LlmRecord& RequestRecord::llm() {
  if (!llm_) {
    llm_ = std::make_unique<LlmRecord>();
    protocol = Protocol::kLlm;
  }
  return *llm_;
}

PolicyNotes& RequestRecord::notes() {
  if (!notes_) {
    notes_ = std::make_unique<PolicyNotes>();
  }
  return *notes_;
}

Attempt& RequestRecord::beginAttempt(MonoTime now) {
  Attempt* attempt = &first_attempt_;
  if (attempted_) {
    if (!more_attempts_) {
      more_attempts_ = std::make_unique<std::vector<Attempt>>();
    }
    attempt = &more_attempts_->emplace_back();
  }
  attempted_ = true;
  attempt->start = mark(now);
  return *attempt;
}

Attempt& RequestRecord::repeatAttempt(WhyNext why, MonoTime now) {
  lastAttempt().why_next = why;
  Attempt& next = beginAttempt(now);
  const Attempt& before = attempt(attemptCount() - 2);
  next.backend = before.backend;
  next.provider = before.provider;
  next.endpoint = before.endpoint;
  next.model_sent = before.model_sent;
  next.secure = before.secure;
  return next;
}

std::size_t RequestRecord::attemptCount() const {
  if (!attempted_) {
    return 0;
  }
  return 1 + (more_attempts_ ? more_attempts_->size() : 0);
}

const Attempt& RequestRecord::attempt(std::size_t index) const {
  GATEHOUSE_DEBUG_CHECK(index < attemptCount());
  return index == 0 ? first_attempt_ : (*more_attempts_)[index - 1];
}

Attempt& RequestRecord::lastAttempt() {
  GATEHOUSE_DEBUG_CHECK(attempted_);
  return more_attempts_ ? more_attempts_->back() : first_attempt_;
}

void RequestRecord::end(Ending ending, MonoTime now) {
  GATEHOUSE_DEBUG_CHECK(!ended_);
  if (ended_) {
    return;
  }
  ended_ = true;
  ending_ = ending;
  t_total = mark(now);
  derive();
}

const Ending& RequestRecord::ending() const {
  GATEHOUSE_DEBUG_CHECK(ended_);
  return ending_;
}

// Our own time until the first attempt may be sent, and between the last attempt's reply and the
// client's first byte, without what policies waited for in either. Sending begins when the
// connection is there; less the time that took, this is when the attempt begins. The upstream's
// slowness in taking the request is not ours, so `sent` has no part in it; nor have attempts that
// follow one another at once. Of a reply of our own it is all but the wait for the client's body.
void RequestRecord::derive() {
  std::int64_t ours = -t_body.orZero() - callout.orZero();
  if (!attempted_) {
    ours += t_client_first ? t_client_first.orZero() : t_total.orZero();
  } else {
    ours += first_attempt_.start.orZero();
    const Attempt& last = lastAttempt();
    if (t_client_first && last.first_byte) {
      ours += t_client_first.orZero() - last.first_byte.orZero();
    }
  }
  overhead = Mark(Micros(std::max<std::int64_t>(ours, 0)));

  if (!llm_ || !llm_->stream_reply || !llm_->usage || !llm_->usage->out || !attempted_) {
    return;
  }
  const Attempt& last = lastAttempt();
  const std::int64_t tokens = llm::count(*llm_->usage->out);
  if (tokens < 2 || !last.first_token || !last.last_byte) {
    return;
  }
  const std::int64_t span = last.last_byte.orZero() - last.first_token.orZero();
  if (span <= 0) {
    return;
  }
  llm_->time_per_output_token = Mark(Micros(span / (tokens - 1)));
  const double rate = static_cast<double>(tokens - 1) * 1e9 / static_cast<double>(span);
  llm_->milli_tokens_per_second = static_cast<std::uint32_t>(std::min(rate, 4e9));
}

llm::UsageState usageState(const RequestRecord& record) {
  if (const LlmRecord* llm = record.llmPart(); llm != nullptr && llm->usage != nullptr) {
    return llm->usage->state;
  }
  return record.attemptCount() == 0 ? llm::UsageState::kNone : llm::UsageState::kUnknown;
}

Mark timeToFirstToken(const RequestRecord& record) {
  const std::size_t attempts = record.attemptCount();
  const LlmRecord* llm = record.llmPart();
  if (llm == nullptr || !llm->stream_reply || attempts == 0) {
    return {};
  }
  const Mark token = record.attempt(attempts - 1).first_token;
  return token ? Mark(Micros(token.orZero() - record.attempt(0).start.orZero())) : Mark();
}

}  // namespace gatehouse::telemetry
