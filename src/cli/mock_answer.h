// What a mock upstream answers where no rule does: as the simulated model and a model list would,
// errors in the dialect of the path.
#pragma once

#include <cstdint>
#include <string_view>

#include "cli/mock_script.h"
#include "http/head.h"

namespace gatehouse::cli {

/// To the request of this number. Never fails: what it has no answer for is a 404 that says what it
/// has answers for.
MockReply answerWithoutRule(
    const http::RequestHead& head, std::string_view body, std::uint64_t number
);

}  // namespace gatehouse::cli
