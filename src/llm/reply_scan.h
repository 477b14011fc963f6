// Reads one JSON object of a reply, a buffered body or the data of one event, as it comes, for the
// few things we want to know of it (passthrough.h). What lasts over the reply is gathered in
// ReplyNotes; what one object says is ObjectSigns.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "llm/dialect.h"
#include "llm/finish.h"
#include "llm/usage_reader.h"
#include "wire/json_scan.h"

namespace gatehouse::llm {

struct Finish {
  FinishReason reason = FinishReason::kOther;
  std::string word;  // the provider's own
  bool operator==(const Finish&) const = default;
};

/// What is gathered over all objects of one reply. Empty texts were not seen.
struct ReplyNotes {
  static constexpr std::size_t kMaxChoices = 128;  // as many as OpenAI allows

  explicit ReplyNotes(UsageReader reader) : usage(std::move(reader)) {}

  UsageReader usage;
  std::string response_id;
  std::string model;
  std::vector<Finish> finishes;
  std::string error_type;            // code of the error, else its type
  std::bitset<kMaxChoices> started;  // Chat: choices by index
  std::bitset<kMaxChoices> finished;
};

struct ObjectSigns {
  std::string type;                   // the `type` member: "message_start"
  std::uint64_t generated_bytes = 0;  // of text, reasoning and tool arguments
  bool tool_call = false;             // a tool call began or went on
  bool usage = false;                 // has a usage object
  bool error = false;
  bool finish = false;         // says why the model stopped
  bool empty_choices = false;  // `choices: []`
};

class ReplyScan final : private wire::JsonHits {
 public:
  /// `notes` must outlive the scan.
  ReplyScan(Dialect dialect, ReplyNotes& notes);

  void feed(std::string_view json);
  /// What the object said, once all of it was fed.
  ObjectSigns end();
  /// Whether what was fed so far ends within the object.
  bool unfinished() const { return scan_.unfinished(); }

 private:
  void take(const wire::JsonHit& hit) override;
  void takeChoice();
  void takeFinish(std::string word);

  ReplyNotes& notes_;
  ObjectSigns signs_;
  wire::JsonScan scan_;
  std::string word_;    // finish reason of the choice, or of the object
  std::string status_;  // Responses
  std::size_t choice_ = 0;
  bool choices_ = false;     // `choices` is an array
  bool any_choice_ = false;  // and has elements
  Dialect dialect_;
};

}  // namespace gatehouse::llm
