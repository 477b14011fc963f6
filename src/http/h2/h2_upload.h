// The streamed body of a request on an HTTP/2 stream, pulled and sent beside the wait for the
// answer and the reading of it. Internal to h2/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/client.h"
#include "http/h2/h2_client_wire.h"
#include "io/gate.h"
#include "io/task.h"

namespace gatehouse::http {

class H2Upload {
 public:
  /// `sending` outlives it, and so does the stream of `request` until it is kept. Begins at once.
  H2Upload(H2Sending& sending, const ClientRequest& request);
  H2Upload(const H2Upload&) = delete;
  H2Upload& operator=(const H2Upload&) = delete;
  /// What is not framed will not be.
  ~H2Upload();

  /// Owns the stream from now on: the request has been looked at.
  void keep(Body stream) {
    stream_ = std::move(stream);
    forget();
  }
  /// The request has been looked at: it will not begin once more.
  void forget() {
    rewinds_ = false;
    std::string().swap(begun_);
  }
  /// Ends, and gives `request` a stream that begins once more. False when too much of it is gone.
  bool rewind(ClientRequest& request) &&;
  /// Nothing more will be sent.
  bool over() const { return over_; }
  /// Why it could not be sent to its end: the stream's error, or the upstream took none of it.
  /// Null: it was, or the upstream wanted no more.
  const Error* failure() const { return failure_.get(); }

 private:
  io::Task<void> run();
  io::Task<Result<void>> sendAll();
  void remember(const Piece& piece);
  Result<void> account(const Piece& piece);
  void hand(const Piece& piece);

  H2Sending& sending_;
  Body stream_;
  BodySource& source_;
  std::optional<std::uint64_t> length_;
  std::optional<std::uint64_t> length_left_;
  std::string rest_;   // of a piece, until it is framed
  std::string begun_;  // what has been pulled, as long as that is little
  std::unique_ptr<Fields> trailers_;
  std::unique_ptr<Error> failure_;
  bool pulled_whole_ = false;
  bool rewinds_ = true;
  bool over_ = false;
  std::optional<io::Child> running_;  // last: it runs over all of the above
};

}  // namespace gatehouse::http
