// Findings: what is wrong or noteworthy in what users wrote, with its exact place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
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

  bool operator==(const Finding&) const = default;
};

/// `file:line:column: severity: Kind ns/name: field.path: message`; parts that are unknown are left
/// out.
std::string toString(const Finding& finding);

/// Errors among `findings`.
std::size_t countErrors(const std::vector<Finding>& findings);

/// Orders by file, then position, then message, so that output is stable.
void sortFindings(std::vector<Finding>& findings);

/// Where the findings of one object go. Owner's thread only; `out` must outlive it.
class FindingSink {
 public:
  FindingSink(std::string file, ObjectKey object, bool strict, std::vector<Finding>& out)
      : file_(std::move(file)), object_(std::move(object)), out_(out), strict_(strict) {}

  void error(Position at, std::string field, std::string message);
  void warning(Position at, std::string field, std::string message);
  /// A warning, or an error under --strict: unknown fields and the like (D5).
  void lapse(Position at, std::string field, std::string message);

  /// Whether an error was reported.
  bool failed() const { return failed_; }
  const std::string& file() const [[clang::lifetimebound]] { return file_; }
  const ObjectKey& object() const [[clang::lifetimebound]] { return object_; }

 private:
  void add(Severity severity, Position at, std::string field, std::string message);

  std::string file_;
  ObjectKey object_;
  std::vector<Finding>& out_;
  bool strict_;
  bool failed_ = false;
};

}  // namespace gatehouse::resource
