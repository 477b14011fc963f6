// Field sections against a plain list of pairs: whatever is added, set and removed, both hold the
// same lines. Input: operations of one octet, a name and a value of one octet each from small sets.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "http/fields.h"
#include "http/token.h"

namespace {

using gatehouse::iequals;
using gatehouse::http::Fields;

using Model = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kNames[] = {
    "Connection",
    "connection",
    "TE",
    "X-One",
    "x-one",
    "Keep-Alive",
    "Upgrade",
    "A",
    "a",
    "Authorization"
};
constexpr std::string_view kValues[] = {"", "close", "X-One, a", ", ,TE ,", "one two", "Upgrade"};

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

std::size_t removeAll(Model& model, std::string_view name) {
  return std::erase_if(model, [&](const auto& line) { return iequals(line.first, name); });
}

void removeHopByHop(Model& model) {
  std::vector<std::string> doomed = {"Connection", "Keep-Alive", "TE", "Upgrade"};
  for (const auto& [name, value] : model) {
    std::string_view list = value;
    while (iequals(name, "Connection") && !list.empty()) {
      doomed.emplace_back(gatehouse::http::nextElement(list));
    }
  }
  for (const std::string& name : doomed) {
    removeAll(model, name);
  }
}

void requireSame(const Fields& fields, const Model& model) {
  require(fields.size() == model.size(), "same number of lines");
  std::size_t octets = 0;
  for (std::size_t i = 0; i < model.size(); ++i) {
    require(fields.at(i).name == model[i].first, "same names");
    require(fields.at(i).value == model[i].second, "same values");
    octets += model[i].first.size() + model[i].second.size();
  }
  require(fields.octets() == octets, "same octets");
}

void requireLookUps(const Fields& fields, const Model& model, std::string_view name) {
  std::string joined;
  std::size_t count = 0;
  for (const auto& [each, value] : model) {
    if (iequals(each, name)) {
      joined += (count++ == 0 ? "" : ", ") + value;
    }
  }
  require(fields.count(name) == count && fields.has(name) == (count != 0), "same count");
  require(fields.joined(name) == joined, "same joined value");
  require(fields.get(name).has_value() == (count != 0), "found or not");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields fields;
  Model model;
  for (std::size_t i = 0; i + 2 < size; i += 3) {
    std::string_view name = kNames[data[i + 1] % std::size(kNames)];
    std::string_view value = kValues[data[i + 2] % std::size(kValues)];
    switch (data[i] % 7) {
      case 0:
      case 1:
        fields.add(name, value);
        model.emplace_back(name, value);
        break;
      case 2:
        fields.set(name, value);
        removeAll(model, name);
        model.emplace_back(name, value);
        break;
      case 3:
        require(fields.remove(name) == removeAll(model, name), "same number removed");
        break;
      case 4:
        fields.removeAllWiped({"connection", "authorization"});
        removeAll(model, "connection");
        removeAll(model, "authorization");
        break;
      case 5:
        fields.removeStartingWith("x-");
        std::erase_if(model, [](const auto& line) {
          return gatehouse::istartsWith(line.first, "x-");
        });
        break;
      default:
        gatehouse::http::removeHopByHop(fields);
        removeHopByHop(model);
        break;
    }
    requireSame(fields, model);
    requireLookUps(fields, model, name);
  }
  return 0;
}
