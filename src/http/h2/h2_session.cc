#include "http/h2/h2_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/check.h"
#include "http/h1_write.h"

namespace gatehouse::http {
namespace {

// From this size on a piece of a body is lent, not copied.
constexpr std::size_t kLentFrom = 4096;
// Octets of one field section, unpacked, at which a client is up to something: a section over its
// limit is refused long before, but has to be unpacked to the end all the same.
constexpr std::size_t kUnpackedAtMost = 1U << 20;
// Behind our own rule for resets.
constexpr std::uint64_t kResetBurst = 4000;
constexpr std::uint64_t kResetsPerSecond = 400;
constexpr std::size_t kReplySection = 256U << 10;
constexpr std::size_t kFrameHead = 9;
constexpr std::size_t kPreface = 24;
// RFC 9113 section 4.2. The library sees to it, but takes a CONTINUATION of any size.
constexpr std::size_t kLargestFrame = 1U << 14;
// The library ends the connection of a client that opens more streams than it was told, where
// RFC 9113 section 5.1.2 asks for an error of the stream. So it holds clients to no limit: ours
// stands in the frame alone, as the first setting.
constexpr std::uint32_t kNoLimit = 0xffffffff;
constexpr std::size_t kLimitAt = kFrameHead + 2;

// What differs in every reply has no place in the client's table.
constexpr FieldSet kNeverTheSame = {
    "request-id",
    "x-request-id",
    "x-gatehouse-request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "cf-ray",
    "set-cookie",
};

std::string_view textOf(const std::uint8_t* octets, std::size_t size) {
  return {reinterpret_cast<const char*>(octets), size};
}

// The library copies both, and writes to neither.
nghttp2_nv pairOf(std::string_view name, std::string_view value, std::uint8_t flags) {
  auto octets = [](std::string_view text) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the library's type for what it reads
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {octets(name), octets(value), name.size(), value.size(), flags};
}

void addFields(std::vector<nghttp2_nv>& pairs, const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    FieldId id = fields.idAt(i);
    if (!kDecidedByWriter.has(id)) {
      Fields::Field field = fields.at(i);
      std::uint8_t flags = kNeverTheSame.has(id) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
      pairs.push_back(pairOf(field.name, field.value, flags));
    }
  }
}

std::string_view problemOf(std::uint32_t code) {
  switch (code) {
    case NGHTTP2_FLOW_CONTROL_ERROR:
      return "h2_flow_control";
    case NGHTTP2_FRAME_SIZE_ERROR:
      return "h2_frame_size";
    case NGHTTP2_COMPRESSION_ERROR:
      return "h2_compression";
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return "h2_flood";
    default:
      return "h2_protocol";
  }
}

bool endsStream(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

// What the library calls.
struct H2Session::Calls {
  static H2Session& self(void* user_data) { return *static_cast<H2Session*>(user_data); }
  static H2Stream* owner(nghttp2_session* session, H2StreamId id) {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int beginFrame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user_data) {
    bool is_answer = (frame->flags & NGHTTP2_FLAG_ACK) != 0;
    switch (frame->type) {
      case NGHTTP2_SETTINGS:
      case NGHTTP2_PING:
        if (!is_answer) {
          self(user_data).events_.onIdleFrame(H2Idle::kControl);
        }
        break;
      case NGHTTP2_PRIORITY:
        self(user_data).events_.onIdleFrame(H2Idle::kControl);
        break;
      case NGHTTP2_WINDOW_UPDATE:
        self(user_data).events_.onIdleFrame(H2Idle::kWindowUpdate);
        break;
      case NGHTTP2_RST_STREAM:
        self(user_data).events_.onIdleFrame(H2Idle::kReset);
        break;
      case NGHTTP2_HEADERS:
        if (self(user_data).isUnexpected(frame->stream_id)) {
          self(user_data).terminate(H2Error::kProtocolError, "h2_protocol");
          return NGHTTP2_ERR_CALLBACK_FAILURE;
        }
        break;
      case NGHTTP2_CONTINUATION:
        if (frame->length > kLargestFrame) {
          self(user_data).terminate(H2Error::kFrameSizeError, "h2_frame_size");
          return NGHTTP2_ERR_CALLBACK_FAILURE;
        }
        break;
      default:
        break;
    }
    return 0;
  }

  static int beginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    H2Session& session = self(user_data);
    session.section_ = 0;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      ++session.open_;
      session.newest_ = std::max(session.newest_, frame->hd.stream_id);
      session.events_.onHead();
    }
    return 0;
  }

  // NOLINTNEXTLINE(readability-function-size): the library's signature
  static int header(
      nghttp2_session* session,
      const nghttp2_frame* frame,
      const std::uint8_t* name,
      std::size_t name_size,
      const std::uint8_t* value,
      std::size_t value_size,
      std::uint8_t /*flags*/,
      void* user_data
  ) {
    H2Session& it = self(user_data);
    it.section_ += name_size + value_size;
    it.useful_ += name_size + value_size;
    if (it.section_ > kUnpackedAtMost) {
      it.terminate(H2Error::kEnhanceYourCalm, "h2_head_flood");
      return 0;
    }
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      it.events_.onField(textOf(name, name_size), textOf(value, value_size));
    } else if (H2Stream* stream = owner(session, frame->hd.stream_id)) {
      stream->onTrailer(textOf(name, name_size), textOf(value, value_size));
    }
    return 0;
  }

  static void headersReceived(H2Session& self, const nghttp2_frame& frame) {
    H2StreamId id = frame.hd.stream_id;
    bool ended = endsStream(frame);
    if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
      H2Stream* stream = self.events_.onHeadEnd(id, ended);
      nghttp2_session_set_stream_user_data(self.session_, id, stream);
    } else if (H2Stream* stream = owner(self.session_, id)) {
      ended ? stream->onEnd() : stream->onNoEnd();
    }
  }

  static int frameReceived(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    H2Session& it = self(user_data);
    if (frame->hd.type == NGHTTP2_HEADERS) {
      headersReceived(it, *frame);
    } else if (frame->hd.type == NGHTTP2_DATA) {
      bool empty = frame->hd.length == frame->data.padlen;
      if (endsStream(*frame)) {
        if (H2Stream* stream = owner(session, frame->hd.stream_id)) {
          stream->onEnd();
        }
      } else if (empty) {
        it.events_.onIdleFrame(H2Idle::kEmptyData);
      }
    } else if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      it.events_.onPong();
    }
    return 0;
  }

  // What makes this side reset a stream costs as much as a reset by the client.
  static int invalidFrame(nghttp2_session*, const nghttp2_frame*, int /*error*/, void* user_data) {
    self(user_data).events_.onIdleFrame(H2Idle::kReset);
    return 0;
  }

  static int data(
      nghttp2_session* session,
      std::uint8_t /*flags*/,
      H2StreamId id,
      const std::uint8_t* octets,
      std::size_t size,
      void* user_data
  ) {
    self(user_data).useful_ += size;
    if (H2Stream* stream = owner(session, id)) {
      stream->onData(textOf(octets, size));
    } else {
      nghttp2_session_consume_connection(session, size);
    }
    return 0;
  }

  static int streamClosed(
      nghttp2_session* session, H2StreamId id, std::uint32_t code, void* user_data
  ) {
    H2Session& it = self(user_data);
    GATEHOUSE_INVARIANT(it.open_ != 0);
    --it.open_;
    if (H2Stream* stream = owner(session, id)) {
      stream->onClosed(static_cast<H2Error>(code));
    }
    return 0;
  }

  // NOLINTNEXTLINE(readability-function-size): the library's signature
  static ssize_t read(
      nghttp2_session* session,
      H2StreamId id,
      std::uint8_t* /*space*/,
      std::size_t most,
      std::uint32_t* flags,
      nghttp2_data_source* source,
      void* /*user_data*/
  ) {
    const H2Outgoing& body = *static_cast<H2Outgoing*>(source->ptr);
    std::size_t size = std::min(most, body.bytes.size());
    if (size == 0 && !body.last) {
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!body.last || size != body.bytes.size()) {
      return static_cast<ssize_t>(size);
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (body.trailers != nullptr) {
      std::vector<nghttp2_nv> pairs;
      addFields(pairs, *body.trailers);
      if (nghttp2_submit_trailer(session, id, pairs.data(), pairs.size()) == 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      }
    }
    return static_cast<ssize_t>(size);
  }

  static int sendData(
      nghttp2_session* /*session*/,
      nghttp2_frame* frame,
      const std::uint8_t* head,
      std::size_t size,
      nghttp2_data_source* source,
      void* user_data
  ) {
    H2Session& it = self(user_data);
    H2Outgoing& body = *static_cast<H2Outgoing*>(source->ptr);
    std::string_view bytes = body.bytes.substr(0, size);
    it.out_->put(textOf(head, kFrameHead));
    size < kLentFrom ? it.out_->put(bytes) : it.out_->lend(bytes);
    body.bytes.remove_prefix(size);
    ++it.data_frames_;
    it.useful_ += size;
    body.ended = body.last && body.bytes.empty();
    if (body.ended && body.reset && it.receives(frame->hd.stream_id)) {
      it.reset(frame->hd.stream_id, *body.reset);
    }
    if (body.waiting != nullptr && body.bytes.empty() && body.last == body.ended) {
      body.waiting->wake();
    }
    return it.out_->size() < it.most_ ? 0 : NGHTTP2_ERR_PAUSE;
  }

  static int frameSent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    constexpr H2StreamId kAnyStream = 0x7fffffff;
    H2Session& it = self(user_data);
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      it.cut_[it.cuts_++ % it.cut_.size()] = frame->hd.stream_id;
    }
    if (frame->hd.type != NGHTTP2_GOAWAY) {
      return 0;
    }
    if (frame->goaway.error_code != NGHTTP2_NO_ERROR) {
      it.problem_ = it.problem_.empty() ? problemOf(frame->goaway.error_code) : it.problem_;
    } else if (frame->goaway.last_stream_id == kAnyStream) {
      // Pings go first, so that one handed over together with the notice would not follow it.
      nghttp2_submit_ping(it.session_, NGHTTP2_FLAG_NONE, nullptr);
    }
    return 0;
  }

  // A head that is too large for the library would otherwise never end its stream.
  static int frameNotSent(
      nghttp2_session*, const nghttp2_frame* frame, int error, void* user_data
  ) {
    bool has_stream = error != NGHTTP2_ERR_STREAM_CLOSED && error != NGHTTP2_ERR_STREAM_CLOSING &&
                      error != NGHTTP2_ERR_STREAM_SHUT_WR;
    if (frame->hd.type == NGHTTP2_HEADERS && has_stream) {
      self(user_data).reset(frame->hd.stream_id, H2Error::kInternalError);
    }
    return 0;
  }
};

H2Session::H2Session(const H2Limits& limits, H2SessionEvents& events)
    : events_(events), meter_(kPreface), limit_(limits.streams) {
  nghttp2_session_callbacks* calls = nullptr;
  nghttp2_option* options = nullptr;
  bool made = nghttp2_session_callbacks_new(&calls) == 0 && nghttp2_option_new(&options) == 0;
  GATEHOUSE_INVARIANT(made);
  nghttp2_session_callbacks_set_on_begin_frame_callback(calls, Calls::beginFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(calls, Calls::beginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(calls, Calls::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(calls, Calls::frameReceived);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, Calls::invalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, Calls::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(calls, Calls::streamClosed);
  nghttp2_session_callbacks_set_send_data_callback(calls, Calls::sendData);
  nghttp2_session_callbacks_set_on_frame_send_callback(calls, Calls::frameSent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(calls, Calls::frameNotSent);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  // What messages may say is checked above, in words of ours.
  nghttp2_option_set_no_http_messaging(options, 1);
  nghttp2_option_set_max_continuations(options, limits.continuations);
  nghttp2_option_set_stream_reset_rate_limit(options, kResetBurst, kResetsPerSecond);
  nghttp2_option_set_max_send_header_block_length(options, kReplySection);
  made = nghttp2_session_server_new2(&session_, calls, this, options) == 0;
  GATEHOUSE_INVARIANT(made);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(calls);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kNoLimit},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.field_section},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
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
    std::string_view frame = textOf(bytes, static_cast<std::size_t>(size));
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
  std::array<char, 3> status;
  std::to_chars(status.data(), status.data() + status.size(), reply.head.status);
  std::array<char, 20> length;
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(fields.size() + 3);
  pairs.push_back(pairOf(":status", {status.data(), status.size()}, NGHTTP2_NV_FLAG_NONE));
  addFields(pairs, fields);
  if (!reply.date.empty() && !fields.has("date")) {
    pairs.push_back(pairOf("date", reply.date, NGHTTP2_NV_FLAG_NONE));
  }
  if (reply.length) {
    const char* end = std::to_chars(length.begin(), length.end(), *reply.length).ptr;
    std::string_view text(length.data(), static_cast<std::size_t>(end - length.data()));
    pairs.push_back(pairOf("content-length", text, NGHTTP2_NV_FLAG_NONE));
  }
  nghttp2_data_provider provider{.source = {.ptr = reply.body}, .read_callback = Calls::read};
  nghttp2_submit_response(
      session_, id, pairs.data(), pairs.size(), reply.body == nullptr ? nullptr : &provider
  );
}

void H2Session::inform(H2StreamId id, const ResponseHead& head) {
  std::array<char, 3> status;
  std::to_chars(status.data(), status.data() + status.size(), head.status);
  std::vector<nghttp2_nv> pairs;
  pairs.push_back(pairOf(":status", {status.data(), status.size()}, NGHTTP2_NV_FLAG_NONE));
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
