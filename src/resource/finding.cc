#include "resource/finding.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gatehouse::resource {

std::string_view toString(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kInfo:
      return "info";
  }
  return "";
}

std::string toString(const Finding& finding) {
  std::string text = toString(Source{finding.file, finding.position});
  const auto append = [&text](std::string_view part) {
    if (!part.empty()) {
      text.append(text.empty() ? "" : ": ").append(part);
    }
  };
  append(toString(finding.severity));
  append(toString(finding.object));
  append(finding.field);
  append(finding.message);
  return text;
}

std::size_t countErrors(const std::vector<Finding>& findings) {
  return static_cast<std::size_t>(std::ranges::count(findings, Severity::kError, &Finding::severity)
  );
}

void sortFindings(std::vector<Finding>& findings) {
  const auto place = [](const Finding& f) {
    return std::tie(f.file, f.position.line, f.position.column, f.field, f.message);
  };
  std::ranges::sort(findings, [&](const Finding& a, const Finding& b) {
    return place(a) < place(b);
  });
}

void FindingSink::error(Position at, std::string field, std::string message) {
  failed_ = true;
  add(Severity::kError, at, std::move(field), std::move(message));
}

void FindingSink::warning(Position at, std::string field, std::string message) {
  add(Severity::kWarning, at, std::move(field), std::move(message));
}

void FindingSink::lapse(Position at, std::string field, std::string message) {
  if (strict_) {
    error(at, std::move(field), std::move(message));
  } else {
    warning(at, std::move(field), std::move(message));
  }
}

void FindingSink::add(Severity severity, Position at, std::string field, std::string message) {
  out_.push_back(
      {.severity = severity,
       .file = file_,
       .position = at,
       .object = object_,
       .field = std::move(field),
       .message = std::move(message)}
  );
}

}  // namespace gatehouse::resource
