#include "cli/mock_script.h"

#include <array>
#include <charconv>
#include <span>

#include "base/text.h"
#include "wire/json.h"
#include "wire/yaml.h"

namespace gatehouse::cli {
namespace {

std::unexpected<Error> wrong(std::string_view file, wire::Position at, const std::string& message) {
  return fail(
      ErrorKind::kInvalidConfiguration,
      Origin::kGateway,
      std::string(file) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
          message
  );
}

std::string scalarText(const wire::Value& value) {
  if (value.string() != nullptr) {
    return *value.string();
  }
  if (value.integer() != nullptr) {
    return std::to_string(*value.integer());
  }
  if (value.boolean() != nullptr) {
    return *value.boolean() ? "true" : "false";
  }
  return value.number() != nullptr ? value.number()->text : "";
}

/// "100ms", "2s".
std::optional<Nanos> readDuration(const std::string& text) {
  std::int64_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc() || count < 0) {
    return std::nullopt;
  }
  if (unit == "ms") {
    return Millis(count);
  }
  return unit == "s" ? std::optional<Nanos>(Seconds(count)) : std::nullopt;
}

/// Refuses members that are not in `known`.
Result<void> checkKeys(
    std::string_view file, const wire::Value& object, std::span<const std::string_view> known
) {
  if (!object.isObject()) {
    return wrong(
        file, object.position, "expected an object, found " + std::string(object.typeName())
    );
  }
  for (const wire::Member& member : *object.object()) {
    bool fits = false;
    for (std::string_view name : known) {
      fits = fits || name == member.key;
    }
    if (!fits) {
      auto near = nearestName(member.key, known);
      return wrong(
          file,
          member.key_position,
          "unknown key " + member.key + (near ? ", did you mean " + std::string(*near) + "?" : "")
      );
    }
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> readPairs(const wire::Value* object) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (object != nullptr && object->isObject()) {
    for (const wire::Member& member : *object->object()) {
      pairs.emplace_back(member.key, scalarText(member.value));
    }
  }
  return pairs;
}

Result<Nanos> durationOf(std::string_view file, const wire::Value& respond, std::string_view key) {
  const wire::Value* value = respond.find(key);
  if (value == nullptr) {
    return Nanos(0);
  }
  std::optional<Nanos> read = readDuration(scalarText(*value));
  if (!read) {
    return wrong(file, value->position, std::string(key) + " is a duration such as 20ms or 2s");
  }
  return *read;
}

Result<std::int64_t> integerOf(
    std::string_view file, const wire::Value& object, std::string_view key, std::int64_t otherwise
) {
  const wire::Value* value = object.find(key);
  if (value == nullptr) {
    return otherwise;
  }
  if (value->integer() == nullptr || *value->integer() < 0) {
    return wrong(file, value->position, std::string(key) + " is a whole number from 0");
  }
  return *value->integer();
}

Result<void> readFault(std::string_view file, const wire::Value& respond, MockReply& reply) {
  const wire::Value* fault = respond.find("fault");
  if (fault == nullptr) {
    return {};
  }
  static constexpr std::array<std::string_view, 2> kKeys{"after", "kind"};
  GATEHOUSE_CHECK_OK(checkKeys(file, *fault, kKeys));
  GATEHOUSE_TRY(std::int64_t after, integerOf(file, *fault, "after", 0));
  const wire::Value* kind = fault->find("kind");
  std::string name = kind == nullptr ? "close" : scalarText(*kind);
  if (name != "close" && name != "hang") {
    return wrong(file, kind->position, "kind is close or hang");
  }
  reply.fault = name == "close" ? MockFault::kClose : MockFault::kHang;
  reply.fault_after = static_cast<std::size_t>(after);
  return {};
}

Result<void> readBody(std::string_view file, const wire::Value& respond, MockReply& reply) {
  if (const wire::Value* body = respond.find("body")) {
    reply.pieces = {scalarText(*body)};
  }
  if (const wire::Value* events = respond.find("events")) {
    if (!events->isArray()) {
      return wrong(file, events->position, "events is a list of texts");
    }
    for (const wire::Value& event : *events->array()) {
      reply.pieces.push_back(scalarText(event));
    }
    reply.chunked = true;
  }
  return {};
}

Result<MockReply> readReply(std::string_view file, const wire::Value& respond) {
  static constexpr std::array<std::string_view, 9> kKeys{
      "status", "headers", "body", "events", "echo", "delay", "between", "piece", "fault"
  };
  GATEHOUSE_CHECK_OK(checkKeys(file, respond, kKeys));
  MockReply reply;
  GATEHOUSE_TRY(std::int64_t status, integerOf(file, respond, "status", 200));
  reply.status = static_cast<http::Status>(status);
  reply.fields = readPairs(respond.find("headers"));
  GATEHOUSE_CHECK_OK(readBody(file, respond, reply));
  GATEHOUSE_TRY(reply.delay, durationOf(file, respond, "delay"));
  GATEHOUSE_TRY(reply.between, durationOf(file, respond, "between"));
  GATEHOUSE_CHECK_OK(readFault(file, respond, reply));
  return reply;
}

/// The body in pieces of `size` bytes.
std::vector<std::string> recut(const std::vector<std::string>& pieces, std::size_t size) {
  std::string whole;
  for (const std::string& piece : pieces) {
    whole += piece;
  }
  std::vector<std::string> cut;
  for (std::size_t at = 0; at < whole.size(); at += size) {
    cut.push_back(whole.substr(at, size));
  }
  return cut;
}

}  // namespace

Result<MockScript::Rule> MockScript::readRule(std::string_view file, const wire::Value& value) {
  static constexpr std::array<std::string_view, 3> kKeys{"match", "times", "respond"};
  static constexpr std::array<std::string_view, 4> kMatchKeys{
      "method", "path", "header", "contains"
  };
  GATEHOUSE_CHECK_OK(checkKeys(file, value, kKeys));
  Rule rule;
  if (const wire::Value* match = value.find("match")) {
    GATEHOUSE_CHECK_OK(checkKeys(file, *match, kMatchKeys));
    auto text = [match](std::string_view key) {
      const wire::Value* found = match->find(key);
      return found == nullptr ? std::string() : scalarText(*found);
    };
    rule.method = text("method");
    rule.path = text("path");
    rule.contains = text("contains");
    rule.header = readPairs(match->find("header"));
  }
  if (value.find("times") != nullptr) {
    GATEHOUSE_TRY(rule.times, integerOf(file, value, "times", 0));
  }
  const wire::Value* respond = value.find("respond");
  if (respond == nullptr) {
    return wrong(file, value.position, "a rule needs respond");
  }
  GATEHOUSE_TRY(rule.reply, readReply(file, *respond));
  const wire::Value* echo = respond->find("echo");
  rule.echo = echo != nullptr && echo->boolean() != nullptr && *echo->boolean();
  GATEHOUSE_TRY(std::int64_t piece, integerOf(file, *respond, "piece", 0));
  rule.piece = static_cast<std::size_t>(piece);
  rule.reply.chunked = rule.reply.chunked || rule.piece > 0;
  return rule;
}

Result<MockScript> MockScript::read(std::string_view file, std::string_view text) {
  wire::YamlStream stream = wire::readYaml(text);
  if (!stream.errors.empty()) {
    return wrong(file, stream.errors.front().position, stream.errors.front().message);
  }
  MockScript script;
  for (const wire::Value& document : stream.documents) {
    static constexpr std::array<std::string_view, 1> kKeys{"rules"};
    GATEHOUSE_CHECK_OK(checkKeys(file, document, kKeys));
    const wire::Value* rules = document.find("rules");
    if (rules == nullptr || !rules->isArray()) {
      return wrong(file, document.position, "expected a list under rules");
    }
    for (const wire::Value& value : *rules->array()) {
      GATEHOUSE_TRY(script.rules_.emplace_back(), readRule(file, value));
    }
  }
  return script;
}

bool MockScript::fits(const Rule& rule, const http::RequestHead& head, std::string_view body) {
  if (rule.times == 0 || (!rule.method.empty() && rule.method != head.methodName()) ||
      (!rule.path.empty() && rule.path != head.path())) {
    return false;
  }
  for (const auto& [name, value] : rule.header) {
    if (head.fields.get(name) != value) {
      return false;
    }
  }
  return rule.contains.empty() || body.find(rule.contains) != std::string_view::npos;
}

std::optional<MockReply> MockScript::answer(const http::RequestHead& head, std::string_view body) {
  for (Rule& rule : rules_) {
    if (!fits(rule, head, body)) {
      continue;
    }
    if (rule.times) {
      --*rule.times;
    }
    MockReply reply = rule.reply;
    if (rule.echo) {
      reply.pieces = {std::string(body)};
    }
    if (rule.piece > 0) {
      reply.pieces = recut(reply.pieces, rule.piece);
    }
    return reply;
  }
  return std::nullopt;
}

}  // namespace gatehouse::cli
