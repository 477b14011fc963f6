// The body of one response as it comes off an HTTP/1.1 connection. Internal to client_connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "http/body.h"
#include "http/h1_body.h"
#include "http/h1_client_wire.h"
#include "http/h1_read.h"
#include "http/h1_upload.h"
#include "io/deadline.h"

namespace gatehouse::http {

class H1ResponseBody final : public BodySource {
 public:
  /// `wire` outlives it.
  H1ResponseBody(H1ClientWire& wire, const MessageFraming& framing);
  ~H1ResponseBody() override;

  /// Takes what was received behind the head, which is changed in place; once, before anything
  /// else. kUpstreamInvalid.
  Result<void> begin(std::span<char> bytes);

  /// The rest of the request, sent while this is read; the end is given after it. Before the first
  /// pull.
  void sendBeside(std::unique_ptr<H1UploadBeside> upload) { upload_ = std::move(upload); }

  io::Task<Result<Piece>> pull() override;
  void wakeInSilence(Nanos silence) override { silence_ = silence; }
  bool ready() const override;
  std::optional<std::uint64_t> length() const override { return length_; }
  const Fields* trailers() const override { return decoder_.trailers(); }

 private:
  io::Task<Result<Piece>> pullAlone();
  io::Task<Result<Piece>> pullBeside();
  io::Task<Result<std::size_t>> readBeside();
  Result<void> besideOver();
  Nanos patience() const;
  io::Deadline deadline() const;
  Result<Piece> received(Result<std::size_t> count);
  Result<std::string_view> decode(std::span<char> bytes);
  Result<Piece> atEnd();

  H1ClientWire& wire_;
  BodyDecoder decoder_;
  std::optional<std::uint64_t> length_;
  std::string held_;  // content that came with the head, or waits with the end
  Nanos silence_{0};  // gives an empty piece after so much of it; zero: never
  Nanos waited_{0};   // in the silence that goes on
  bool held_given_ = false;
  bool keep_alive_;
  std::unique_ptr<H1UploadBeside> upload_;
};

}  // namespace gatehouse::http
