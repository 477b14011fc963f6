// Problem details (RFC 9457): what plain HTTP routes answer when something is wrong (D8). Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/head.h"

namespace gatehouse::http {

inline constexpr std::string_view kProblemType = "application/problem+json";

/// Views need to live for the call only. Empty members are left out of the document.
struct Problem {
  std::string_view type = "about:blank";
  Status status = 500;
  std::string_view title{};   // empty: the status's reason phrase
  std::string_view detail{};  // what happened and what to do, for the client
  std::string_view code{};    // stable snake_case name of the cause
  std::string_view request_id{};
};

/// The JSON document.
std::string writeProblem(const Problem& problem);

}  // namespace gatehouse::http
