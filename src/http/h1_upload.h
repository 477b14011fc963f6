// A request on its way to an HTTP/1.1 upstream: its head, what of its body has not left yet, and
// how far the sending got. Internal to client_connection and h1_response_body. Owner's loop only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "http/body.h"
#include "http/client.h"
#include "http/h1_client_wire.h"
#include "http/h1_write.h"
#include "http/timed_stream.h"
#include "io/gate.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::http {

/// On the heap, so that nothing of it is left while an answer is awaited.
class H1Upload {
 public:
  enum class State : std::uint8_t {
    kSent,      // all of it
    kAnswered,  // the upstream said something before
    kBroken,    // the upstream left; it may have answered before, reading will tell
  };
  struct Progress {
    State state = State::kSent;
    std::size_t answer = 0;  // bytes at the front of the read space
  };

  /// `wire` outlives it, and so do the slices and the stream of `request`.
  H1Upload(H1ClientWire& wire, const ClientRequest& request);
  H1Upload(const H1Upload&) = delete;
  H1Upload& operator=(const H1Upload&) = delete;
  ~H1Upload() = default;

  /// `sent(co_await write())` sends what is whole() without a task of its own.
  bool whole() const { return source_ == nullptr && write_.has_value(); }
  TimedWrite& write() { return *write_; }
  Result<Progress> sent(Result<WriteEnd> end);
  /// Goes on sending until all is sent or the upstream says something. Errors: the stream's, as
  /// the upstream's; the body's own.
  io::Task<Result<Progress>> send();
  /// Goes on whatever the upstream says, to the end; what the upstream does not take any more does
  /// not matter. Errors: the body's own.
  io::Task<Result<void>> finish();

  /// All of it has left.
  bool allSent() const { return source_ == nullptr && !write_; }
  io::Reactor& reactor() const { return wire_.reactor; }

 private:
  io::Task<Result<std::optional<Piece>>> pullListening();
  io::Task<Result<Progress>> awaitInvitation();
  std::string_view lastChunk(std::string_view before);
  Result<Progress> hear();
  Result<void> nextPart(Piece piece);
  TimedWrite::Rules writeRules(Unsent unsent) const;

  H1ClientWire& wire_;
  std::string head_;
  std::vector<std::string_view> parts_;
  std::optional<TimedWrite> write_;
  BodySource* source_ = nullptr;              // not yet at its end
  std::optional<std::uint64_t> length_left_;  // of the source, when it is not chunked
  std::optional<ChunkLine> chunk_line_;
  std::string trailers_;    // that may come: names as announced
  std::string last_chunk_;  // with trailers
  bool listening_ = true;   // an answer ends the sending
  bool uninvited_ = false;  // the upstream is asked before the source is
};

/// What is still to be sent of a request whose answer has come, sent beside the reading of it.
class H1UploadBeside {
 public:
  /// Takes over the stream of `request` and a share in its slices, and begins: what the stream has
  /// to tell its sender before it can be pulled is told before this returns.
  H1UploadBeside(std::unique_ptr<H1Upload> upload, ClientRequest& request);
  H1UploadBeside(const H1UploadBeside&) = delete;
  H1UploadBeside& operator=(const H1UploadBeside&) = delete;
  ~H1UploadBeside() = default;

  /// Nothing more will be done; with failure() the body could not be had to its end.
  bool over() const { return over_.happened(); }
  const Error* failure() const { return failure_.get(); }
  bool allSent() const { return upload_->allSent(); }
  /// `co_await untilOver()`: Result<void>, kCancelled. Once.
  io::Event::Wait untilOver() { return over_.wait(); }

  /// While it lives, `read` is interrupted when this is over. One at a time; this outlives it.
  class Interrupt {
   public:
    Interrupt(H1UploadBeside& upload, TimedRead& read) : upload_(upload) {
      upload_.reading_ = &read;
    }
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    ~Interrupt() { upload_.reading_ = nullptr; }

   private:
    H1UploadBeside& upload_;
  };

 private:
  io::Task<void> run();

  std::unique_ptr<H1Upload> upload_;
  std::vector<Chunk> slices_;
  Body stream_;
  io::Event over_;
  std::unique_ptr<Error> failure_;
  TimedRead* reading_ = nullptr;
  io::Stop never_;
  io::Child running_;  // last: it runs over all of the above
};

}  // namespace gatehouse::http
