#include "base/log_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"

namespace gatehouse {
namespace {

bool needsQuotes(std::string_view text) {
  auto is_plain = [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; };
  return text.empty() || !std::ranges::all_of(text, is_plain);
}

}  // namespace

LogLine::LogLine(LogFormat format, std::string& out) : out_(out), format_(format) {
  if (format_ == LogFormat::kJson) {
    out_ += '{';
  }
}

LogLine& LogLine::add(std::string_view key, std::string_view value) {
  startField(key);
  if (format_ == LogFormat::kText && !needsQuotes(value)) {
    out_ += value;
    return *this;
  }
  appendQuoted(out_, value);
  return *this;
}

LogLine& LogLine::addBare(std::string_view key, std::string_view value) {
  startField(key);
  out_ += value;
  return *this;
}

LogLine& LogLine::addSigned(std::string_view key, std::int64_t value) {
  std::array<char, 24> text{};
  char* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return addBare(key, std::string_view(text.data(), end));
}

LogLine& LogLine::addUnsigned(std::string_view key, std::uint64_t value) {
  std::array<char, 24> text{};
  char* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return addBare(key, std::string_view(text.data(), end));
}

void LogLine::startField(std::string_view key) {
  bool json = format_ == LogFormat::kJson;
  if (!first_) {
    out_ += json ? ',' : ' ';
  }
  first_ = false;
  if (json) {
    out_ += '"';
  }
  out_ += key;
  out_ += json ? "\":" : "=";
}

void LogLine::end() {
  out_ += format_ == LogFormat::kJson ? "}\n" : "\n";
}

}  // namespace gatehouse
