#include "wire/yaml.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <istream>
#include <iterator>
#include <streambuf>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"
#include "wire/json.h"
#include "wire/json_read.h"
#include "wire/yaml_scalar.h"
#include "wire/yaml_tree.h"

namespace gatehouse::wire {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpace = " \t\r\n";

/// Reads a view without copying it.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin =
        const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): only read
    setg(begin, begin, begin + text.size());
  }
};

std::size_t lineEnd(std::string_view text, std::size_t from) {
  std::size_t end = text.find_first_of("\r\n", from);
  if (end == std::string_view::npos) {
    return text.size();
  }
  return end + (text.substr(end).starts_with("\r\n") ? 2 : 1);
}

bool isMarker(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) && (line.size() == marker.size() ||
                                      std::string_view(" \t\r\n").contains(line[marker.size()]));
}

/// Part of the whole text: from one document marker to the next.
struct Part {
  std::size_t begin;
  std::size_t end;
};

/// Marker lines are markers wherever they stand (YAML 1.2, 9.1.2), so a broken document does not
/// hide the next one.
std::vector<Part> splitDocuments(std::string_view text) {
  std::vector<Part> parts;
  std::size_t begin = 0;
  bool prologue =
      true;  // nothing yet but comments and directives: they belong to the document to come
  for (std::size_t at = 0, next = 0; at < text.size(); at = next) {
    next = lineEnd(text, at);
    std::string_view line = text.substr(at, next - at);
    if (isMarker(line, "---")) {
      if (!prologue) {
        parts.push_back({begin, at});
        begin = at;
      }
      prologue = false;
    } else if (isMarker(line, "...")) {
      parts.push_back({begin, next});
      begin = next;
      prologue = true;
    } else {
      std::string_view content = trim(line);
      prologue &= content.empty() || content.starts_with('#') || line.starts_with('%');
    }
  }
  parts.push_back({begin, text.size()});
  return parts;
}

struct Wording {
  std::string_view parser;
  std::string_view ours;
};

/// The parser's messages that need more words.
constexpr std::array kWordings{
    Wording{
        "illegal map value",
        "':' is not allowed here: is there a key without ':' above, or text that needs quotes?"
    },
    Wording{
        "end of map not found",
        "expected a key with ':' or the end of the block: is the indentation right?"
    },
    Wording{
        "end of sequence not found",
        "expected '- ' or the end of the list: is the indentation right?"
    },
    Wording{"end of sequence flow not found", "expected ',' or ']'"},
    Wording{"end of map flow not found", "expected ',' or '}'"},
    Wording{"illegal block entry", "'- ' is not allowed here: is the indentation right?"},
    Wording{"illegal flow end", "a closing bracket that was never opened"},
    Wording{"illegal EOF in scalar", "a quoted text without its closing quote"},
    Wording{"unknown token", "plain text cannot begin with this character: put it in quotes"},
};

std::string reword(const std::string& message) {
  auto known = std::ranges::find(kWordings, message, &Wording::parser);
  return known == kWordings.end() ? message : std::string(known->ours);
}

/// Feeds one document into its tree. Offsets are those of the whole text, of which the parser sees
/// a part.
class Listener final : public YAML::EventHandler {
 public:
  Listener(std::string_view text, Part part, YamlTree& tree)
      : text_(text.substr(0, part.end)), begin_(part.begin), tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) {
      tree_.fail(offsetOf(mark), "expected the end of the document");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // The parser does not tell a written null from none; none has the mark of what comes next.
    std::size_t offset = offsetOf(mark);
    std::string_view word = text_.substr(offset, text_.substr(offset).starts_with('~') ? 1 : 4);
    auto value = plainScalar(word);
    if (!word.empty() && value && value->isNull()) {
      tree_.scalar(offset, anchor, ScalarStyle::kPlain, word);
    } else {
      tree_.absent(offset, anchor);
    }
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    tree_.alias(offsetOf(mark), anchor);
  }
  void OnScalar(
      const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text
  ) override {
    std::size_t offset = offsetOf(mark);
    checkQuotes(offset);
    tree_.scalar(offset, anchor, styleOf(offset, tag), text);
  }
  void OnSequenceStart(
      const YAML::Mark& mark,
      const std::string& tag,
      YAML::anchor_t anchor,
      YAML::EmitterStyle::value
  ) override {
    checkCollectionTag(offsetOf(mark), tag);
    tree_.startList(offsetOf(mark), anchor);
  }
  void OnSequenceEnd() override { tree_.end(); }
  void OnMapStart(
      const YAML::Mark& mark,
      const std::string& tag,
      YAML::anchor_t anchor,
      YAML::EmitterStyle::value
  ) override {
    checkCollectionTag(offsetOf(mark), tag);
    tree_.startMap(offsetOf(mark), anchor);
  }
  void OnMapEnd() override { tree_.end(); }

  std::size_t offsetOf(const YAML::Mark& mark) const {
    return std::min(text_.size(), begin_ + static_cast<std::size_t>(std::max(mark.pos, 0)));
  }

 private:
  ScalarStyle styleOf(std::size_t offset, std::string_view tag) {
    constexpr std::string_view kStandard = "tag:yaml.org,2002:";
    constexpr std::array<std::string_view, 4> kPlainTags{"null", "bool", "int", "float"};
    if (tag == "?") {
      return ScalarStyle::kPlain;
    }
    std::string_view name = tag.starts_with(kStandard) ? tag.substr(kStandard.size()) : "";
    if (tag != "!" && name != "str" && std::ranges::find(kPlainTags, name) == kPlainTags.end()) {
      tree_.fail(offset, fmt::format("tag '{}' is not supported", printable(tag)));
    }
    return tag == "!" || name == "str" ? ScalarStyle::kQuoted : ScalarStyle::kPlain;
  }

  void checkCollectionTag(std::size_t offset, std::string_view tag) {
    if (tag.size() > 1 && tag != "tag:yaml.org,2002:map" && tag != "tag:yaml.org,2002:seq") {
      tree_.fail(offset, fmt::format("tag '{}' is not supported", printable(tag)));
    }
  }

  /// The parser takes the end of the text for a closing quote.
  void checkQuotes(std::size_t offset) {
    while (offset < text_.size() && (text_[offset] == '&' || text_[offset] == '!')) {
      offset = text_.find_first_not_of(kSpace, text_.find_first_of(kSpace, offset));
    }
    if (offset >= text_.size() || (text_[offset] != '"' && text_[offset] != '\'')) {
      return;
    }
    char quote = text_[offset];
    std::string_view escape =
        quote == '"' ? "\\" : "''";  // two quotes, or a backslash and anything
    std::size_t at = offset + 1;
    while (at < text_.size()) {
      bool escaped = text_.substr(at).starts_with(escape);
      if (!escaped && text_[at] == quote) {
        return;
      }
      at += escaped ? 2 : 1;
    }
    tree_.fail(offset, "a quoted text without its closing quote");
  }

  std::string_view text_;
  std::size_t begin_;
  YamlTree& tree_;
  int documents_ = 0;
};

class StreamReader {
 public:
  StreamReader(std::string_view text, const YamlLimits& limits)
      : text_(text), limits_(limits), lines_(text) {}

  YamlStream run() {
    if (checkText()) {
      for (Part part : splitDocuments(text_)) {
        readPart(part);
      }
    }
    return std::move(stream_);
  }

 private:
  /// What is wrong with the text as a whole.
  bool checkText() {
    if (text_.size() > limits_.max_bytes) {
      return fail(0, fmt::format("larger than {} bytes", limits_.max_bytes));
    }
    std::size_t valid = validUtf8Prefix(text_);
    if (valid < text_.size()) {
      return fail(valid, "not UTF-8");
    }
    auto forbidden = [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') ||
             c == 0x7F;
    };
    auto control = std::ranges::find_if(text_, forbidden);
    if (control != text_.end()) {
      auto code = static_cast<unsigned>(*control);
      return fail(
          static_cast<std::size_t>(control - text_.begin()),
          fmt::format("control character 0x{:02x}", code)
      );
    }
    return true;
  }

  /// JSON is read as such: the YAML parser knows neither its surrogate pairs nor good words for its
  /// errors.
  void readPart(Part part) {
    std::string_view body = text_.substr(part.begin, part.end - part.begin);
    std::size_t first = std::min(body.find_first_not_of(kSpace), body.size());
    if (!body.substr(first).starts_with('{') && !body.substr(first).starts_with('[')) {
      readAsYaml(part);
      return;
    }
    auto value = readJson(body, {.max_bytes = limits_.max_bytes, .max_depth = limits_.max_depth});
    if (value) {
      moveDown(*value, lines_.at(part.begin).line - 1);
      stream_.documents.push_back(*std::move(value));
      return;
    }
    std::size_t errors_before = stream_.errors.size();
    readAsYaml(part);
    std::size_t second = std::min(body.find_first_not_of(kSpace, first + 1), body.size());
    bool meant_as_json = body.substr(second).starts_with('"');
    if (stream_.errors.size() > errors_before && meant_as_json) {
      stream_.errors.resize(errors_before);
      fail(part.begin + value.error().offset, std::move(value.error().message));
    }
  }

  static void moveDown(Value& value, std::uint32_t lines) {
    value.position.line += lines;
    if (Object* members = value.object()) {
      for (Member& member : *members) {
        member.key_position.line += lines;
        moveDown(member.value, lines);
      }
    } else if (Array* items = value.array()) {
      for (Value& item : *items) {
        moveDown(item, lines);
      }
    }
  }

  void readAsYaml(Part part) {
    YamlTree tree(limits_, lines_);
    Listener listener(text_, part, tree);
    ViewBuffer buffer(text_.substr(part.begin, part.end - part.begin));
    std::istream input(&buffer);
    try {
      YAML::Parser parser(input);
      // A second document in one part is an error; some errors would give documents without end.
      for (int left = 2; left > 0 && parser.HandleNextDocument(listener); --left) {
      }
    } catch (const YAML::Exception& error) {
      if (tree.stopped()) {
        stream_.errors.push_back(std::move(tree.errors().back()));
      } else {
        failSyntax(listener.offsetOf(error.mark), reword(error.msg));
      }
      return;
    } catch (const std::exception& error) {
      fail(part.begin, error.what());
      return;
    }
    if (!tree.errors().empty()) {
      std::ranges::move(tree.errors(), std::back_inserter(stream_.errors));
    } else if (!tree.root().isNull()) {
      stream_.documents.push_back(std::move(tree.root()));
    }
  }

  /// The parser trips over tabs in many ways; they are always the reason.
  void failSyntax(std::size_t offset, std::string message) {
    std::size_t line = lines_.offsetOf({lines_.at(offset).line, 1});
    std::size_t indented = std::min(text_.find_first_not_of(" \t", line), text_.size());
    std::size_t tab = text_.substr(0, indented).find('\t', line);
    if (tab != std::string_view::npos) {
      fail(tab, "a tab in the indentation: YAML takes only spaces");
    } else {
      fail(offset, std::move(message));
    }
  }

  bool fail(std::size_t offset, std::string message) {
    stream_.errors.push_back({offset, lines_.at(offset), std::move(message)});
    return false;
  }

  std::string_view text_;
  const YamlLimits& limits_;
  LineIndex lines_;
  YamlStream stream_;
};

}  // namespace

YamlStream readYaml(std::string_view text, const YamlLimits& limits) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  return StreamReader(text, limits).run();
}

}  // namespace gatehouse::wire
