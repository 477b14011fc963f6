// HTTP/2 from an upstream: nothing crashes and no request is left without an end; what each becomes
// does not depend on how the bytes are cut; a head that is taken is one that HTTP/1.1 can say.
// Input: one octet for how the bytes are cut, then what the upstream sends behind its SETTINGS.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/h1_write.h"
#include "http/h2/h2_client.h"
#include "http/read_message_for_test.h"
#include "io/gate.h"
#include "io/reactor.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::http;

constexpr std::size_t kMost = 64 * 1024;
constexpr HeadLimits kWide{.target = 4096, .field_section = 128 * 1024, .field_count = 400};

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

/// Gives the input in pieces, then ends; takes all that is sent.
class Script final : public io::Stream {
 public:
  Script(io::Reactor& reactor, std::string_view bytes, std::uint32_t cut)
      : reactor_(reactor), bytes_(bytes), cut_(cut) {}

  io::IoProgress tryRead(std::span<char> target) override {
    if (!fed_) {
      return {0, io::IoState::kWouldBlock};
    }
    fed_ = false;
    if (bytes_.empty()) {
      return {0, ended_ ? io::IoState::kEnd : io::IoState::kWouldBlock};
    }
    std::size_t size = bytes_.size();
    if (cut_ != 0) {
      cut_ = cut_ * 1664525U + 1013904223U;
      size = std::min<std::size_t>(size, 1 + (cut_ >> 24) % 40);
    }
    size = std::min(size, target.size());
    bytes_.copy(target.data(), size);
    bytes_.remove_prefix(size);
    return {size, io::IoState::kDone};
  }
  io::IoProgress tryWritev(std::span<const std::string_view> parts, std::size_t /*at*/) override {
    for (std::string_view part : parts) {
      sent_ += part.size();
    }
    return {0, io::IoState::kDone};
  }
  Error failure() const override { return {ErrorKind::kPeerClosed, Origin::kUpstream, "closed"}; }
  void setReader(io::Waiter* reader) override { reader_ = reader; }
  void setWriter(io::Waiter* /*writer*/) override {}
  io::Task<Result<void>> shutdownWrite() override { co_return Result<void>(); }
  void close() override { closed_ = true; }
  const io::Peer& peer() const override { return peer_; }
  void onPeerClosed(io::Stop* /*stop*/) override {}
  bool readable() override { return false; }
  io::Reactor& reactor() const override { return reactor_; }

  /// More has come. False once there is nothing more, or nobody to read it.
  bool feed() {
    fed_ = true;
    if (reader_ != nullptr) {
      reader_->wake();
    }
    return !closed_ && !bytes_.empty();
  }
  void end() {
    ended_ = true;
    feed();
  }

 private:
  io::Reactor& reactor_;
  std::string_view bytes_;
  std::uint32_t cut_;
  io::Peer peer_;
  io::Waiter* reader_ = nullptr;
  std::size_t sent_ = 0;
  bool fed_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

class Nobody final : public H2ClientEvents {
 public:
  void onChange() override {}
};

void requireSayable(const ResponseHead& head) {
  std::string text;
  writeResponseHead(text, head, {.body = ResponseFraming::Body::kNone}, "now");
  ReadResponse read = readResponse(text, Method::kGet, kWide);
  require(!read.violation && read.head_done, "what is taken is a head of HTTP/1.1");
  require(read.head.status == head.status, "with the same status");
}

/// What becomes of one request.
struct Asked {
  std::string log;
  bool done = false;
};

io::Task<void> ask(H2Client& client, ClientRequest request, Asked& out) {
  std::unique_ptr<ClientConnection> call = client.begin();
  Result<ClientResponse> response = co_await call->send(request);
  if (response) {
    requireSayable(response->head);
    out.log = std::to_string(response->head.status) + " " +
              std::to_string(response->head.fields.size()) + "\n";
    BodySource* body = response->body.source();
    while (body != nullptr) {
      Result<Piece> piece = co_await body->pull();
      if (!piece) {
        out.log += " broken";
        break;
      }
      out.log += piece->bytes;
      if (piece->end) {
        out.log += " end " + std::to_string(body->trailers() ? body->trailers()->size() : 0);
        break;
      }
    }
  } else {
    out.log = "error";
  }
  out.done = true;
}

std::vector<ClientRequest> requests() {
  std::vector<ClientRequest> all(3);
  for (ClientRequest& request : all) {
    request.head.target = "/";
    request.head.authority = "up";
  }
  all[1].head.method = Method::kPost;
  all[1].slices = {Chunk::literal("body"), Chunk::literal("more")};
  all[2].head.method = Method::kHead;
  return all;
}

struct Seen {
  std::string log;
  bool over = false;
};

void turn(io::Reactor& reactor) {
  for (int i = 0; i < 20; ++i) {
    reactor.turn(Nanos(0));
  }
}

Seen run(std::string_view bytes, std::uint32_t cut) {
  constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0", 18);
  const std::string all = std::string(kSettings) + std::string(bytes);
  io::Reactor reactor;
  Nobody events;
  auto script = std::make_unique<Script>(reactor, all, cut);
  Script& stream = *script;
  std::unique_ptr<H2Client> client = clientHttp2(reactor, std::move(script), {}, events);
  std::array<Asked, 3> asked;
  Seen seen;
  {
    io::Gate gate(reactor);
    io::Stop stop;
    auto wanted = requests();
    for (std::size_t i = 0; i < asked.size(); ++i) {
      io::spawn(gate, ask(*client, std::move(wanted[i]), asked[i]), stop);
    }
    reactor.turn(Nanos(0));
    while (stream.feed()) {
      reactor.turn(Nanos(0));
    }
    turn(reactor);
    seen.over = client->over();
    stream.end();
    turn(reactor);
    require(gate.inside() == 0, "every request ends");
  }
  for (const Asked& each : asked) {
    seen.log += each.log + "\n";
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > kMost) {
    return 0;
  }
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Seen whole = run(bytes, 0);
  const Seen cut = run(bytes, data[0] + 1U);
  // A fault takes along what had not been handed on yet.
  auto failed = [](const Seen& seen) {
    return seen.over || seen.log.find("broken") != std::string::npos ||
           seen.log.find("error") != std::string::npos;
  };
  bool same = whole.log == cut.log || (failed(whole) && failed(cut));
  if (!same) {
    std::fprintf(stderr, "whole:\n%s\ncut:\n%s\n", whole.log.c_str(), cut.log.c_str());
  }
  require(same, "the same for every cut");
  return 0;
}
