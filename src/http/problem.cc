#include "http/problem.h"

#include "wire/json_write.h"

namespace gatehouse::http {

std::string writeProblem(const Problem& problem) {
  std::string out;
  wire::JsonWriter json(out);
  auto member = [&json](std::string_view name, std::string_view text) {
    if (!text.empty()) {
      json.key(name).string(text);
    }
  };
  json.beginObject();
  member("type", problem.type);
  member("title", problem.title.empty() ? reasonPhrase(problem.status) : problem.title);
  json.key("status").number(problem.status);
  member("detail", problem.detail);
  member("code", problem.code);
  member("request_id", problem.request_id);
  json.endObject();
  return out;
}

}  // namespace gatehouse::http
