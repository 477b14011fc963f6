#include "llm/reply_scan.h"

#include <array>
#include <span>
#include <utility>

#include "base/text.h"
#include "wire/json_read.h"

namespace gatehouse::llm {
namespace {

using wire::JsonNode;
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
consteval std::array<JsonNode, size> nodesOf(const std::array<Place, size>& places) {
  std::array<JsonStep, size> steps{};
  for (std::size_t i = 0; i < size; ++i) {
    const Place& place = places[i];
    steps[i] = {place.key, place.parent, wantOf(place.role), std::to_underlying(place.role)};
  }
  return wire::linkSteps(steps);
}

// The number in a line is the line its parent stands on, counted from 0; children of one parent
// stand together.
constexpr std::array kChatPlaces = {
    Place{},                                           // 0
    Place{"id", 0, Role::kId},                         // 1
    Place{"model", 0, Role::kModel},                   // 2
    Place{"usage", 0, Role::kUsage},                   // 3
    Place{"choices", 0, Role::kChoices},               // 4
    Place{"error", 0, Role::kError},                   // 5
    Place{"meta", 0},                                  // 6
    Place{"[]", 4, Role::kChoice},                     // 7
    Place{"code", 5, Role::kErrorCode},                // 8
    Place{"type", 5, Role::kErrorType},                // 9
    Place{"billed_units", 6, Role::kUsage},            // 10
    Place{"index", 7, Role::kChoiceIndex},             // 11
    Place{"finish_reason", 7, Role::kFinish},          // 12
    Place{"text", 7, Role::kGenerated},                // 13
    Place{"delta", 7},                                 // 14
    Place{"content", 14, Role::kGenerated},            // 15
    Place{"reasoning_content", 14, Role::kGenerated},  // 16
    Place{"reasoning", 14, Role::kGenerated},          // 17
    Place{"refusal", 14, Role::kGenerated},            // 18
    Place{"tool_calls", 14},                           // 19
    Place{"function_call", 14, Role::kToolCall},       // 20
    Place{"audio", 14},                                // 21
    Place{"[]", 19, Role::kToolCall},                  // 22
    Place{"arguments", 20, Role::kGenerated},          // 23
    Place{"data", 21, Role::kGenerated},               // 24
    Place{"transcript", 21, Role::kGenerated},         // 25
    Place{"function", 22},                             // 26
    Place{"arguments", 26, Role::kGenerated},          // 27
};

constexpr std::array kMessagesPlaces = {
    Place{},                                     // 0
    Place{"type", 0, Role::kType},               // 1
    Place{"id", 0, Role::kId},                   // 2
    Place{"model", 0, Role::kModel},             // 3
    Place{"usage", 0, Role::kUsage},             // 4
    Place{"stop_reason", 0, Role::kFinish},      // 5
    Place{"delta", 0},                           // 6
    Place{"content_block", 0},                   // 7
    Place{"message", 0},                         // 8
    Place{"error", 0, Role::kError},             // 9
    Place{"text", 6, Role::kGenerated},          // 10
    Place{"thinking", 6, Role::kGenerated},      // 11
    Place{"partial_json", 6, Role::kGenerated},  // 12
    Place{"stop_reason", 6, Role::kFinish},      // 13
    Place{"text", 7, Role::kGenerated},          // 14
    Place{"thinking", 7, Role::kGenerated},      // 15
    Place{"id", 8, Role::kId},                   // 16
    Place{"model", 8, Role::kModel},             // 17
    Place{"usage", 8, Role::kUsage},             // 18
    Place{"stop_reason", 8, Role::kFinish},      // 19
    Place{"type", 9, Role::kErrorType},          // 20
};

constexpr std::array kResponsesPlaces = {
    Place{},                              // 0
    Place{"type", 0, Role::kType},        // 1
    Place{"delta", 0, Role::kGenerated},  // 2
    Place{"id", 0, Role::kId},            // 3
    Place{"model", 0, Role::kModel},      // 4
    Place{"usage", 0, Role::kUsage},      // 5
    Place{"status", 0, Role::kStatus},    // 6
    Place{"code", 0, Role::kErrorCode},   // 7
    Place{"incomplete_details", 0},       // 8
    Place{"error", 0, Role::kError},      // 9
    Place{"response", 0},                 // 10
    Place{"reason", 8, Role::kFinish},    // 11
    Place{"code", 9, Role::kErrorCode},   // 12
    Place{"type", 9, Role::kErrorType},   // 13
    Place{"id", 10, Role::kId},           // 14
    Place{"model", 10, Role::kModel},     // 15
    Place{"usage", 10, Role::kUsage},     // 16
    Place{"status", 10, Role::kStatus},   // 17
    Place{"incomplete_details", 10},      // 18
    Place{"error", 10, Role::kError},     // 19
    Place{"reason", 18, Role::kFinish},   // 20
    Place{"code", 19, Role::kErrorCode},  // 21
};

constexpr auto kChatNodes = nodesOf(kChatPlaces);
constexpr auto kMessagesNodes = nodesOf(kMessagesPlaces);
constexpr auto kResponsesNodes = nodesOf(kResponsesPlaces);

std::span<const JsonNode> nodesFor(Dialect dialect) {
  switch (dialect) {
    case Dialect::kMessages:
      return kMessagesNodes;
    case Dialect::kResponses:
    case Dialect::kDetect:
      return kResponsesNodes;
    default:
      return kChatNodes;
  }
}

constexpr std::size_t kMaxNote = 256;

/// A JSON string unescaped, a number as written; nothing for anything else.
void takeNote(std::string& note, const wire::JsonHit& hit) {
  if (hit.type == JsonType::kNumber) {
    note = hit.text.substr(0, kMaxNote);
    return;
  }
  if (hit.type != JsonType::kString || hit.text.size() < 2) {
    note.clear();
    return;
  }
  std::string_view inner = hit.text.substr(1, hit.text.size() - 2);
  if (!inner.contains('\\')) {
    note = inner.substr(0, kMaxNote);
    return;
  }
  wire::Parsed<wire::Value> value = wire::readJson(hit.text);
  note = value && value->string() != nullptr ? value->string()->substr(0, kMaxNote) : std::string();
}

/// The first text that says something stays; chunks repeat it.
void noteOnce(std::string& note, const wire::JsonHit& hit) {
  if (note.empty()) {
    takeNote(note, hit);
  }
}

}  // namespace

ReplyScan::ReplyScan(Dialect dialect, ReplyNotes& notes)
    : notes_(notes), scan_(nodesFor(dialect)), dialect_(dialect) {}

void ReplyScan::feed(std::string_view json) {
  scan_.scan(json, *this);
}

void ReplyScan::take(const wire::JsonHit& hit) {
  switch (static_cast<Role>(hit.tag)) {
    case Role::kWay:
      break;
    case Role::kType:
      takeNote(signs_.type, hit);
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
      if (std::string code; takeNote(code, hit), !code.empty()) {
        notes_.error_type = std::move(code);
      }
      break;
    case Role::kErrorType:
      noteOnce(notes_.error_type, hit);
      break;
    case Role::kFinish:
      takeNote(word_, hit);
      break;
    case Role::kStatus:
      takeNote(status_, hit);
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
