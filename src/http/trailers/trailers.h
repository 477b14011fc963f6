// Trailer sections that are passed on (RFC 9110 section 6.5): who takes them, and what may stand in
// them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/fields.h"

namespace gatehouse::http {

/// Whether TE says that trailers are understood.
bool takesTrailers(const Fields& fields);

/// Whether a field of this name may come behind the content: none that frames, routes or
/// authenticates the message, says how to read its content, or is a condition of it.
bool mayTrail(FieldName name);

/// Of the names that Trailer lists those that may trail, as a list; empty if there are none.
std::string trailersIn(const Fields& fields);

/// What of `trailers` is passed on. `announced` is a list of names.
Fields announcedTrailers(const Fields& trailers, std::string_view announced);
Fields allowedTrailers(const Fields& trailers);

/// Appends the last chunk and these behind it (RFC 9112 section 7.1.2).
void writeLastChunk(std::string& out, const Fields& trailers);

}  // namespace gatehouse::http
