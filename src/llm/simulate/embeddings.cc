#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "llm/simulate/reply.h"
#include "wire/base64.h"
#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

using wire::Value;

constexpr std::int64_t kDimensions = 256;
constexpr std::int64_t kMostDimensions = 1536;
constexpr std::size_t kMostInputs = 2048;
constexpr std::size_t kMostNumbers = std::size_t{1} << 19;  // in one reply
constexpr std::string_view kInputForm = "a text, a list of texts, or token numbers";

/// The texts to embed, token numbers as they are written.
struct Inputs {
  std::vector<std::string> texts;
  std::int64_t tokens = 0;
};

bool isNumbers(const Value& value) {
  return value.isArray() && !value.array()->empty() && value.array()->front().integer() != nullptr;
}

Result<void> addInput(Inputs& inputs, const std::string& name, const Value& value) {
  if (const std::string* text = value.string(); text != nullptr && !text->empty()) {
    inputs.tokens += countWords(*text);
    inputs.texts.push_back(*text);
    return {};
  }
  if (isNumbers(value)) {
    inputs.tokens += static_cast<std::int64_t>(value.array()->size());
    inputs.texts.push_back(wire::writeJson(value));
    return {};
  }
  return wrongMember(name, value, "a text that is not empty, or a list of token numbers");
}

Result<Inputs> readInputs(const Value& request) {
  const Value* input = given(request, "input");
  if (input == nullptr) {
    return missingMember("input", kInputForm);
  }
  Inputs inputs;
  if (!input->isArray() || isNumbers(*input)) {
    GATEHOUSE_CHECK_OK(addInput(inputs, "input", *input));
    return inputs;
  }
  const wire::Array& list = *input->array();
  if (list.empty() || list.size() > kMostInputs) {
    return fail(
        ErrorKind::kBadRequest,
        Origin::kDownstream,
        fmt::format("input has {} entries; it must have 1 to {}", list.size(), kMostInputs)
    );
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    GATEHOUSE_CHECK_OK(addInput(inputs, fmt::format("input[{}]", i), list[i]));
  }
  return inputs;
}

/// Whether the numbers are sent as base64 of their bytes.
Result<bool> wantsBase64(const Value& request) {
  const Value* format = given(request, "encoding_format");
  if (format == nullptr || (format->isString() && *format->string() == "float")) {
    return false;
  }
  if (format->isString() && *format->string() == "base64") {
    return true;
  }
  return wrongMember("encoding_format", *format, R"("float" or "base64")");
}

/// The next of a row of numbers that `state` decides (splitmix64).
std::uint64_t nextNumber(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

std::vector<float> vectorOf(std::string_view text, std::int64_t dimensions) {
  std::uint64_t state = 0xCBF29CE484222325;  // FNV-1a
  for (char c : text) {
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  std::vector<float> numbers(static_cast<std::size_t>(dimensions));
  double square = 0;
  for (float& number : numbers) {
    const auto half = static_cast<double>(nextNumber(state) >> 11) / 4503599627370496.0;
    number = static_cast<float>(half - 1);
    square += static_cast<double>(number) * number;
  }
  const double length = square > 0 ? std::sqrt(square) : 1;
  for (float& number : numbers) {
    number = static_cast<float>(number / length);
  }
  return numbers;
}

std::string asBase64(const std::vector<float>& numbers) {
  std::string bytes;
  for (float number : numbers) {
    const auto little_endian = std::bit_cast<std::array<char, sizeof number>>(number);
    bytes.append(little_endian.data(), little_endian.size());
  }
  return "\"" + wire::encodeBase64(bytes) + "\"";
}

std::string asList(const std::vector<float>& numbers) {
  return fmt::format("[{}]", fmt::join(numbers, ","));
}

}  // namespace

Result<std::string> embeddingsReply(const SimulatedRequest& request) {
  GATEHOUSE_TRY(Value body, readSimulated(request.body));
  GATEHOUSE_TRY(std::string model, modelOf(body));
  GATEHOUSE_TRY(bool base64, wantsBase64(body));
  GATEHOUSE_TRY(
      std::optional<std::int64_t> dimensions, readCount(body, "dimensions", kMostDimensions)
  );
  GATEHOUSE_TRY(Inputs inputs, readInputs(body));
  const auto each = static_cast<std::size_t>(dimensions.value_or(kDimensions));
  if (each * inputs.texts.size() > kMostNumbers) {
    return fail(
        ErrorKind::kBadRequest,
        Origin::kDownstream,
        fmt::format(
            "{} inputs of {} dimensions are more than the {} numbers the simulated model gives",
            inputs.texts.size(),
            each,
            kMostNumbers
        )
    );
  }
  std::string text;
  wire::JsonWriter json(text);
  json.beginObject().key("object").string("list").key("data").beginArray();
  for (std::size_t i = 0; i < inputs.texts.size(); ++i) {
    const std::vector<float> numbers = vectorOf(inputs.texts[i], dimensions.value_or(kDimensions));
    json.beginObject().key("object").string("embedding").key("index").number(i);
    json.key("embedding").raw(base64 ? asBase64(numbers) : asList(numbers)).endObject();
  }
  json.endArray().key("model").string(model);
  json.key("system_fingerprint").string(kSimulatedFingerprint);
  json.key("usage").beginObject().key("prompt_tokens").number(inputs.tokens);
  json.key("total_tokens").number(inputs.tokens).endObject().endObject();
  return text;
}

}  // namespace gatehouse::llm
