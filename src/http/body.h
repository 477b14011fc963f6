// Bodies are pulled (house principle 8): whoever wants bytes asks for the next piece; not asking is
// back-pressure. A filter is a source over a source. Owner's loop only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/fields.h"
#include "io/buffer_pool.h"
#include "io/task.h"

namespace gatehouse::http {

/// One pulled piece. `bytes` is valid until the next pull, the next suspension of this thread's
/// loop, or the end of the source, whichever is first: it may lie in the worker's shared read
/// buffer (io::ReadLoan). Who keeps bytes copies them. `end` says that nothing follows; the last
/// piece may carry bytes too.
struct Piece {
  std::string_view bytes;
  bool end = false;
};

struct TunnelEnd;

class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next piece, never empty unless `end` or by wakeInSilence(). One pull at a time; after
  /// `end` or an error nothing may be pulled. Errors: kUpstreamClosed or kPeerClosed when the
  /// message ended short of its framing, kBadRequest or kUpstreamInvalid for broken framing,
  /// kBodyTooLarge, kTimeout, kCancelled. A ServerExchange's body may be pulled again after
  /// kCancelled: nothing of it is lost.
  virtual io::Task<Result<Piece>> pull() = 0;
  /// As pull, but the source may receive straight into `space` (not empty, valid until it resumes):
  /// the piece then begins at space.data(). Bytes of `space` behind the piece are undefined.
  virtual io::Task<Result<Piece>> pullInto(std::span<char> space);
  /// The beginning of the body, where it lies in a pool buffer already; it counts as pulled. Asked
  /// once, before the first pull; empty when there is none. For readWhole().
  virtual io::Buffer takeReceived() { return {}; }
  /// From now on a pull that has waited for `silence` (not 0) gives an empty piece that is no end,
  /// and goes on with the next pull. Sources that do not wait for a peer have no use for it.
  virtual void wakeInSilence(Nanos /*silence*/) {}
  /// True when a pull will complete without waiting for the peer.
  virtual bool ready() const { return false; }
  /// Total size, when the framing tells it.
  virtual std::optional<std::uint64_t> length() const { return std::nullopt; }
  /// Trailer section; complete after `end`. Null when there is none.
  virtual const Fields* trailers() const { return nullptr; }
  /// Behind a 101: what is left of the connection, which ends with the source. It is not pulled
  /// then. Else null.
  virtual TunnelEnd* switched() { return nullptr; }
};

/// Owning handle of a source; an empty Body has no bytes. Move-only.
class Body {
 public:
  Body() = default;
  explicit Body(std::unique_ptr<BodySource> source) : source_(std::move(source)) {}
  /// All bytes at hand.
  static Body fixed(Chunk bytes);
  /// All at hand, pulled one by one; none is empty.
  static Body inPieces(std::vector<std::string> pieces);

  bool empty() const { return source_ == nullptr; }
  /// The source, or null when empty.
  BodySource* source() const { return source_.get(); }
  std::unique_ptr<BodySource> release() { return std::move(source_); }
  std::optional<std::uint64_t> length() const { return source_ ? source_->length() : 0; }

 private:
  std::unique_ptr<BodySource> source_;
};

}  // namespace gatehouse::http
