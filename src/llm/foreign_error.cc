#include "llm/foreign_error.h"

#include <algorithm>

#include "base/text.h"

namespace gatehouse::llm {
namespace {

constexpr std::size_t kCharactersTold = 500;
constexpr std::size_t kLongestCharacter = 4;
constexpr std::size_t kMostBlanks = std::size_t{2} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool isJson(std::string_view media_type) {
  constexpr std::string_view kSuffix = "+json";
  return iequals(media_type, "application/json") ||
         (media_type.size() > kSuffix.size() &&
          iequals(media_type.substr(media_type.size() - kSuffix.size()), kSuffix));
}

/// From the first byte that says something.
std::string_view unblank(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

std::size_t firstCharacter(std::string_view text) {
  for (std::size_t size = 1; size <= std::min(text.size(), kLongestCharacter); ++size) {
    if (validUtf8Prefix(text.substr(0, size)) == size) {
      return size;
    }
  }
  return 1;
}

std::string_view told(std::string_view text) {
  std::size_t size = 0;
  for (std::size_t count = 0; count < kCharactersTold && size < text.size(); ++count) {
    size += firstCharacter(text.substr(size));
  }
  return text.substr(0, size);
}

}  // namespace

bool mayBeForeign(const http::ResponseHead& head) {
  std::string_view coding = trim(head.fields.get("content-encoding").value_or(""));
  if (!coding.empty() && !iequals(coding, "identity")) {
    return false;
  }
  std::string_view type = head.fields.get("content-type").value_or("");
  type = trim(type.substr(0, type.find(';')));
  return !isJson(type) && !iequals(type, "text/event-stream");
}

ForeignText foreignText(std::string_view beginning) {
  std::string_view text = unblank(beginning);
  if (text.empty() || kByteOrderMark.starts_with(text)) {
    return ForeignText::kUnseen;
  }
  return text.front() == '{' || text.front() == '[' ? ForeignText::kJson : ForeignText::kText;
}

bool wantsMore(std::string_view beginning) {
  switch (foreignText(beginning)) {
    case ForeignText::kUnseen:
      return beginning.size() < kMostBlanks;
    case ForeignText::kJson:
      return false;
    case ForeignText::kText:
      break;
  }
  // The last bytes may be a part of a character.
  std::string_view text = unblank(beginning);
  return told(text).size() + kLongestCharacter - 1 > text.size();
}

std::string_view foreignMessage(std::string_view beginning) {
  return trim(told(unblank(beginning)));
}

}  // namespace gatehouse::llm
