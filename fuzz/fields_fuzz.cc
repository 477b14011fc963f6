// Field sections against a plain list of pairs: whatever is added, set and removed, both hold the
// same lines, and what is written are these lines. Input: how many lines are received, a name, a
// value and the blanks around it for each; then operations of one octet, a name and a value of one
// octet each from small sets.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
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

constexpr std::string_view kBlanks[] = {" ", "", "\t", "  "};
constexpr std::array<std::string_view, 1> kPrefixes = {"x-o"};

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
  for (std::size_t i = 0; i < model.size(); ++i) {
    require(fields.at(i).name == model[i].first, "same names");
    require(fields.at(i).value == model[i].second, "same values");
  }
}

void requireWritten(const Fields& fields, const Model& model) {
  std::string expected;
  for (const auto& [name, value] : model) {
    if (!iequals(name, "upgrade")) {
      expected.append(name).append(": ").append(value).append("\r\n");
    }
  }
  std::string written(fields.writtenAtMost(), '\0');
  char* end = fields.write(written.data(), {"upgrade"});
  written.resize(static_cast<std::size_t>(end - written.data()));
  require(written == expected, "same written");
}

// Takes the input's first octets.
void receive(std::span<const std::uint8_t>& input, Fields& fields, Model& model) {
  std::size_t lines = std::min<std::size_t>(input[0] % 8, (input.size() - 1) / 3);
  std::string text;
  std::vector<std::array<std::size_t, 3>> places;  // name, value, its end
  for (std::size_t i = 0; i < lines; ++i) {
    std::string_view name = kNames[input[3 * i + 1] % std::size(kNames)];
    std::string_view value =
        gatehouse::http::trimBlanks(kValues[input[3 * i + 2] % std::size(kValues)]);
    std::uint8_t blanks = input[3 * i + 3];
    std::size_t begin = text.size();
    text.append(name).append(":").append(kBlanks[blanks % 4]);
    places.push_back({begin, text.size(), text.size() + value.size()});
    text.append(value).append(kBlanks[(blanks / 4 + 1) % 4]).append("\r\n");
    model.emplace_back(name, value);
  }
  text.append("\r\n");
  Fields::Receiver received(fields, text, lines + 1);
  std::string_view copy = received.text();
  for (std::size_t i = 0; i < lines; ++i) {
    auto [begin, from, to] = places[i];
    std::string_view name = copy.substr(begin, model[i].first.size());
    bool as_written = copy.substr(begin + name.size(), from - begin - name.size()) == ": " &&
                      copy.substr(to, 2) == "\r\n";
    std::string_view value = copy.substr(from, to - from);
    received.add(name, gatehouse::http::fieldIdOf(name), value, as_written);
  }
  received.finish();
  input = input.subspan(1 + 3 * lines);
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
  std::span<const std::uint8_t> input(data, size);
  if (!input.empty()) {
    receive(input, fields, model);
    requireSame(fields, model);
    requireWritten(fields, model);
  }
  for (std::size_t i = 0; i + 2 < input.size(); i += 3) {
    std::string_view name = kNames[input[i + 1] % std::size(kNames)];
    std::string_view value = kValues[input[i + 2] % std::size(kValues)];
    switch (input[i] % 7) {
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
        fields.removeAll(gatehouse::http::FieldFilter({}, kPrefixes));
        std::erase_if(model, [](const auto& line) {
          return gatehouse::istartsWith(line.first, "x-o");
        });
        break;
      default:
        gatehouse::http::removeHopByHop(fields);
        removeHopByHop(model);
        break;
    }
    requireSame(fields, model);
    requireWritten(fields, model);
    requireLookUps(fields, model, name);
  }
  return 0;
}
