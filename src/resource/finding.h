// Findings: what is wrong or noteworthy in what users wrote, with its exact place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resource/meta.h"

namespace gatehouse::resource {

enum class Severity : std::uint8_t { kError, kWarning, kInfo };

std::string_view toString(Severity severity);

/// One finding. `object` is empty when the text could not be read as an object, `field` when no one
/// field is at fault. Never holds the value of a sensitive field.
struct Finding {
  Severity severity = Severity::kError;
  std::string file;
  Position position;
  ObjectKey object;
  std::string field;    // spec.rules[0].matches[1].path.value
  std::string message;  // what is wrong, what was expected, the nearest valid name
};

/// `file:line:column: severity: Kind ns/name: field.path: message`; parts that are unknown are left
/// out.
std::string toString(const Finding& finding);

/// Errors among `findings`.
std::size_t countErrors(const std::vector<Finding>& findings);

/// Orders by file, then position, then message, so that output is stable.
void sortFindings(std::vector<Finding>& findings);

}  // namespace gatehouse::resource
