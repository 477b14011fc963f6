#include "llm/simulate/turn.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/text.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

using wire::Value;

constexpr std::size_t kLongestModel = 256;
constexpr std::string_view kWhite = " \t\r\n";
constexpr std::string_view kMessagesForm =
    R"(a list of messages, such as [{"role": "user", "content": "Hello!"}])";

std::unexpected<Error> refused(std::string text) {
  return fail(ErrorKind::kBadRequest, Origin::kDownstream, std::move(text));
}

/// The words that came, and the last text of a user.
struct Heard {
  std::int64_t tokens = 0;
  std::string last;
};

/// The text of a content: a string, or the text parts of a list. `name` is where it stands.
Result<std::string> textOf(const std::string& name, const Value* content) {
  if (content == nullptr || content->isNull()) {
    return std::string();
  }
  if (const std::string* text = content->string()) {
    return *text;
  }
  const wire::Array* parts = content->array();
  if (parts == nullptr) {
    return wrongMember(name, *content, "a text or a list of parts");
  }
  std::string joined;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const Value& part = (*parts)[i];
    if (!part.isObject()) {
      return wrongMember(
          name + "[" + std::to_string(i) + "]", part, R"(an object such as {"type": "text", ...})"
      );
    }
    const Value* text = part.find("text");
    if (text != nullptr && text->isString()) {
      joined += *text->string();
    }
  }
  return joined;
}

Result<void> hearText(Heard& heard, const std::string& name, const Value* content) {
  GATEHOUSE_TRY(std::string text, textOf(name, content));
  heard.tokens += countWords(text);
  return {};
}

/// One message: of `role`, and of the user's the text is kept.
Result<void> hearMessage(Heard& heard, const std::string& name, const Value& message) {
  const Value* role = message.find("role");
  if (role == nullptr) {
    return missingMember(name + ".role", R"("user", "assistant" or another role)");
  }
  if (!role->isString()) {
    return wrongMember(name + ".role", *role, "a text");
  }
  GATEHOUSE_TRY(std::string text, textOf(name + ".content", message.find("content")));
  heard.tokens += countWords(text);
  if (*role->string() == "user" && !text.empty()) {
    heard.last = std::move(text);
  }
  return {};
}

Result<void> hearMessages(Heard& heard, const Value& request) {
  const Value* messages = given(request, "messages");
  if (messages == nullptr) {
    return missingMember("messages", kMessagesForm);
  }
  if (!messages->isArray()) {
    return wrongMember("messages", *messages, kMessagesForm);
  }
  for (std::size_t i = 0; i < messages->array()->size(); ++i) {
    const Value& message = (*messages->array())[i];
    const std::string name = "messages[" + std::to_string(i) + "]";
    if (!message.isObject()) {
      return wrongMember(name, message, R"(an object with "role" and "content")");
    }
    GATEHOUSE_CHECK_OK(hearMessage(heard, name, message));
  }
  return {};
}

/// Of a Responses request: a text, or a list of items, of which those with a role are messages.
Result<void> hearInput(Heard& heard, const Value& request) {
  constexpr std::string_view kForm = "a text or a list of items";
  const Value* input = given(request, "input");
  if (input == nullptr) {
    return missingMember("input", kForm);
  }
  if (const std::string* text = input->string()) {
    heard.tokens += countWords(*text);
    heard.last = *text;
    return {};
  }
  if (!input->isArray()) {
    return wrongMember("input", *input, kForm);
  }
  for (std::size_t i = 0; i < input->array()->size(); ++i) {
    const Value& item = (*input->array())[i];
    const std::string name = "input[" + std::to_string(i) + "]";
    if (!item.isObject()) {
      return wrongMember(name, item, R"(an object, such as {"role": "user", "content": "Hello!"})");
    }
    if (item.find("role") != nullptr) {
      GATEHOUSE_CHECK_OK(hearMessage(heard, name, item));
    }
  }
  return {};
}

Result<Heard> hear(Dialect dialect, const Value& request) {
  Heard heard;
  if (dialect == Dialect::kResponses) {
    GATEHOUSE_CHECK_OK(hearText(heard, "instructions", request.find("instructions")));
    GATEHOUSE_CHECK_OK(hearInput(heard, request));
    return heard;
  }
  if (dialect != Dialect::kChat) {
    GATEHOUSE_CHECK_OK(hearText(heard, "system", request.find("system")));
  }
  GATEHOUSE_CHECK_OK(hearMessages(heard, request));
  return heard;
}

/// False where it is not given.
Result<bool> readFlag(const Value& object, std::string_view key, const std::string& name) {
  const Value* value = given(object, key);
  if (value == nullptr) {
    return false;
  }
  if (value->boolean() == nullptr) {
    return wrongMember(name, *value, "true or false");
  }
  return *value->boolean();
}

Result<bool> wantsUsage(const Value& request) {
  const Value* options = given(request, "stream_options");
  if (options == nullptr) {
    return false;
  }
  if (!options->isObject()) {
    return wrongMember("stream_options", *options, R"(an object such as {"include_usage": true})");
  }
  return readFlag(*options, "include_usage", "stream_options.include_usage");
}

Result<std::optional<std::int64_t>> readLimit(Dialect dialect, const Value& request) {
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  if (dialect == Dialect::kResponses) {
    return readCount(request, "max_output_tokens", kAny);
  }
  GATEHOUSE_TRY(std::optional<std::int64_t> old, readCount(request, "max_tokens", kAny));
  if (dialect != Dialect::kChat) {
    return old;
  }
  GATEHOUSE_TRY(
      std::optional<std::int64_t> limit, readCount(request, "max_completion_tokens", kAny)
  );
  return limit ? limit : old;
}

/// What is said to `last`, no longer than the limit allows.
void answer(SimulatedTurn& turn, const std::string& last) {
  turn.answer =
      "This is the simulated model of Gatehouse; no model server was asked. You said: " + last;
  const std::int64_t most =
      std::min(turn.limit.value_or(kMostSimulatedTokens), kMostSimulatedTokens);
  std::string_view rest = turn.answer;
  while (!rest.empty() && turn.output_tokens < most) {
    takeWord(rest);
    ++turn.output_tokens;
  }
  turn.cut = !rest.empty();
  turn.answer.resize(turn.answer.size() - rest.size());
}

/// The number if it is a whole one, however it is written: 100, 1e2.
std::optional<std::int64_t> wholeNumber(const Value& value) {
  if (value.integer() != nullptr) {
    return *value.integer();
  }
  if (value.number() == nullptr) {
    return std::nullopt;
  }
  const std::string& text = value.number()->text;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr double kExact = 9007199254740992;
  if (error != std::errc() || std::abs(number) > kExact || number != std::floor(number)) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::unexpected<Error> wrongMember(
    std::string_view name, const wire::Value& value, std::string_view expected
) {
  constexpr std::size_t kShown = 40;
  const bool simple = !value.isObject() && !value.isArray();
  std::string shown =
      simple ? printable(wire::writeJson(value), kShown) : "an " + std::string(value.typeName());
  return refused(std::string(name) + " is " + shown + "; it must be " + std::string(expected));
}

std::unexpected<Error> missingMember(std::string_view name, std::string_view expected) {
  return refused("the request has no " + std::string(name) + "; send " + std::string(expected));
}

const Value* given(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value == nullptr || value->isNull() ? nullptr : value;
}

Result<std::optional<std::int64_t>> readCount(
    const Value& request, std::string_view key, std::int64_t most
) {
  const Value* value = given(request, key);
  if (value == nullptr) {
    return std::optional<std::int64_t>();
  }
  const std::optional<std::int64_t> number = wholeNumber(*value);
  if (!number || *number < 1 || *number > most) {
    const bool any = most == std::numeric_limits<std::int64_t>::max();
    return wrongMember(
        key, *value, "a whole number from 1" + (any ? "" : " to " + std::to_string(most))
    );
  }
  return number;
}

std::string_view takeWord(std::string_view& text) {
  const std::size_t letter = std::min(text.find_first_not_of(kWhite), text.size());
  const std::size_t end = std::min(text.find_first_of(kWhite, letter), text.size());
  const bool last = text.find_first_not_of(kWhite, end) == std::string_view::npos;
  const std::string_view word = text.substr(0, last ? text.size() : end);
  text.remove_prefix(word.size());
  return word;
}

std::int64_t countWords(std::string_view text) {
  std::int64_t words = 0;
  bool white = true;
  for (char c : text) {
    const bool now = kWhite.contains(c);
    words += white && !now ? 1 : 0;
    white = now;
  }
  return words == 0 && !text.empty() ? 1 : words;
}

Result<Value> readSimulated(std::string_view body) {
  wire::Parsed<Value> request = wire::readJson(body);
  if (!request) {
    return fail(request.error().asError(ErrorKind::kInvalidJson, Origin::kDownstream));
  }
  if (!request->isObject()) {
    return fail(
        ErrorKind::kInvalidJson,
        Origin::kDownstream,
        "the request is no object but " + std::string(request->typeName())
    );
  }
  return *std::move(request);
}

Result<std::string> modelOf(const Value& request) {
  const Value* model = given(request, "model");
  if (model == nullptr) {
    return std::string(kSimulatedModel);
  }
  if (!model->isString()) {
    return wrongMember("model", *model, "a text");
  }
  if (model->string()->size() > kLongestModel) {  // every event repeats it
    return refused("model is longer than " + std::to_string(kLongestModel) + " bytes");
  }
  return *model->string();
}

Result<SimulatedTurn> readTurn(const SimulatedRequest& request) {
  GATEHOUSE_TRY(Value body, readSimulated(request.body));
  SimulatedTurn turn;
  GATEHOUSE_TRY(turn.model, modelOf(body));
  GATEHOUSE_TRY(turn.stream, readFlag(body, "stream", "stream"));
  GATEHOUSE_TRY(turn.limit, readLimit(request.dialect, body));
  if (request.dialect == Dialect::kChat) {
    GATEHOUSE_TRY(bool usage, wantsUsage(body));
    turn.with_usage = usage || request.tell_usage;
    const Value* choices = given(body, "n");
    if (choices != nullptr && wholeNumber(*choices) != 1) {
      return wrongMember("n", *choices, "1: the simulated model gives one answer");
    }
  }
  GATEHOUSE_TRY(Heard heard, hear(request.dialect, body));
  turn.input_tokens = heard.tokens;
  answer(turn, heard.last);
  return turn;
}

}  // namespace gatehouse::llm
