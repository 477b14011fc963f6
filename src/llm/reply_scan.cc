#include "llm/reply_scan.h"

#include <array>
#include <span>
#include <utility>

#include "base/text.h"
#include "wire/json_read.h"

namespace gatehouse::llm {
namespace {

using wire::JsonStep;
using wire::JsonType;
using wire::JsonWant;

/// What a place in a reply means to us.
enum class Role : std::uint8_t {
  kWay,
  kType,
  kId,
  kModel,
  kUsage,
  kError,
  kErrorCode,
  kErrorType,
  kFinish,
  kStatus,
  kChoices,
  kChoice,
  kChoiceIndex,
  kGenerated,
  kToolCall,
};

struct Place {
  std::string_view key;
  std::uint8_t parent = 0;
  Role role = Role::kWay;
};

constexpr JsonWant wantOf(Role role) {
  switch (role) {
    case Role::kWay:
      return JsonWant::kPass;
    case Role::kError:
    case Role::kChoices:
    case Role::kChoice:
    case Role::kToolCall:
      return JsonWant::kEnd;
    case Role::kGenerated:
      return JsonWant::kSize;
    default:
      return JsonWant::kText;
  }
}

template <std::size_t size>
constexpr std::array<JsonStep, size> stepsOf(const std::array<Place, size>& places) {
  std::array<JsonStep, size> steps{};
  for (std::size_t i = 0; i < size; ++i) {
    steps[i] = {places[i].key, places[i].parent, wantOf(places[i].role)};
  }
  return steps;
}

// The second number of a line is the line its parent stands on, counted from 0.
constexpr std::array kChatPlaces = {
    Place{},                                           // 0
    Place{"id", 0, Role::kId},                         // 1
    Place{"model", 0, Role::kModel},                   // 2
    Place{"usage", 0, Role::kUsage},                   // 3
    Place{"error", 0, Role::kError},                   // 4
    Place{"code", 4, Role::kErrorCode},                // 5
    Place{"type", 4, Role::kErrorType},                // 6
    Place{"choices", 0, Role::kChoices},               // 7
    Place{"[]", 7, Role::kChoice},                     // 8
    Place{"index", 8, Role::kChoiceIndex},             // 9
    Place{"finish_reason", 8, Role::kFinish},          // 10
    Place{"text", 8, Role::kGenerated},                // 11
    Place{"delta", 8},                                 // 12
    Place{"content", 12, Role::kGenerated},            // 13
    Place{"reasoning_content", 12, Role::kGenerated},  // 14
    Place{"reasoning", 12, Role::kGenerated},          // 15
    Place{"refusal", 12, Role::kGenerated},            // 16
    Place{"tool_calls", 12},                           // 17
    Place{"[]", 17, Role::kToolCall},                  // 18
    Place{"function", 18},                             // 19
    Place{"arguments", 19, Role::kGenerated},          // 20
    Place{"function_call", 12, Role::kToolCall},       // 21
    Place{"arguments", 21, Role::kGenerated},          // 22
    Place{"audio", 12},                                // 23
    Place{"data", 23, Role::kGenerated},               // 24
    Place{"transcript", 23, Role::kGenerated},         // 25
    Place{"meta", 0},                                  // 26: Cohere's rerank
    Place{"billed_units", 26, Role::kUsage},           // 27
};

constexpr std::array kMessagesPlaces = {
    Place{},                                      // 0
    Place{"type", 0, Role::kType},                // 1
    Place{"id", 0, Role::kId},                    // 2
    Place{"model", 0, Role::kModel},              // 3
    Place{"usage", 0, Role::kUsage},              // 4
    Place{"stop_reason", 0, Role::kFinish},       // 5
    Place{"error", 0, Role::kError},              // 6
    Place{"type", 6, Role::kErrorType},           // 7
    Place{"message", 0},                          // 8
    Place{"id", 8, Role::kId},                    // 9
    Place{"model", 8, Role::kModel},              // 10
    Place{"usage", 8, Role::kUsage},              // 11
    Place{"stop_reason", 8, Role::kFinish},       // 12
    Place{"delta", 0},                            // 13
    Place{"stop_reason", 13, Role::kFinish},      // 14
    Place{"text", 13, Role::kGenerated},          // 15
    Place{"thinking", 13, Role::kGenerated},      // 16
    Place{"partial_json", 13, Role::kGenerated},  // 17
    Place{"content_block", 0},                    // 18
    Place{"text", 18, Role::kGenerated},          // 19
    Place{"thinking", 18, Role::kGenerated},      // 20
};

constexpr std::array kResponsesPlaces = {
    Place{},                              // 0
    Place{"type", 0, Role::kType},        // 1
    Place{"id", 0, Role::kId},            // 2
    Place{"model", 0, Role::kModel},      // 3
    Place{"usage", 0, Role::kUsage},      // 4
    Place{"status", 0, Role::kStatus},    // 5
    Place{"incomplete_details", 0},       // 6
    Place{"reason", 6, Role::kFinish},    // 7
    Place{"error", 0, Role::kError},      // 8
    Place{"code", 8, Role::kErrorCode},   // 9
    Place{"type", 8, Role::kErrorType},   // 10
    Place{"code", 0, Role::kErrorCode},   // 11: of an `error` event
    Place{"delta", 0, Role::kGenerated},  // 12
    Place{"response", 0},                 // 13
    Place{"id", 13, Role::kId},           // 14
    Place{"model", 13, Role::kModel},     // 15
    Place{"usage", 13, Role::kUsage},     // 16
    Place{"status", 13, Role::kStatus},   // 17
    Place{"incomplete_details", 13},      // 18
    Place{"reason", 18, Role::kFinish},   // 19
    Place{"error", 13, Role::kError},     // 20
    Place{"code", 20, Role::kErrorCode},  // 21
};

constexpr auto kChatSteps = stepsOf(kChatPlaces);
constexpr auto kMessagesSteps = stepsOf(kMessagesPlaces);
constexpr auto kResponsesSteps = stepsOf(kResponsesPlaces);

std::span<const JsonStep> stepsFor(Dialect dialect) {
  switch (dialect) {
    case Dialect::kMessages:
      return kMessagesSteps;
    case Dialect::kResponses:
    case Dialect::kDetect:
      return kResponsesSteps;
    default:
      return kChatSteps;
  }
}

Role roleOf(Dialect dialect, std::uint8_t step) {
  switch (dialect) {
    case Dialect::kMessages:
      return kMessagesPlaces[step].role;
    case Dialect::kResponses:
    case Dialect::kDetect:
      return kResponsesPlaces[step].role;
    default:
      return kChatPlaces[step].role;
  }
}

constexpr std::size_t kMaxNote = 256;

/// A JSON string unescaped, a number as written; empty for anything else.
std::string noteOf(const wire::JsonHit& hit) {
  if (hit.type == JsonType::kNumber) {
    return std::string(hit.text.substr(0, kMaxNote));
  }
  if (hit.type != JsonType::kString || hit.text.size() < 2) {
    return {};
  }
  std::string_view inner = hit.text.substr(1, hit.text.size() - 2);
  if (!inner.contains('\\')) {
    return std::string(inner.substr(0, kMaxNote));
  }
  wire::Parsed<wire::Value> value = wire::readJson(hit.text);
  return value && value->string() != nullptr ? value->string()->substr(0, kMaxNote) : std::string();
}

/// The first text that says something stays; chunks repeat it.
void noteOnce(std::string& note, const wire::JsonHit& hit) {
  if (note.empty()) {
    note = noteOf(hit);
  }
}

}  // namespace

ReplyScan::ReplyScan(Dialect dialect, ReplyNotes& notes)
    : notes_(notes), scan_(stepsFor(dialect)), dialect_(dialect) {}

void ReplyScan::feed(std::string_view json) {
  scan_.feed(json);
  while (std::optional<wire::JsonHit> hit = scan_.next()) {
    take(*hit);
  }
}

void ReplyScan::take(const wire::JsonHit& hit) {
  switch (roleOf(dialect_, hit.step)) {
    case Role::kWay:
      break;
    case Role::kType:
      signs_.type = noteOf(hit);
      break;
    case Role::kId:
      noteOnce(notes_.response_id, hit);
      break;
    case Role::kModel:
      noteOnce(notes_.model, hit);
      break;
    case Role::kUsage:
      if (hit.type == JsonType::kObject) {
        notes_.usage.add(hit.text);
        signs_.usage = true;
      }
      break;
    case Role::kError:
      signs_.error =
          signs_.error || (hit.type != JsonType::kNull && hit.type != JsonType::kBoolean);
      break;
    case Role::kErrorCode:
      if (std::string code = noteOf(hit); !code.empty()) {
        notes_.error_type = std::move(code);
      }
      break;
    case Role::kErrorType:
      noteOnce(notes_.error_type, hit);
      break;
    case Role::kFinish:
      word_ = noteOf(hit);
      break;
    case Role::kStatus:
      status_ = noteOf(hit);
      break;
    case Role::kChoices:
      choices_ = hit.type == JsonType::kArray;
      break;
    case Role::kChoice:
      takeChoice();
      break;
    case Role::kChoiceIndex:
      choice_ = static_cast<std::size_t>(parseUnsigned(hit.text).value_or(0));
      break;
    case Role::kGenerated:
      if (hit.type == JsonType::kString) {
        signs_.generated_bytes += hit.size - 2;  // without the quotes
      }
      break;
    case Role::kToolCall:
      signs_.tool_call = signs_.tool_call || hit.type == JsonType::kObject;
      break;
  }
}

void ReplyScan::takeChoice() {
  any_choice_ = true;
  std::size_t choice = std::exchange(choice_, 0);
  std::string word = std::exchange(word_, {});
  if (choice >= ReplyNotes::kMaxChoices) {
    return;
  }
  notes_.started.set(choice);
  if (word.empty() || notes_.finished.test(choice)) {
    return;
  }
  notes_.finished.set(choice);
  takeFinish(std::move(word));
}

void ReplyScan::takeFinish(std::string word) {
  signs_.finish = true;
  FinishReason reason = finishReason(dialect_, word);
  if (notes_.finishes.size() < ReplyNotes::kMaxChoices) {
    notes_.finishes.push_back({reason, std::move(word)});
  }
}

ObjectSigns ReplyScan::end() {
  signs_.empty_choices = choices_ && !any_choice_;
  // Responses says `in_progress` until its end, and why only when it is incomplete.
  if (word_.empty() && (status_ == "completed" || status_ == "failed" || status_ == "cancelled")) {
    word_ = status_;
  }
  if (!word_.empty()) {
    takeFinish(std::exchange(word_, {}));
  }
  return std::move(signs_);
}

}  // namespace gatehouse::llm
