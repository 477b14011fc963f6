#include "http/timed_stream.h"

namespace gatehouse::http {

TimedRead::TimedRead(
    io::Stream& stream, std::span<char> target, io::Deadline deadline, Origin origin
)
    : Waiter(stream.reactor()),
      stream_(stream),
      target_(target),
      deadline_(deadline),
      origin_(origin) {}

TimedRead::~TimedRead() {
  leave();
}

void TimedRead::onSuspend() {
  stream_.setReader(this);
  waiting_ = true;
  if (!deadline_.isNever()) {
    reactor().timers().arm(*this, deadline_.at());
  }
}

bool TimedRead::settle() {
  progress_ = stream_.tryRead(target_);
  return progress_.state != io::IoState::kWouldBlock || late_;
}

void TimedRead::onTimer() {
  late_ = true;
  wake();
}

void TimedRead::leave() {
  if (waiting_) {
    waiting_ = false;
    stream_.setReader(nullptr);
    reactor().timers().disarm(*this);
  }
}

Result<std::size_t> TimedRead::await_resume() {
  leave();
  if (cancelled()) {
    return cancelledError();
  }
  switch (progress_.state) {
    case io::IoState::kDone:
      return progress_.bytes;
    case io::IoState::kEnd:
      return std::size_t{0};
    case io::IoState::kFailed:
      return fail(stream_.failure());
    case io::IoState::kWouldBlock:
      return fail(ErrorKind::kTimeout, origin_, "nothing received within the limit");
  }
  std::unreachable();
}

TimedWrite::TimedWrite(io::Stream& stream, std::span<const std::string_view> parts, Rules rules)
    : Waiter(stream.reactor()), stream_(stream), parts_(parts), rules_(rules) {}

TimedWrite::~TimedWrite() {
  leave();
}

void TimedWrite::onSuspend() {
  if (rules_.unsent == Unsent::kCopied) {
    copyUnsent();
  }
  suspended_at_ = reactor().now();
  stream_.setWriter(this);
  if (rules_.watch_answer) {
    stream_.setReader(this);
  }
  waiting_ = true;
  armTimer();
}

void TimedWrite::copyUnsent() {
  if (parts_.data() == single_.data()) {
    return;
  }
  for (std::string_view part : parts_) {
    copy_.append(part.substr(offset_));
    offset_ = 0;
  }
  single_ = {copy_};
  parts_ = single_;
}

bool TimedWrite::settle() {
  answered_ = false;
  return send() || receive() || late_;
}

bool TimedWrite::send() {
  io::IoProgress progress = stream_.tryWritev(parts_, offset_);
  state_ = progress.state;
  taken_ += progress.bytes;
  if (state_ != io::IoState::kWouldBlock) {
    return true;
  }
  offset_ += progress.bytes;
  while (!parts_.empty() && offset_ >= parts_.front().size()) {
    offset_ -= parts_.front().size();
    parts_ = parts_.subspan(1);
  }
  if (waiting_ && progress.bytes != 0) {
    armTimer();
  }
  return false;
}

bool TimedWrite::receive() {
  if (!rules_.watch_answer || !stream_.readable()) {
    return false;
  }
  if (rules_.unsent == Unsent::kCopied) {
    // They may lie where the answer is received.
    copyUnsent();
  }
  io::IoProgress progress = stream_.tryRead(reactor().readSpace());
  answered_ = progress.state != io::IoState::kWouldBlock;
  answer_ = progress.bytes;
  return answered_;
}

void TimedWrite::armTimer() {
  if (rules_.patience > Nanos(0)) {
    reactor().timers().arm(*this, reactor().now() + rules_.patience);
  }
}

void TimedWrite::onTimer() {
  late_ = true;
  wake();
}

void TimedWrite::leave() {
  if (!waiting_) {
    return;
  }
  waiting_ = false;
  waited_ = reactor().now() - suspended_at_;
  stream_.setWriter(nullptr);
  if (rules_.watch_answer) {
    stream_.setReader(nullptr);
  }
  reactor().timers().disarm(*this);
}

Result<WriteEnd> TimedWrite::await_resume() {
  leave();
  if (cancelled()) {
    return cancelledError();
  }
  if (answered_) {
    return WriteEnd::kAnswered;
  }
  if (state_ == io::IoState::kFailed) {
    return fail(stream_.failure());
  }
  if (state_ == io::IoState::kWouldBlock) {
    return fail(ErrorKind::kTimeout, rules_.origin, "the peer took no bytes within the limit");
  }
  return WriteEnd::kAllSent;
}

}  // namespace gatehouse::http
