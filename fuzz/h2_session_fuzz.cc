// HTTP/2 from a client: nothing crashes; what is seen does not depend on how the bytes are cut; a
// head that is taken, written as HTTP/1.1, is read there as the same request and nothing more.
// Input: one octet for how the bytes are cut, then what follows the preface and the SETTINGS.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "http/h1_write.h"
#include "http/h2/h2_session.h"
#include "http/h2/out_queue.h"
#include "http/h2/request_head.h"
#include "http/read_message_for_test.h"

namespace {

using namespace gatehouse::http;

constexpr HeadLimits kLimits{.target = 256, .field_section = 2048, .field_count = 16};
// What is written may have fields of the writer's besides.
constexpr HeadLimits kWide{.target = 4096, .field_section = 16384, .field_count = 64};
constexpr std::size_t kMost = 64 * 1024;

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

void requireSafeBehind(const RequestHead& head, const H2Framing& framing) {
  std::string text;
  writeRequestHead(text, head, {.chunked = !framing.length, .length = framing.length.value_or(0)});
  ReadRequest read = readRequest(text, kWide);
  require(!read.violation && read.head_done, "what is taken is a head of HTTP/1.1");
  require(read.head.methodName() == head.methodName(), "with the same method");
  require(read.head.authority == head.authority, "and authority");
  bool is_tunnel = head.method == Method::kConnect;
  require(is_tunnel || read.head.target == head.target, "and target");
  require(!head.fields.has("transfer-encoding"), "whose framing is not the client's");
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    Fields::Field field = head.fields.at(i);
    bool is_ours = kDecidedByWriter.has(head.fields.idAt(i));
    auto there = is_ours ? field.value : read.head.fields.get(field.name).value_or("\n");
    require(is_ours || there != "\n", "and every field");
  }
}

// A server that answers everything at once, and writes down what it sees.
class Scene final : public H2SessionEvents {
 public:
  std::string run(std::string_view bytes, std::uint32_t cut) {
    session_.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    session_.receive(std::string_view("\0\0\0\4\0\0\0\0\0", 9));
    session_.receive(std::string_view("\0\0\0\4\1\0\0\0\0", 9));
    while (!bytes.empty()) {
      std::size_t size = bytes.size();
      if (cut != 0) {
        cut = cut * 1664525U + 1013904223U;
        size = std::min<std::size_t>(size, 1 + (cut >> 24) % 40);
      }
      session_.receive(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
    OutQueue out;
    session_.collect(out, kMost);
    require(out.size() < 2 * kMost, "not much is framed ahead");
    return log_;
  }
  bool over() const { return session_.over(); }

 private:
  class Stream final : public H2Stream {
   public:
    Stream(Scene& scene, H2StreamId id) : scene_(scene), id_(id) {}

    void onData(std::string_view bytes) override {
      content_ += bytes;
      scene_.session_.consume(id_, bytes.size());
    }
    void onField(std::string_view name, std::string_view value) override {
      note(" trailer " + std::string(name) + "=" + std::string(value));
    }
    void onEnd() override { note(" end after " + content_); }
    void onSectionEnd(bool ended) override { ended ? onEnd() : note(" no end"); }
    void onClosed(H2Error reason) override {
      note(" closed " + std::to_string(static_cast<unsigned>(reason)));
    }
    H2Outgoing outgoing{};

   private:
    void note(const std::string& what) { scene_.log_ += std::to_string(id_) + what + "\n"; }

    Scene& scene_;
    H2StreamId id_;
    std::string content_;
  };

  void onHead() override { log_ += "head\n"; }
  void onField(std::string_view name, std::string_view value) override { head_.add(name, value); }
  H2Stream* onHeadEnd(H2StreamId id, bool ended) override {
    RequestHead head{.method = Method::kOther};
    auto framing = head_.take(head);
    log_ += std::to_string(id) + (ended ? " whole " : " ") +
            std::string(framing ? "taken" : toString(framing.error())) + " " + head.target + "\n";
    if (!framing) {
      session_.reset(id, H2Error::kProtocolError);
      return nullptr;
    }
    requireSafeBehind(head, *framing);
    auto& stream = streams_[id];
    stream = std::make_unique<Stream>(*this, id);
    stream->outgoing = {.bytes = kReply, .last = true};
    ResponseHead reply;
    session_.respond(id, {.head = reply, .date = "now", .body = &stream->outgoing});
    return stream.get();
  }
  void onIdleFrame(H2Idle kind) override {
    log_ += "idle " + std::to_string(static_cast<unsigned>(kind)) + "\n";
  }
  void onPong() override { log_ += "pong\n"; }

  static constexpr std::string_view kReply = "the reply";

  std::string log_;
  H2RequestHead head_{kLimits};
  std::map<H2StreamId, std::unique_ptr<Stream>> streams_;
  H2Session session_{H2Role::kServer, {.streams = 32}, *this};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > kMost) {
    return 0;
  }
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Scene at_once;
  Scene in_pieces;
  std::string whole = at_once.run(bytes, 0);
  std::string cut = in_pieces.run(bytes, data[0] + 1U);
  // Who has said goodbye is not listened to any more, but for what came along with it.
  bool same = in_pieces.over() ? whole.starts_with(cut) : whole == cut;
  if (!same) {
    std::fprintf(stderr, "whole:\n%s\ncut:\n%s\n", whole.c_str(), cut.c_str());
  }
  require(same, "the same for every cut");
  return 0;
}
