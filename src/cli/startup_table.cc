#include "cli/startup_table.h"

#include <algorithm>
#include <array>

namespace gatehouse::cli {
namespace {

constexpr std::size_t kColumns = 5;
using Line = std::array<std::string, kColumns>;

/// Rows of one table, columns padded to their widest cell; repeated leading cells are left blank.
std::string aligned(const std::vector<Line>& lines) {
  std::array<std::size_t, kColumns> width{};
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      width[i] = std::max(width[i], line[i].size());
    }
  }
  std::string text;
  for (const Line& line : lines) {
    std::string row = "  ";
    for (std::size_t i = 0; i < kColumns; ++i) {
      row += line[i] + std::string(width[i] - line[i].size() + 2, ' ');
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

std::string routesText(const std::vector<RouteRow>& routes) {
  std::vector<Line> lines;
  lines.push_back({"GATEWAY/LISTENER", "ADDRESS", "ROUTE", "BACKEND", "KEY FROM"});
  std::string last;
  for (const RouteRow& row : routes) {
    std::string place = row.gateway + "/" + row.listener;
    bool repeated = place == last;
    last = place;
    std::string backend = row.backend.empty() ? row.target : row.backend + " -> " + row.target;
    lines.push_back({
        repeated ? "" : place,
        repeated ? "" : row.address,
        row.match,
        std::move(backend),
        row.key_from.empty() ? "-" : row.key_from,
    });
  }
  return aligned(lines);
}

}  // namespace

std::string render(const StartupTable& table) {
  std::string text = "\nGatehouse is serving\n\n";
  text += routesText(table.routes);
  text += "\n";
  for (const ServiceRow& service : table.services) {
    text += "  " + service.name +
            std::string(service.name.size() < 12 ? 12 - service.name.size() : 1, ' ') +
            service.address + "\n";
  }
  for (const std::string& note : table.notes) {
    text += "\n  note: " + note + "\n";
  }
  if (!table.try_line.empty()) {
    text += "\nTry it:\n\n  " + table.try_line + "\n";
  }
  return text + "\n";
}

std::string curlLine(const std::string& base, const std::string& model) {
  return "curl " + base +
         "/v1/chat/completions -H 'content-type: application/json' -d '{\"model\":\"" + model +
         "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}]}'";
}

}  // namespace gatehouse::cli
