// For tests and fuzzers: one whole message through HeadReader and BodyDecoder, its bytes cut
// wherever the caller likes.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "http/h1_body.h"
#include "http/h1_read.h"

namespace gatehouse::http {

template <typename Head>
struct ReadMessage {
  std::optional<Violation> violation;
  Head head;
  MessageFraming framing;
  std::string content;
  Fields trailers;
  std::size_t taken = 0;  // octets of the message
  bool head_done = false;
  bool done = false;  // complete, or as complete as a body that ends with the stream can be
};
using ReadRequest = ReadMessage<RequestHead>;
using ReadResponse = ReadMessage<ResponseHead>;

/// Size of the next push, given how many octets are left.
using Cut = std::function<std::size_t(std::size_t left)>;
inline std::size_t uncut(std::size_t left) {
  return left;
}

template <typename Head>
void readBody(
    ReadMessage<Head>& read, std::string_view text, const HeadLimits& limits, const Cut& cut
) {
  BodyDecoder decoder(read.framing.body, limits);
  while (!decoder.done() && read.taken < text.size()) {
    std::string_view rest = text.substr(read.taken);
    std::string piece(rest.substr(0, std::max<std::size_t>(cut(rest.size()), 1)));
    auto step = decoder.compact(piece);
    if (!step) {
      read.violation = step.error();
      return;
    }
    read.content.append(step->content);
    read.taken += step->taken;
  }
  read.done = decoder.mayEnd();
  if (decoder.trailers() != nullptr) {
    read.trailers = *decoder.trailers();
  }
}

template <typename Head, typename Parse>
ReadMessage<Head> readMessage(
    std::string_view text, const HeadLimits& limits, const Cut& cut, const Parse& parse
) {
  ReadMessage<Head> read;
  HeadReader reader(
      std::is_same_v<Head, RequestHead> ? MessageKind::kRequest : MessageKind::kResponse
  );
  while (!read.head_done && read.taken < text.size()) {
    std::string_view rest = text.substr(read.taken);
    std::string piece(rest.substr(0, std::max<std::size_t>(cut(rest.size()), 1)));
    auto step = reader.push(piece, limits);
    if (!step) {
      read.violation = step.error();
      return read;
    }
    read.taken += step->taken;
    if (!step->complete) {
      continue;
    }
    auto framing = parse(reader, read.head);
    if (!framing) {
      read.violation = framing.error();
      return read;
    }
    read.framing = *framing;
    read.head_done = true;
  }
  if (read.head_done) {
    readBody(read, text, limits, cut);
  }
  return read;
}

inline ReadRequest readRequest(
    std::string_view text, const HeadLimits& limits = {}, const Cut& cut = uncut
) {
  return readMessage<RequestHead>(
      text,
      limits,
      cut,
      [&](const HeadReader& reader, RequestHead& head) { return reader.parseRequest(limits, head); }
  );
}

inline ReadResponse readResponse(
    std::string_view text,
    Method asked = Method::kGet,
    const HeadLimits& limits = {},
    const Cut& cut = uncut
) {
  return readMessage<ResponseHead>(
      text,
      limits,
      cut,
      [&](const HeadReader& reader, ResponseHead& head) {
        return reader.parseResponse(asked, limits, head);
      }
  );
}

}  // namespace gatehouse::http
