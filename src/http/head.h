// Message heads (RFC 9110 section 6): start line and field section, without the body. Value types;
// owner's thread only. Heads are kept outside coroutine frames and released when the body starts,
// so that an idle stream holds none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/fields.h"

namespace gatehouse::http {

enum class Method : std::uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
  kOther
};

/// The method's token; kOther has none of its own, see RequestHead::method_text.
std::string_view toString(Method method);
Method methodFrom(std::string_view token);
/// Whether a request with it is taken; one that nobody has registered is a mistake or a trick.
bool isServedMethod(std::string_view token);

enum class Version : std::uint8_t { kHttp10, kHttp11, kHttp2 };

/// "1.0", "1.1", "2".
std::string_view toString(Version version);

using Status = std::uint16_t;

/// Reason phrase of RFC 9110 and its registry; empty for a code without one.
std::string_view reasonPhrase(Status status);

struct RequestHead {
  Method method = Method::kGet;
  std::string method_text{};  // only for kOther
  std::string target{};  // origin form: path and query as received, percent-encoding untouched; "*"
                         // for OPTIONS *
  std::string authority{};  // Host or :authority, with port if one was given; empty if none
  Version version = Version::kHttp11;
  Fields fields{};  // without Host

  std::string_view path() const [[clang::lifetimebound]];   // target before '?'
  std::string_view query() const [[clang::lifetimebound]];  // target after '?', empty if none
  std::string_view methodName() const [[clang::lifetimebound]];
};

struct ResponseHead {
  Status status = 200;
  Version version = Version::kHttp11;
  Fields fields{};
};

}  // namespace gatehouse::http
