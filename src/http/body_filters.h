// Sources over sources, and reading a body whole. Owner's loop only.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "http/body.h"
#include "io/buffer_pool.h"
#include "io/task.h"

namespace gatehouse::http {

/// Hands pieces on until they add up to more than `most` bytes: that pull fails with kBodyTooLarge
/// of `origin`. A body whose declared length is too large fails at the first pull.
std::unique_ptr<BodySource> limitBody(
    std::unique_ptr<BodySource> source, std::uint64_t most, Origin origin
);

/// All that is left of `source` in one pool buffer, with io::kBufferPadding zero bytes behind it.
/// Where the length is known the bytes are received straight into their final place; memory for
/// large bodies is taken as they arrive, not as they are announced. `source` and `pool` outlive the
/// task. Errors: those of the source; kBodyTooLarge (downstream) beyond `most`; kOverloaded or
/// kBodyTooLarge from the pool.
io::Task<Result<Chunk>> readWhole(BodySource& source, std::uint64_t most, io::BufferPool& pool);

}  // namespace gatehouse::http
