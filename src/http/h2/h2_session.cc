#include "http/h2/h2_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <utility>

#include "base/check.h"
#include "http/h2/h2_calls.h"

namespace gatehouse::http {
namespace {

// Behind our own rule for resets.
constexpr std::uint64_t kResetBurst = 4000;
constexpr std::uint64_t kResetsPerSecond = 400;
constexpr std::size_t kSentSection = 256U << 10;
constexpr std::size_t kPreface = 24;
// The library ends the connection of a client that opens more streams than it was told, where
// RFC 9113 section 5.1.2 asks for an error of the stream. So it holds clients to no limit: ours
// stands in the frame alone, as the first setting.
constexpr std::uint32_t kNoLimit = 0xffffffff;
constexpr std::size_t kLimitAt = 9 + 2;

class Number {
 public:
  explicit Number(std::uint64_t value)
      : size_(static_cast<std::size_t>(
            std::to_chars(text_.begin(), text_.end(), value).ptr - text_.begin()
        )) {}
  std::string_view view() const [[clang::lifetimebound]] { return {text_.data(), size_}; }

 private:
  std::array<char, 20> text_{};
  std::size_t size_;
};

}  // namespace

std::size_t H2Outgoing::left() const {
  std::size_t size = bytes.size();
  for (const Chunk& chunk : more) {
    size += chunk.size();
  }
  return size;
}

void H2Outgoing::take(std::size_t count) {
  bytes.remove_prefix(count);
  while (bytes.empty() && !more.empty()) {
    bytes = more.front().view();
    more = more.subspan(1);
  }
}

std::string_view toString(H2Error error) {
  // The numbers are those of the RFC, and so are the library's.
  auto code = static_cast<std::uint32_t>(error);
  return code <= static_cast<std::uint32_t>(H2Error::kHttp11Required) ? nghttp2_http2_strerror(code)
                                                                      : "an unknown error";
}

H2Session::H2Session(H2Role role, const H2Limits& limits, H2SessionEvents& events)
    : events_(events), meter_(role == H2Role::kServer ? kPreface : 0), role_(role) {
  nghttp2_session_callbacks* calls = nullptr;
  nghttp2_option* options = nullptr;
  bool made = nghttp2_session_callbacks_new(&calls) == 0 && nghttp2_option_new(&options) == 0;
  GATEHOUSE_INVARIANT(made);
  Calls::install(calls);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  // What messages may say is checked above, in words of ours.
  nghttp2_option_set_no_http_messaging(options, 1);
  nghttp2_option_set_max_continuations(options, limits.continuations);
  nghttp2_option_set_stream_reset_rate_limit(options, kResetBurst, kResetsPerSecond);
  nghttp2_option_set_max_send_header_block_length(options, kSentSection);
  const bool is_server = role == H2Role::kServer;
  if (is_server) {
    limit_ = limits.streams;
  }
  auto* make = is_server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  made = make(&session_, calls, this, options) == 0;
  GATEHOUSE_INVARIANT(made);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(calls);
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, is_server ? kNoLimit : limits.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.field_section},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  }};
  nghttp2_submit_settings(
      session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size() - (is_server ? 1 : 0)
  );
  nghttp2_session_set_local_window_size(
      session_, NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(limits.connection_window)
  );
}

H2Session::~H2Session() {
  nghttp2_session_del(session_);
}

void H2Session::receive(std::string_view bytes) {
  if (broken_) {
    return;
  }
  meter_.take(bytes);
  ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()
  );
  if (taken >= 0) {
    return;
  }
  if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
    terminate(H2Error::kProtocolError, "h2_preface");
  } else if (taken == NGHTTP2_ERR_FLOODED) {
    terminate(H2Error::kEnhanceYourCalm, "h2_flood");
  } else if (taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
    terminate(H2Error::kEnhanceYourCalm, "h2_head_flood");
  } else {
    terminate(H2Error::kInternalError, "h2_protocol");
  }
}

// RFC 9113 section 5.1.1: a stream that is older than the newest and not open any more, or never
// was. The library takes no note of it.
bool H2Session::isUnexpected(H2StreamId id) const {
  bool is_old =
      id <= newest_ && id % 2 == 1 && nghttp2_session_find_stream(session_, id) == nullptr;
  return is_old && cuts_ <= cut_.size() && std::ranges::find(cut_, id) == cut_.end();
}

void H2Session::collect(OutQueue& out, std::size_t most) {
  out_ = &out;
  most_ = most;
  while (out.size() < most) {
    const std::uint8_t* bytes = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) {
      break;
    }
    std::string_view frame(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    limit_ ? greet(frame) : out.put(frame);
  }
  out_ = nullptr;
}

// The first frame, which is SETTINGS.
void H2Session::greet(std::string_view frame) {
  std::array<char, sizeof(std::uint32_t)> value;
  for (std::uint32_t rest = *std::exchange(limit_, {}); char& octet : std::views::reverse(value)) {
    octet = static_cast<char>(rest & 0xff);
    rest >>= 8;
  }
  out_->put(frame.substr(0, kLimitAt));
  out_->put({value.data(), value.size()});
  out_->put(frame.substr(kLimitAt + value.size()));
}

bool H2Session::over() const {
  bool reads = !broken_ && nghttp2_session_want_read(session_) != 0;
  return !reads && nghttp2_session_want_write(session_) == 0;
}

void H2Session::respond(H2StreamId id, const H2Reply& reply) {
  const Fields& fields = reply.head.fields;
  const Number status(reply.head.status);
  const Number length(reply.length.value_or(0));
  H2Pairs pairs;
  pairs.reserve(fields.size() + 3);
  addPair(pairs, ":status", status.view());
  addFields(pairs, fields);
  if (!reply.date.empty() && !fields.has("date")) {
    addPair(pairs, "date", reply.date);
  }
  if (reply.length) {
    addPair(pairs, "content-length", length.view());
  }
  nghttp2_data_provider provider{.source = {.ptr = reply.body}, .read_callback = Calls::read};
  nghttp2_submit_response(
      session_, id, pairs.data(), pairs.size(), reply.body == nullptr ? nullptr : &provider
  );
}

// RFC 9113 section 8.3.1; a tunnel is asked for by its authority alone.
std::optional<H2StreamId> H2Session::request(const H2Request& request, H2Stream& owner) {
  const RequestHead& head = request.head;
  const Number length(request.length.value_or(0));
  H2Pairs pairs;
  pairs.reserve(head.fields.size() + 6);
  addPair(pairs, ":method", head.methodName());
  if (head.method != Method::kConnect) {
    addPair(pairs, ":scheme", request.scheme);
    addPair(pairs, ":path", head.target);
  }
  if (!head.authority.empty()) {
    addPair(pairs, ":authority", head.authority);
  }
  addFields(pairs, head.fields);
  if (request.te_trailers) {
    addPair(pairs, "te", "trailers");
  }
  if (request.length) {
    addPair(pairs, "content-length", length.view());
  }
  nghttp2_data_provider provider{.source = {.ptr = request.body}, .read_callback = Calls::read};
  H2StreamId id = nghttp2_submit_request(
      session_,
      nullptr,
      pairs.data(),
      pairs.size(),
      request.body == nullptr ? nullptr : &provider,
      &owner
  );
  if (id < 0) {
    return std::nullopt;
  }
  ++open_;
  ++requests_;
  return id;
}

bool H2Session::mayRequest() const {
  return !broken_ && nghttp2_session_check_request_allowed(session_) != 0;
}

std::uint32_t H2Session::peerStreams() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void H2Session::inform(H2StreamId id, const ResponseHead& head) {
  const Number status(head.status);
  H2Pairs pairs;
  addPair(pairs, ":status", status.view());
  addFields(pairs, head.fields);
  nghttp2_submit_headers(
      session_, NGHTTP2_FLAG_NONE, id, nullptr, pairs.data(), pairs.size(), nullptr
  );
}

void H2Session::resume(H2StreamId id) {
  nghttp2_session_resume_data(session_, id);
}

void H2Session::consume(H2StreamId id, std::size_t count) {
  if (count != 0) {
    nghttp2_session_consume(session_, id, count);
  }
}

void H2Session::consumeStream(H2StreamId id, std::size_t count) {
  if (count != 0) {
    nghttp2_session_consume_stream(session_, id, count);
  }
}

void H2Session::consumeConnection(std::size_t count) {
  nghttp2_session_consume_connection(session_, count);
}

void H2Session::reset(H2StreamId id, H2Error reason) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(reason));
}

bool H2Session::receives(H2StreamId id) const {
  return nghttp2_session_get_stream_remote_close(session_, id) == 0;
}

void H2Session::forget(H2StreamId id) {
  nghttp2_session_set_stream_user_data(session_, id, nullptr);
}

void H2Session::announceEnd() {
  nghttp2_submit_shutdown_notice(session_);
}

void H2Session::refuseNew() {
  H2StreamId last = nghttp2_session_get_last_proc_stream_id(session_);
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
}

void H2Session::terminate(H2Error reason, std::string_view problem) {
  nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(reason));
  broken_ = true;
  if (problem_.empty()) {
    problem_ = problem;
  }
}

}  // namespace gatehouse::http
