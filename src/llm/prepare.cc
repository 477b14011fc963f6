#include "llm/prepare.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <utility>

#include "base/text.h"
#include "wire/json_keys.h"
#include "wire/json_locate.h"
#include "wire/json_splice.h"
#include "wire/json_write.h"
#include "wire/percent.h"

namespace gatehouse::llm {
namespace {

/// The members we look for, by what they mean; a few are spelt differently by dialect.
enum Key : std::uint8_t {
  kModel,
  kStream,
  kStreamOptions,
  kMessages,
  kInput,
  kMetadata,
  kPromptCacheKey,
  kConversation,
  kPreviousResponse,
  kLitellmSession,
  kTemperature,
  kTopP,
  kTopK,
  kSeed,
  kChoiceCount,
  kFrequencyPenalty,
  kPresencePenalty,
  kMaxTokens,
  kMaxTokensNew,
  kStop,
  kEffort,
  kServiceTier,
  kDimensions,
  kEncodingFormat,
  kKeyCount,
};

using Keys = std::array<std::string_view, kKeyCount>;
static_assert(kKeyCount <= wire::JsonKeys::kMax);

constexpr Keys kChatKeys = {
    "model",
    "stream",
    "stream_options",
    "messages",
    "input",
    "metadata",
    "prompt_cache_key",
    "conversation",
    "previous_response_id",
    "litellm_session_id",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "n",
    "frequency_penalty",
    "presence_penalty",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "reasoning_effort",
    "service_tier",
    "dimensions",
    "encoding_format",
};

constexpr Keys kMessagesKeys = [] {
  Keys keys = kChatKeys;
  keys[kStop] = "stop_sequences";
  keys[kEffort] = "output_config";
  return keys;
}();

constexpr Keys kResponsesKeys = [] {
  Keys keys = kChatKeys;
  keys[kMaxTokensNew] = "max_output_tokens";
  keys[kEffort] = "reasoning";
  return keys;
}();

const wire::JsonKeys& keysOf(Dialect dialect) {
  static constexpr wire::JsonKeys kChat(kChatKeys);
  static constexpr wire::JsonKeys kMessages(kMessagesKeys);
  static constexpr wire::JsonKeys kResponses(kResponsesKeys);
  switch (dialect) {
    case Dialect::kMessages:
    case Dialect::kMessagesCount:
      return kMessages;
    case Dialect::kResponses:
      return kResponses;
    default:
      return kChat;
  }
}

/// What people write, "0.7": so few digits that the whole number they make and the power of ten are
/// exact, and their quotient is the nearest double. Nothing for other numbers. `number` is one of
/// JSON.
std::optional<double> shortDecimal(std::string_view number) {
  constexpr std::array<double, 15> kPowers = {
      1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14
  };
  if (number.size() > kPowers.size()) {
    return std::nullopt;
  }
  std::uint64_t digits = 0;
  std::size_t behind_point = 0;
  bool point = false;
  for (char c : number) {
    if (isDigit(c)) {
      digits = digits * 10 + static_cast<std::uint64_t>(c - '0');
      behind_point += point ? 1 : 0;
    } else if (c == '.') {
      point = true;
    } else {
      return std::nullopt;
    }
  }
  return static_cast<double>(digits) / kPowers[behind_point];
}

/// A body with the places of our keys in it.
class LocatedBody {
 public:
  LocatedBody(PaddedView text, const wire::JsonObjectMap& map) : text_(text), map_(map) {}

  const wire::JsonObjectMap& map() const { return map_; }
  /// Null if absent.
  const wire::JsonMember* find(Key key) const {
    const std::optional<wire::JsonMember>& member = map_.members[key];
    return member ? &*member : nullptr;
  }
  bool is(Key key, wire::JsonType type) const {
    const wire::JsonMember* member = find(key);
    return member != nullptr && member->type == type;
  }

  std::string_view raw(const wire::JsonMember& member) const {
    return text_.text().substr(member.begin, member.end - member.begin);
  }
  /// `out` is empty and stays so if there is no text.
  void read(Key key, std::string& out) const {
    if (const wire::JsonMember* member = find(key)) {
      read(*member, out);
    }
  }
  void read(const wire::JsonMember& member, std::string& out) const {
    if (member.type != wire::JsonType::kString) {
      return;
    }
    std::string_view inner = raw(member).substr(1, member.end - member.begin - 2);
    if (!inner.contains('\\')) {
      out.assign(inner);
    } else if (auto unescaped = wire::jsonString(text_, member)) {
      out = std::move(*unescaped);
    }
  }
  std::optional<std::int64_t> integer(Key key) const {
    const wire::JsonMember* member = find(key);
    return member != nullptr ? wire::jsonInteger(text_, *member) : std::nullopt;
  }
  std::optional<double> decimal(Key key) const {
    if (!is(key, wire::JsonType::kNumber)) {
      return std::nullopt;
    }
    std::string_view digits = raw(*find(key));
    if (auto value = shortDecimal(digits)) {
      return value;
    }
    double value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() ? std::optional(value) : std::nullopt;
  }
  bool isTrue(Key key) const {
    const wire::JsonMember* member = find(key);
    return member != nullptr && wire::jsonBoolean(text_, *member).value_or(false);
  }
  /// A text member of a member that is an object; `out` stays empty if any of that is not so.
  void readWithin(Key key, std::string_view inner, std::string& out) const {
    if (!is(key, wire::JsonType::kObject)) {
      return;
    }
    auto within = wire::locateJsonIn(text_, *find(key), wire::JsonKeys(std::span(&inner, 1)));
    if (within && within->members[0]) {
      read(*within->members[0], out);
    }
  }
  /// The text of a member, or of one within it.
  void readEither(Key key, std::string_view inner, std::string& out) const {
    if (is(key, wire::JsonType::kString)) {
      read(key, out);
    } else {
      readWithin(key, inner, out);
    }
  }

 private:
  PaddedView text_;
  const wire::JsonObjectMap& map_;
};

std::unexpected<Error> invalid(std::string_view text, std::size_t offset, std::string message) {
  wire::SyntaxError error{
      .offset = offset,
      .position = wire::LineIndex(text).at(offset),
      .message = std::move(message),
  };
  return fail(error.asError(ErrorKind::kInvalidJson, Origin::kDownstream));
}

/// Two readers might take an escaped `model` key differently; the model that was authorised must be
/// the one that is read.
Result<void> refuseEscapedModel(std::string_view text, const LocatedBody& body) {
  constexpr std::string_view kPlain = "\"model\"";
  const wire::JsonMember* model = body.find(kModel);
  if (model != nullptr && text.substr(model->key_begin, kPlain.size()) != kPlain) {
    return invalid(text, model->key_begin, "the key \"model\" must be written without escapes");
  }
  return {};
}

Result<Dialect> dialectOf(const DialectMatch& match, const LocatedBody& body) {
  if (match.dialect == Dialect::kUnknown) {
    if (!body.is(kMessages, wire::JsonType::kArray)) {
      return fail(
          ErrorKind::kUnknownPath,
          Origin::kDownstream,
          "no API is known at " + printable(match.own_path) +
              ", and the body is no chat; known are " + std::string(knownSuffixes())
      );
    }
    return Dialect::kChat;
  }
  if (match.dialect == Dialect::kChat && body.find(kMessages) == nullptr &&
      body.find(kInput) != nullptr) {
    return fail(
        ErrorKind::kNotSupported,
        Origin::kDownstream,
        "the body is a Responses request (it has \"input\" and no \"messages\"); send it to "
        "/v1/responses"
    );
  }
  return match.dialect;
}

void readSessionKeys(const LocatedBody& body, Dialect dialect, BodySessionKeys& keys) {
  body.read(kPromptCacheKey, keys.prompt_cache_key);
  body.readEither(kConversation, "id", keys.conversation);
  body.read(kPreviousResponse, keys.previous_response_id);
  body.read(kLitellmSession, keys.litellm_session_id);
  body.readWithin(kMetadata, "session_id", keys.metadata_session_id);
  if (dialect == Dialect::kMessages || dialect == Dialect::kMessagesCount) {
    body.readWithin(kMetadata, "user_id", keys.metadata_user_id);
  }
}

void readFacts(const LocatedBody& body, Dialect dialect, RequestFacts& facts) {
  constexpr std::size_t kLongestStop = 1024;
  if (body.is(kModel, wire::JsonType::kString)) {
    body.read(kModel, facts.model_requested.emplace().text);
  }
  facts.stream = body.isTrue(kStream);
  facts.temperature = body.decimal(kTemperature);
  facts.top_p = body.decimal(kTopP);
  facts.frequency_penalty = body.decimal(kFrequencyPenalty);
  facts.presence_penalty = body.decimal(kPresencePenalty);
  facts.max_tokens = body.integer(kMaxTokensNew);
  if (!facts.max_tokens) {
    facts.max_tokens = body.integer(kMaxTokens);
  }
  facts.top_k = body.integer(kTopK);
  facts.seed = body.integer(kSeed);
  facts.choice_count = body.integer(kChoiceCount);
  facts.dimension_count = body.integer(kDimensions);
  if (const wire::JsonMember* stop = body.find(kStop); stop != nullptr &&
                                                       stop->type != wire::JsonType::kNull &&
                                                       body.raw(*stop).size() <= kLongestStop) {
    facts.stop_sequences = body.raw(*stop);
  }
  body.readEither(kEffort, "effort", facts.reasoning_level);
  body.read(kServiceTier, facts.service_tier);
  body.read(kEncodingFormat, facts.encoding_format);
  readSessionKeys(body, dialect, facts.session);
}

/// As a path names it.
ModelName modelOf(std::string_view path_model) {
  return {wire::decodePercent(path_model).value_or(std::string(path_model))};
}

Result<void> chooseModel(
    const RequestFacts& facts,
    const ProviderSettings& settings,
    std::string_view path_model,
    ModelName& model
) {
  if (settings.model) {
    model = *settings.model;
  } else if (facts.model_requested && !facts.model_requested->text.empty()) {
    model = *facts.model_requested;
  } else if (!path_model.empty()) {
    model = modelOf(path_model);
  } else {
    return fail(ErrorKind::kModelMissing, Origin::kDownstream, "the request names no model");
  }
  return {};
}

void spliceModel(wire::JsonSplice& splice, const LocatedBody& body, const ModelName& model) {
  std::string json;
  wire::appendJsonString(json, model.text);
  if (const wire::JsonMember* member = body.find(kModel)) {
    splice.replace(*member, json);
  } else {
    splice.prepend("model", json);
  }
}

/// Asks for the usage chunk if the client streams and says nothing of stream options (llm.md 2.8).
bool spliceUsageRequest(wire::JsonSplice& splice, const LocatedBody& body) {
  constexpr std::string_view kOptions = R"({"include_usage":true})";
  const wire::JsonMember* options = body.find(kStreamOptions);
  if (options == nullptr) {
    splice.append("stream_options", kOptions);
    return true;
  }
  if (options->type == wire::JsonType::kNull) {
    splice.replace(*options, kOptions);
    return true;
  }
  return false;
}

/// OpenAI's newer models refuse `max_tokens`; the number stays as it was written.
void renameMaxTokens(wire::JsonSplice& splice, const LocatedBody& body, std::string_view text) {
  constexpr std::string_view kOld = "\"max_tokens\"";
  const wire::JsonMember* member = body.find(kMaxTokens);
  if (member == nullptr || body.find(kMaxTokensNew) != nullptr ||
      text.substr(member->key_begin, kOld.size()) != kOld) {
    return;
  }
  wire::JsonMember key = *member;
  key.begin = member->key_begin;
  key.end = member->key_begin + kOld.size();
  splice.replace(key, "\"max_completion_tokens\"");
}

/// Requests for a model, which its default would answer if they named none. Not so files, batches
/// and stored responses.
bool expectsModel(std::string_view own_path) {
  return own_path == "/responses/compact" || own_path == "/responses/input_tokens" ||
         own_path == "/moderations" || own_path.starts_with("/images/") ||
         own_path.starts_with("/audio/");
}

bool wantsNewMaxTokens(const ProviderSettings& settings, const ModelName& model) {
  return settings.kind == ProviderKind::kOpenAi && addressesVendor(settings) &&
         model.text.starts_with("gpt-");
}

}  // namespace

bool mayNameModel(
    const DialectMatch& match, const ProviderSettings& settings, const http::Fields& fields
) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  if (match.dialect != Dialect::kDetect || !settings.model) {
    return false;
  }
  const std::string type = fold(fields.get("content-type").value_or(""));
  return type.empty() || type.contains("json") || type.starts_with(kForm);
}

Result<PreparedRequest> prepareDetected(
    const DialectMatch& match,
    const RequestBody& body,
    const ProviderSettings& settings,
    RequestFacts& facts
) {
  PreparedRequest prepared;
  prepared.dialect = match.dialect;
  prepared.body = {body.bytes};
  std::string_view text = body.text.text();
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  const bool object = start != std::string_view::npos && text[start] == '{';
  if (!object && !text.starts_with(kByteOrderMark)) {
    return prepared;
  }
  // Read as strictly as any other: of a body that two readers take differently, one might find the
  // client's model.
  wire::Parsed<wire::JsonObjectMap> map = wire::locateJson(body.text, keysOf(match.dialect));
  if (!map) {
    return fail(map.error().asError(ErrorKind::kInvalidJson, Origin::kDownstream));
  }
  LocatedBody located(body.text, *map);
  GATEHOUSE_CHECK_OK(refuseEscapedModel(text, located));
  readFacts(located, prepared.dialect, facts);
  if (located.find(kModel) == nullptr && !expectsModel(match.own_path)) {
    return prepared;
  }
  prepared.model_sent = *settings.model;
  if (settings.model != facts.model_requested) {
    wire::JsonSplice splice(*map);
    spliceModel(splice, located, *settings.model);
    prepared.body = splice.apply(body.bytes);
    prepared.changed = true;
  }
  return prepared;
}

Result<PreparedRequest> prepareRequest(
    const DialectMatch& match,
    const RequestBody& body,
    const ProviderSettings& settings,
    RequestFacts& facts
) {
  std::string_view text = body.text.text();
  wire::Parsed<wire::JsonObjectMap> map = wire::locateJson(body.text, keysOf(match.dialect));
  if (!map) {
    return fail(map.error().asError(ErrorKind::kInvalidJson, Origin::kDownstream));
  }
  LocatedBody located(body.text, *map);
  GATEHOUSE_CHECK_OK(refuseEscapedModel(text, located));

  GATEHOUSE_TRY(Dialect dialect, dialectOf(match, located));
  readFacts(located, dialect, facts);
  ModelName model;
  GATEHOUSE_CHECK_OK(chooseModel(facts, settings, match.path_model, model));

  wire::JsonSplice splice(*map);
  if (settings.model && settings.model != facts.model_requested) {
    spliceModel(splice, located, model);
  }
  Result<PreparedRequest> result;
  PreparedRequest& prepared = *result;
  prepared.dialect = dialect;
  if (dialect == Dialect::kChat) {
    if (facts.stream && spliceUsageRequest(splice, located)) {
      prepared.usage_chunk = UsageChunk::kHidden;
    }
    if (wantsNewMaxTokens(settings, model)) {
      renameMaxTokens(splice, located, text);
    }
  }
  if (!facts.model_requested && !match.path_model.empty()) {
    facts.model_requested = modelOf(match.path_model);
  }
  prepared.model_sent = std::move(model);
  if (splice.empty()) {
    prepared.body.push_back(body.bytes);
  } else {
    prepared.body = splice.apply(body.bytes);
    prepared.changed = true;
  }
  return result;
}

}  // namespace gatehouse::llm
