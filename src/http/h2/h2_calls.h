// What nghttp2 calls, and how bytes and fields are put for it. Internal to h2_session and h2_calls,
// the only files that know the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "http/fields.h"
#include "http/h2/h2_session.h"

namespace gatehouse::http {

/// The library copies what they view.
using H2Pairs = std::vector<nghttp2_nv>;
void addPair(H2Pairs& pairs, std::string_view name, std::string_view value);
/// All but what HTTP/2 has no place for. A request's credentials enter no table.
void addFields(H2Pairs& pairs, const Fields& fields);

/// Signatures are the library's.
struct H2Session::Calls {
  /// Gives them to the library.
  static void install(nghttp2_session_callbacks* calls);
  /// Reads a body, its owner being the source.
  static ssize_t read(
      nghttp2_session* session,
      H2StreamId id,
      std::uint8_t* space,
      std::size_t most,
      std::uint32_t* flags,
      nghttp2_data_source* source,
      void* user_data
  );

 private:
  static H2Session& self(void* user_data) { return *static_cast<H2Session*>(user_data); }
  static H2Stream* owner(nghttp2_session* session, H2StreamId id) {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static bool isRequest(const H2Session& session, const nghttp2_frame& frame) {
    return session.role_ == H2Role::kServer && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  }

  static int beginFrame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user_data);
  static int beginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data);
  // NOLINTNEXTLINE(readability-function-size): the library's signature
  static int header(
      nghttp2_session* session,
      const nghttp2_frame* frame,
      const std::uint8_t* name,
      std::size_t name_size,
      const std::uint8_t* value,
      std::size_t value_size,
      std::uint8_t flags,
      void* user_data
  );
  static int frameReceived(nghttp2_session* session, const nghttp2_frame* frame, void* user_data);
  static void headersReceived(H2Session& self, const nghttp2_frame& frame);
  static void dataReceived(H2Session& self, const nghttp2_frame& frame);
  static int invalidFrame(nghttp2_session*, const nghttp2_frame*, int error, void* user_data);
  static int data(
      nghttp2_session* session,
      std::uint8_t flags,
      H2StreamId id,
      const std::uint8_t* octets,
      std::size_t size,
      void* user_data
  );
  static int streamClosed(
      nghttp2_session* session, H2StreamId id, std::uint32_t code, void* user_data
  );
  static int sendData(
      nghttp2_session* session,
      nghttp2_frame* frame,
      const std::uint8_t* head,
      std::size_t size,
      nghttp2_data_source* source,
      void* user_data
  );
  static int frameSent(nghttp2_session*, const nghttp2_frame* frame, void* user_data);
  static int frameNotSent(nghttp2_session*, const nghttp2_frame* frame, int error, void* user_data);
};

}  // namespace gatehouse::http
