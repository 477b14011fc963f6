// For tests: an HTTP/2 server connection whose exchanges are gathered as they come, and a client of
// frames at its other end that knows no rules of its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "http/h1_strict.h"
#include "http/h2/h2_server.h"
#include "http/loop_for_test.h"
#include "http/server_connection.h"
#include "http/server_for_test.h"

namespace gatehouse::http {

/// Frame types and flags of RFC 9113 section 6.
enum class FrameType : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kReset,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation,
};
inline constexpr std::uint8_t kEndStream = 0x1;
inline constexpr std::uint8_t kAck = 0x1;
inline constexpr std::uint8_t kEndHeaders = 0x4;
inline constexpr std::uint8_t kPadded = 0x8;

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Frame {
  FrameType type;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload{};
};

inline std::string number(std::uint64_t value, int octets) {
  std::string text;
  for (int i = octets - 1; i >= 0; --i) {
    text += static_cast<char>(value >> (8 * i) & 0xff);
  }
  return text;
}
inline std::uint64_t numberIn(std::string_view text) {
  std::uint64_t value = 0;
  for (char c : text) {
    value = value << 8 | static_cast<std::uint8_t>(c);
  }
  return value;
}

inline std::string bytesOf(const Frame& frame) {
  return number(frame.payload.size(), 3) + static_cast<char>(frame.type) +
         static_cast<char>(frame.flags) + number(frame.stream, 4) + frame.payload;
}
inline std::string setting(std::uint16_t id, std::uint32_t value) {
  return number(id, 2) + number(value, 4);
}

using FieldList = std::vector<std::pair<std::string, std::string>>;

/// Every field as a literal that is never indexed, of at most 126 octets each part, or longer.
inline std::string packed(const FieldList& fields) {
  std::string block;
  auto put = [&block](const std::string& text) {
    if (text.size() < 127) {
      block += static_cast<char>(text.size());
    } else {
      block += '\x7f';
      std::size_t rest = text.size() - 127;
      for (; rest >= 128; rest /= 128) {
        block += static_cast<char>(0x80 | (rest % 128));
      }
      block += static_cast<char>(rest);
    }
    block += text;
  };
  for (const auto& [name, value] : fields) {
    block += '\x10';
    put(name);
    put(value);
  }
  return block;
}

inline FieldList requestFields(std::string method, std::string path, const FieldList& more = {}) {
  FieldList fields = {
      {":method", std::move(method)},
      {":scheme", "http"},
      {":authority", "h"},
      {":path", std::move(path)}
  };
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

/// What a client has seen of one stream.
struct SeenStream {
  std::vector<FieldList> heads;  // of 1xx, the reply and its trailers
  std::string content;
  bool ended = false;
  std::optional<std::uint32_t> reset;

  std::string field(std::string_view name, std::size_t head = 0) const {
    for (const auto& [each, value] : heads.at(head)) {
      if (each == name) {
        return value;
      }
    }
    return "(none)";
  }
};

class FrameClient {
 public:
  /// `preface`: what the other side sends before its frames.
  explicit FrameClient(TestPeer peer, std::string_view preface = {})
      : peer_(std::move(peer)), preface_(preface) {
    GATEHOUSE_INVARIANT(nghttp2_hd_inflate_new(&inflater_) == 0);
  }
  FrameClient(const FrameClient&) = delete;
  FrameClient& operator=(const FrameClient&) = delete;
  ~FrameClient() { nghttp2_hd_inflate_del(inflater_); }

  void send(std::string_view bytes) { peer_.send(bytes); }
  void send(const Frame& frame) { send(bytesOf(frame)); }
  void hello(std::string_view settings = {}) {
    send(kPreface);
    send({.type = FrameType::kSettings, .payload = std::string(settings)});
    send({.type = FrameType::kSettings, .flags = kAck});  // of the server's, which are known
  }
  void headers(std::uint32_t stream, const FieldList& fields, std::uint8_t flags = 0) {
    send(Frame{
        FrameType::kHeaders, static_cast<std::uint8_t>(flags | kEndHeaders), stream, packed(fields)
    });
  }
  void data(std::uint32_t stream, std::string bytes, std::uint8_t flags = 0) {
    send(Frame{FrameType::kData, flags, stream, std::move(bytes)});
  }
  void reset(std::uint32_t stream, std::uint32_t code = 8) {
    send(Frame{FrameType::kReset, 0, stream, number(code, 4)});
  }
  void widen(std::uint32_t stream, std::uint32_t by) {
    send(Frame{FrameType::kWindowUpdate, 0, stream, number(by, 4)});
  }

  /// Reads what has come; gives the frames of it.
  std::vector<Frame> take() {
    received_ += peer_.take();
    if (received_.size() >= preface_.size()) {
      GATEHOUSE_INVARIANT(received_.starts_with(preface_));
      received_.erase(0, std::exchange(preface_, {}).size());
    }
    std::vector<Frame> frames;
    while (received_.size() >= 9) {
      std::size_t size = numberIn(std::string_view(received_).substr(0, 3));
      if (received_.size() < 9 + size) {
        break;
      }
      Frame frame{
          static_cast<FrameType>(received_[3]),
          static_cast<std::uint8_t>(received_[4]),
          static_cast<std::uint32_t>(numberIn(std::string_view(received_).substr(5, 4))),
          received_.substr(9, size)
      };
      received_.erase(0, 9 + size);
      note(frame);
      frames.push_back(std::move(frame));
    }
    return frames;
  }
  const SeenStream& stream(std::uint32_t id) {
    take();
    return streams_[id];
  }
  /// Error codes of GOAWAY, in order, each with the last stream.
  const std::vector<std::pair<std::uint32_t, std::uint32_t>>& goaways() {
    take();
    return goaways_;
  }
  std::uint64_t widened(std::uint32_t stream) {
    take();
    return widened_[stream];
  }
  bool ended() {
    take();
    return peer_.ended();
  }
  void close() { peer_.close(); }
  TestPeer& peer() { return peer_; }

 private:
  void note(const Frame& frame) {
    SeenStream& stream = streams_[frame.stream];
    std::string_view payload = frame.payload;
    switch (frame.type) {
      case FrameType::kData:
        stream.content += payload;
        stream.ended |= (frame.flags & kEndStream) != 0;
        break;
      case FrameType::kHeaders:
        stream.heads.push_back(unpack(payload));
        stream.ended |= (frame.flags & kEndStream) != 0;
        break;
      case FrameType::kReset:
        stream.reset = static_cast<std::uint32_t>(numberIn(payload));
        break;
      case FrameType::kGoaway:
        goaways_.emplace_back(numberIn(payload.substr(4, 4)), numberIn(payload.substr(0, 4)));
        break;
      case FrameType::kWindowUpdate:
        widened_[frame.stream] += numberIn(payload);
        break;
      default:
        break;
    }
  }
  FieldList unpack(std::string_view block) {
    FieldList fields;
    for (;;) {
      nghttp2_nv field{};
      int flags = 0;
      ssize_t taken = nghttp2_hd_inflate_hd2(
          inflater_,
          &field,
          &flags,
          reinterpret_cast<const std::uint8_t*>(block.data()),
          block.size(),
          1
      );
      GATEHOUSE_INVARIANT(taken >= 0);
      block.remove_prefix(static_cast<std::size_t>(taken));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        fields.emplace_back(
            std::string(reinterpret_cast<const char*>(field.name), field.namelen),
            std::string(reinterpret_cast<const char*>(field.value), field.valuelen)
        );
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
        nghttp2_hd_inflate_end_headers(inflater_);
        return fields;
      }
    }
  }

  TestPeer peer_;
  std::string_view preface_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string received_;
  std::map<std::uint32_t, SeenStream> streams_;
  std::map<std::uint32_t, std::uint64_t> widened_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> goaways_;
};

struct H2Scene : ExchangeScene {
  explicit H2Scene(ServerLimits limits = {}, RefusedRequests* refused = nullptr) {
    auto [stream, other] = loop.connect();
    client = std::make_unique<FrameClient>(std::move(other));
    server = serveHttp2(loop.reactor, std::move(stream), limits, shared, refused);
    serving.emplace(loop, gather(*server, exchanges, over));
  }
  ~H2Scene() {
    serving.reset();
    exchanges.clear();
  }
  H2Scene(const H2Scene&) = delete;
  H2Scene& operator=(const H2Scene&) = delete;

  static io::Task<int> gather(
      ServerConnection& server, std::vector<Exchange>& exchanges, bool& over
  ) {
    while (Exchange exchange = co_await server.next()) {
      exchanges.push_back(std::move(exchange));
    }
    over = true;
    co_return 0;
  }

  void get(std::uint32_t stream, std::string path = "/a") {
    client->headers(stream, requestFields("GET", std::move(path)), kEndStream);
    loop.settle();
  }
  static ResponseHead headOf(std::string_view bytes, Status status = 200) {
    ResponseHead head{.status = status};
    head.fields.add("Content-Length", std::to_string(bytes.size()));
    return head;
  }
  /// A whole reply of known length; the exchange is over then.
  void reply(Exchange& exchange, std::string_view bytes) {
    exchange->writeHead(headOf(bytes), Framing::kLength);
    GATEHOUSE_INVARIANT(finish(*exchange, bytes).has_value());
    exchange = nullptr;
    loop.settle();
  }

  std::unique_ptr<FrameClient> client;
  std::unique_ptr<ServerConnection> server;
  std::vector<Exchange> exchanges;
  bool over = false;
  std::optional<Running<int>> serving;
};

/// Keeps account of refused requests.
struct SeenRefused final : RefusedRequests {
  RefusedAnswer begin(const RefusedRequest& request) override {
    seen.push_back(
        std::to_string(request.status) + " " + std::string(request.code) + " " +
        std::string(request.host) + std::string(request.path)
    );
    return {.id = "the-id"};
  }
  void answered(std::uint64_t bytes_out) override { sent += bytes_out; }
  void unanswered() override { ++lost; }

  std::vector<std::string> seen;
  std::uint64_t sent = 0;
  int lost = 0;
};

/// Whose client has said hello.
struct Greeted : H2Scene {
  explicit Greeted(ServerLimits limits = {}, RefusedRequests* refused = nullptr)
      : H2Scene(limits, refused) {
    client->hello();
    loop.settle();
  }
  std::uint64_t refusedBy(Violation violation) const {
    return shared.refused[static_cast<std::size_t>(violation)];
  }
  void expectEnd(std::uint32_t code, std::string_view problem) {
    for (int i = 0; i < 100 && client->goaways().empty(); ++i) {
      loop.settle();
    }
    ASSERT_FALSE(client->goaways().empty());
    EXPECT_EQ(client->goaways().back().first, code);
    EXPECT_EQ(server->protocolError(), problem);
    client->close();
    loop.settle();
    EXPECT_TRUE(over);
  }
};

}  // namespace gatehouse::http
