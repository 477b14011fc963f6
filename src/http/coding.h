// Content codings (RFC 9110 section 8.4): request bodies are decoded from gzip, deflate, br, zstd,
// and what is ours may be coded by gzip. Boundary of zlib, brotli and zstd: no other file knows
// them. Owner's loop only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/fields.h"
#include "io/reactor.h"

namespace gatehouse::http {

enum class Coding : std::uint8_t { kIdentity, kGzip, kDeflate, kBrotli, kZstd };
/// As Content-Encoding says it: "identity", "gzip", "deflate", "br", "zstd".
std::string_view toString(Coding coding);

/// For the Accept-Encoding of a 415 (RFC 9110 section 15.5.16).
inline constexpr std::string_view kDecodedCodings = "gzip, deflate, br, zstd";

/// How the content of a message with these fields is coded; kIdentity when nothing is said. Nothing
/// for what is not decoded here: another coding, or more than one.
std::optional<Coding> codingOf(const Fields& fields);

/// The content of `source`, which is coded by `coding`; its length is unknown. `source` may have at
/// most `most` coded bytes. Lets others run after each MiB. At most 8 MiB (zstd) or 16 MiB (br) are
/// held for what the content refers back to. `source` and `reactor` outlive the result. Errors, all
/// downstream: those of `source`; kBadRequest for what is not coded so, ends early or goes on
/// behind its end; kBodyTooLarge beyond `most`.
std::unique_ptr<BodySource> decodeBody(
    BodySource& source, Coding coding, std::uint64_t most, io::Reactor& reactor
);

/// Whether the sender of these fields takes a reply in gzip at least as gladly as one that is not
/// coded (RFC 9110 section 12.5.3).
bool prefersGzip(const Fields& fields);
/// One member of gzip (RFC 1952); empty when there is no memory for it. Blocks: not for large
/// texts.
std::string gzip(std::string_view text);

}  // namespace gatehouse::http
