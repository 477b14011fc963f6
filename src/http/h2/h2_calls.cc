#include "http/h2/h2_calls.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "http/h1_write.h"

namespace gatehouse::http {
namespace {

// From this size on a piece of a body is lent, not copied.
constexpr std::size_t kLentFrom = 4096;
// Octets of one field section, unpacked, at which a peer is up to something: a section over its
// limit is refused long before, but has to be unpacked to the end all the same.
constexpr std::size_t kUnpackedAtMost = 1U << 20;

// RFC 9113 section 4.2. The library sees to it, but takes a CONTINUATION of any size.
constexpr std::size_t kLargestFrame = 1U << 14;

// What differs in every message has no place in the peer's table, and neither has a secret
// (RFC 7541 section 7.1.3).
constexpr FieldSet kNotIndexed = {
    "request-id",
    "x-request-id",
    "x-gatehouse-request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "cf-ray",
    "set-cookie",
    "traceparent",
    "authorization",
    "api-key",
    "x-api-key",
    "x-goog-api-key",
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

void addPair(H2Pairs& pairs, std::string_view name, std::string_view value) {
  pairs.push_back(pairOf(name, value, NGHTTP2_NV_FLAG_NONE));
}

void addFields(H2Pairs& pairs, const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    FieldId id = fields.idAt(i);
    if (!kDecidedByWriter.has(id)) {
      Fields::Field field = fields.at(i);
      std::uint8_t flags = kNotIndexed.has(id) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
      pairs.push_back(pairOf(field.name, field.value, flags));
    }
  }
}

void H2Session::Calls::install(nghttp2_session_callbacks* calls) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(calls, beginFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(calls, beginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(calls, header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(calls, frameReceived);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, invalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, data);
  nghttp2_session_callbacks_set_on_stream_close_callback(calls, streamClosed);
  nghttp2_session_callbacks_set_send_data_callback(calls, sendData);
  nghttp2_session_callbacks_set_on_frame_send_callback(calls, frameSent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(calls, frameNotSent);
}

int H2Session::Calls::beginFrame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user_data) {
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

int H2Session::Calls::beginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  H2Session& session = self(user_data);
  session.section_ = 0;
  if (isRequest(session, *frame)) {
    ++session.open_;
    session.newest_ = std::max(session.newest_, frame->hd.stream_id);
    session.events_.onHead();
  } else if (session.role_ == H2Role::kClient) {
    session.events_.onHead();
  }
  return 0;
}

// NOLINTNEXTLINE(readability-function-size): the library's signature
int H2Session::Calls::header(
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
  if (isRequest(it, *frame)) {
    it.events_.onField(textOf(name, name_size), textOf(value, value_size));
  } else if (H2Stream* stream = owner(session, frame->hd.stream_id)) {
    stream->onField(textOf(name, name_size), textOf(value, value_size));
  }
  return 0;
}

void H2Session::Calls::headersReceived(H2Session& self, const nghttp2_frame& frame) {
  H2StreamId id = frame.hd.stream_id;
  bool ended = endsStream(frame);
  if (isRequest(self, frame)) {
    H2Stream* stream = self.events_.onHeadEnd(id, ended);
    nghttp2_session_set_stream_user_data(self.session_, id, stream);
  } else if (H2Stream* stream = owner(self.session_, id)) {
    stream->onSectionEnd(ended);
  }
}

void H2Session::Calls::dataReceived(H2Session& self, const nghttp2_frame& frame) {
  if (endsStream(frame)) {
    if (H2Stream* stream = owner(self.session_, frame.hd.stream_id)) {
      stream->onEnd();
    }
  } else if (frame.hd.length == frame.data.padlen) {
    self.events_.onIdleFrame(H2Idle::kEmptyData);
  }
}

int H2Session::Calls::frameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  H2Session& it = self(user_data);
  bool is_answer = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      headersReceived(it, *frame);
      break;
    case NGHTTP2_DATA:
      dataReceived(it, *frame);
      break;
    case NGHTTP2_PING:
      if (is_answer) {
        it.events_.onPong();
      }
      break;
    case NGHTTP2_SETTINGS:
      if (!is_answer) {
        it.events_.onSettings();
      }
      break;
    case NGHTTP2_GOAWAY:
      it.events_.onGoaway(static_cast<H2Error>(frame->goaway.error_code));
      break;
    default:
      break;
  }
  return 0;
}

// What makes this side reset a stream costs as much as a reset by the peer.
int H2Session::Calls::invalidFrame(
    nghttp2_session*, const nghttp2_frame*, int /*error*/, void* user_data
) {
  self(user_data).events_.onIdleFrame(H2Idle::kReset);
  return 0;
}

int H2Session::Calls::data(
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

int H2Session::Calls::streamClosed(
    nghttp2_session* session, H2StreamId id, std::uint32_t code, void* user_data
) {
  H2Session& it = self(user_data);
  GATEHOUSE_INVARIANT(it.open_ != 0);
  --it.open_;
  bool never_sent = std::exchange(it.unsent_, 0) == id;
  if (H2Stream* stream = owner(session, id)) {
    stream->onClosed(never_sent ? H2Error::kRefusedStream : static_cast<H2Error>(code));
  }
  return 0;
}

// NOLINTNEXTLINE(readability-function-size): the library's signature
ssize_t H2Session::Calls::read(
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
  if (!body.last || size != body.bytes.size() || !body.more.empty()) {
    return static_cast<ssize_t>(size);
  }
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (body.trailers != nullptr) {
    H2Pairs pairs;
    addFields(pairs, *body.trailers);
    if (nghttp2_submit_trailer(session, id, pairs.data(), pairs.size()) == 0) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    }
  }
  return static_cast<ssize_t>(size);
}

int H2Session::Calls::sendData(
    nghttp2_session* /*session*/,
    nghttp2_frame* frame,
    const std::uint8_t* head,
    std::size_t size,
    nghttp2_data_source* source,
    void* user_data
) {
  constexpr std::size_t kFrameHead = 9;
  H2Session& it = self(user_data);
  H2Outgoing& body = *static_cast<H2Outgoing*>(source->ptr);
  std::string_view bytes = body.bytes.substr(0, size);
  it.out_->put(textOf(head, kFrameHead));
  size < kLentFrom ? it.out_->put(bytes) : it.out_->lend(bytes);
  body.take(size);
  ++it.data_frames_;
  it.useful_ += size;
  body.ended = body.last && body.bytes.empty();
  if (body.ended && body.reset && it.receives(frame->hd.stream_id)) {
    it.reset(frame->hd.stream_id, *body.reset);
  }
  if (body.waiting != nullptr && body.framed()) {
    body.waiting->wake();
  }
  return it.out_->size() < it.most_ ? 0 : NGHTTP2_ERR_PAUSE;
}

int H2Session::Calls::frameSent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
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
  } else if (it.role_ == H2Role::kServer && frame->goaway.last_stream_id == kAnyStream) {
    // Pings go first, so that one handed over together with the notice would not follow it.
    nghttp2_submit_ping(it.session_, NGHTTP2_FLAG_NONE, nullptr);
  }
  return 0;
}

// A head that is too large for the library would otherwise never end its stream. A request that may
// not be sent any more closes its stream right behind this.
int H2Session::Calls::frameNotSent(
    nghttp2_session*, const nghttp2_frame* frame, int error, void* user_data
) {
  H2Session& it = self(user_data);
  bool has_stream = error != NGHTTP2_ERR_STREAM_CLOSED && error != NGHTTP2_ERR_STREAM_CLOSING &&
                    error != NGHTTP2_ERR_STREAM_SHUT_WR;
  if (frame->hd.type != NGHTTP2_HEADERS) {
    return 0;
  }
  if (it.role_ == H2Role::kClient && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    bool too_late =
        error == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED || error == NGHTTP2_ERR_SESSION_CLOSING;
    it.unsent_ = too_late ? frame->hd.stream_id : 0;
  } else if (has_stream) {
    it.reset(frame->hd.stream_id, H2Error::kInternalError);
  }
  return 0;
}

}  // namespace gatehouse::http
