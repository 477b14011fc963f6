#include "io/stream.h"

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "io/read_loan.h"
#include "io/waiter.h"

namespace gatehouse::io {

ReadInto::ReadInto(Stream& stream, std::span<char> target)
    : Waiter(stream.reactor()), stream_(stream), target_(target) {}

ReadInto::~ReadInto() {
  leave();
}

bool ReadInto::await_ready() {
  return settle();
}

void ReadInto::onSuspend() {
  stream_.setReader(this);
  waiting_ = true;
}

bool ReadInto::settle() {
  progress_ = stream_.tryRead(target_);
  return progress_.state != IoState::kWouldBlock;
}

void ReadInto::leave() {
  if (waiting_) {
    waiting_ = false;
    stream_.setReader(nullptr);
  }
}

Result<std::size_t> ReadInto::await_resume() {
  leave();
  if (cancelled()) {
    return cancelledError();
  }
  if (progress_.state == IoState::kFailed) {
    return fail(stream_.failure());
  }
  return progress_.bytes;
}

ReadLent::ReadLent(Stream& stream) : ReadInto(stream, stream.reactor().readSpace()) {}

Result<ReadLoan> ReadLent::await_resume() {
  GATEHOUSE_TRY(std::size_t count, ReadInto::await_resume());
  return count == 0 ? ReadLoan() : reactor().lendRead(count);
}

Writev::Writev(Stream& stream, std::span<const std::string_view> parts, Rest rest)
    : Waiter(stream.reactor()), stream_(stream), parts_(parts), rest_(rest) {}

Writev::Writev(Stream& stream, std::string_view bytes, Rest rest)
    : Waiter(stream.reactor()), stream_(stream), single_{bytes}, parts_(single_), rest_(rest) {}

Writev::~Writev() {
  leave();
}

bool Writev::await_ready() {
  return settle();
}

void Writev::onSuspend() {
  if (rest_ == Rest::kCopied) {
    for (std::string_view part : parts_) {
      copy_.append(part.substr(offset_));
      offset_ = 0;
    }
    single_ = {copy_};
    parts_ = single_;
  }
  stream_.setWriter(this);
  waiting_ = true;
}

bool Writev::settle() {
  IoProgress progress = stream_.tryWritev(parts_, offset_);
  state_ = progress.state;
  if (state_ != IoState::kWouldBlock) {
    return true;
  }
  offset_ += progress.bytes;
  while (!parts_.empty() && offset_ >= parts_.front().size()) {
    offset_ -= parts_.front().size();
    parts_ = parts_.subspan(1);
  }
  return false;
}

void Writev::leave() {
  if (waiting_) {
    waiting_ = false;
    stream_.setWriter(nullptr);
  }
}

Result<void> Writev::await_resume() {
  leave();
  if (cancelled()) {
    return cancelledError();
  }
  if (state_ == IoState::kFailed) {
    return fail(stream_.failure());
  }
  return {};
}

}  // namespace gatehouse::io
