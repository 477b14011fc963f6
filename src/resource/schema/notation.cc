#include "resource/schema/notation.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "resource/schema/expression.h"

namespace gatehouse::resource {
namespace {

using TypePtr = std::shared_ptr<const Type>;

struct Line {
  std::size_t indent = 0;
  std::string_view text;
};

/// A kind or shared type before it is parsed: its first line and the lines below.
struct Definition {
  std::string_view head;
  std::vector<Line> body;
};

/// Parses all definitions, each shared type once.
class NotationParser {
 public:
  explicit NotationParser(std::span<const std::string_view> tables) {
    for (const std::string_view table : tables) {
      collect(table);
    }
  }

  std::vector<KindSchema> parse() {
    std::vector<KindSchema> kinds;
    for (const Definition& definition : kinds_) {
      kinds.push_back(parseKind(definition));
    }
    return kinds;
  }

 private:
  void collect(std::string_view table) {
    Definition* current = nullptr;
    while (!table.empty()) {
      const std::size_t end = table.find('\n');
      const std::string_view line = table.substr(0, end);
      table = end == std::string_view::npos ? std::string_view() : table.substr(end + 1);
      if (trimSpaces(line).empty()) {
        continue;
      }
      if (line.starts_with("== ")) {
        current = &kinds_.emplace_back(Definition{.head = line, .body = {}});
      } else if (line.starts_with('@')) {
        const std::string_view name = line.substr(1, line.find(' ') - 1);
        current = &shared_[name];
        if (!current->head.empty()) {
          schemaFault("defined twice", line);
        }
        current->head = line;
      } else if (current != nullptr && !(line.starts_with('#') && current->head.starts_with('@'))) {
        current->body.push_back({.indent = line.find_first_not_of(' '), .text = trimSpaces(line)});
      }
    }
  }

  KindSchema parseKind(const Definition& definition) {
    const auto words = splitTrimmed(definition.head, ' ');  // == Kind group/versions scope ==
    if (words.size() != 5) {
      schemaFault("kind", definition.head);
    }
    const std::size_t slash = words[2].find('/');
    const bool core = slash == std::string_view::npos;
    KindSchema kind;
    kind.kind = words[1];
    kind.group = core ? "" : words[2].substr(0, slash);
    for (const std::string_view version :
         splitTrimmed(core ? words[2] : words[2].substr(slash + 1), ',')) {
      kind.versions.emplace_back(version);
    }
    kind.scope = words[3] == "cluster" ? Scope::kCluster : Scope::kNamespaced;
    auto type = std::make_shared<Type>();
    type->kind = Type::Kind::kObject;
    addField(*type, "apiVersion!: str");
    addField(*type, "kind!: str");
    addField(*type, "metadata!: @Meta");
    addField(*type, "status: any");
    std::size_t next = 0;
    parseFields(*type, definition.body, next, 0);
    kind.type = std::move(type);
    return kind;
  }

  void addField(Type& type, std::string_view text) {
    const std::vector<Line> lines{{.indent = 0, .text = text}};
    std::size_t next = 0;
    parseFields(type, lines, next, 0);
  }

  TypePtr shared(std::string_view name) {
    if (const auto known = parsed_.find(name); known != parsed_.end()) {
      if (known->second == nullptr) {
        schemaFault("refers to itself", name);
      }
      return known->second;
    }
    const auto found = shared_.find(name);
    if (found == shared_.end()) {
      schemaFault("no such shared type", name);
    }
    parsed_[name] = nullptr;
    const Definition& definition = found->second;
    std::string_view rest = definition.head.substr(name.size() + 1);
    TypePtr result;
    if (rest.starts_with(" = ")) {
      rest.remove_prefix(3);
      result = takeTypeExpression(rest, find_).type;
    } else {
      auto type = std::make_shared<Type>();
      type->kind = Type::Kind::kObject;
      if (rest.starts_with(" // ")) {
        addRules(*type, rest.substr(4));
      }
      std::size_t next = 0;
      parseFields(*type, definition.body, next, 2);
      if (next != definition.body.size()) {
        schemaFault("indentation", definition.body[next].text);
      }
      result = std::move(type);
    }
    return parsed_[name] = result;
  }

  /// Fields at `indent` from line `next` on; leaves `next` at the first line that is not theirs.
  void parseFields(
      Type& type, const std::vector<Line>& lines, std::size_t& next, std::size_t indent
  ) {
    std::string doc;
    while (next < lines.size() && lines[next].indent == indent) {
      std::string_view text = lines[next++].text;
      if (text.starts_with('#')) {
        doc = trimSpaces(text.substr(1));
        continue;
      }
      Field field = takeFieldName(text);
      field.doc = std::exchange(doc, {});
      TypeExpression expression = takeTypeExpression(text, find_);
      if (trimSpaces(text).starts_with("//")) {
        Type& ruled = expression.block ? *expression.block : *expression.type;
        addRules(ruled, trimSpaces(text).substr(2));
      }
      if (expression.block) {
        parseFields(*expression.block, lines, next, indent + 2);
      }
      field.type = std::move(expression.type);
      field.default_text = std::move(expression.default_text);
      type.fields.push_back(std::move(field));
    }
    if (next < lines.size() && lines[next].indent > indent) {
      schemaFault("indentation", lines[next].text);
    }
  }

  std::vector<Definition> kinds_;
  FindSharedType find_ = [this](std::string_view name) { return shared(name); };
  std::map<std::string_view, Definition> shared_;
  std::map<std::string_view, TypePtr> parsed_;
};

}  // namespace

std::vector<KindSchema> parseNotation(std::span<const std::string_view> tables) {
  return NotationParser(tables).parse();
}

}  // namespace gatehouse::resource
