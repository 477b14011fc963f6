// The body of one response as it comes on an HTTP/2 stream. What is not pulled yet lies in a pool
// buffer, at most a stream's window of it; pulling lets the upstream send on. It fills no window
// but its stream's. While the stream is silent nothing is held. Internal to h2/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "http/body.h"
#include "http/h2/h2_client_wire.h"
#include "io/buffer_pool.h"

namespace gatehouse::http {

/// Whether the request it answers has been sent to its end.
enum class RequestSent : std::uint8_t { kNo, kYes };

class H2ResponseBody {
 public:
  /// `sending` outlives it.
  explicit H2ResponseBody(const H2Sending& sending) : sending_(sending) {}

  /// The head has come: what follows is a body, of that length if it is told.
  void begin(std::optional<std::uint64_t> length);
  /// The head has come, and no content may follow.
  void beginNone();

  // What the stream brings, see H2Stream.
  void onData(std::string_view bytes);
  void onTrailer(std::string_view name, std::string_view value);
  void onEnd();
  /// It will not go on.
  void onBroken(Error error);
  /// The same because of what came; the upstream is told.
  void onMalformed(std::string_view what);
  void onMalformed(Error error);

  /// What can be had without waiting; nothing when that is nothing. A body of known length ends,
  /// and shows its last bytes, only once the request is sent: who has them takes its upload for
  /// done.
  std::optional<Result<Piece>> take(RequestSent request);
  bool canTake(RequestSent request) const;
  /// Holds no memory for what has been taken.
  void release();
  void giveBack();
  /// Nobody pulls any more.
  void drop();

  /// All of it has come.
  bool ended() const { return ended_; }
  bool empty() const { return arrived_ == 0; }
  const Error* broken() const { return broken_.get(); }
  std::optional<std::uint64_t> length() const { return length_; }
  const Fields* trailers() const { return trailers_.get(); }

 private:
  enum class Expects : std::uint8_t { kHead, kContent, kNoContent };

  std::string_view stored() const { return received_.view().substr(received_at_); }
  void store(std::string_view bytes);

  const H2Sending& sending_;
  std::optional<std::uint64_t> length_;
  io::Buffer received_;
  std::size_t received_at_ = 0;
  std::size_t taken_ = 0;  // of the window, by the piece that was pulled last
  std::uint64_t arrived_ = 0;
  std::unique_ptr<Error> broken_;
  std::unique_ptr<Fields> trailers_;
  std::size_t trailer_size_ = 0;
  Expects expects_ = Expects::kHead;
  bool ended_ = false;
};

}  // namespace gatehouse::http
