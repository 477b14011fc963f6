#include "admin/startup_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "admin/overview.h"
#include "admin/try_line.h"
#include "resource/finding.h"

namespace gatehouse::admin {
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

std::string nothingText(const NothingServed& nothing) {
  std::string text = "  nothing: there is no Gateway that can be served\n";
  if (!nothing.looked_at.empty()) {
    text += "  looked at: " + nothing.looked_at + "\n";
  }
  if (!nothing.next_step.empty()) {
    text += "  next: " + nothing.next_step + "\n";
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

/// The addresses of a port as they were bound.
std::vector<std::string> boundOf(const snapshot::Port& port, const control::View& view) {
  std::vector<std::string> addresses;
  for (const snapshot::BoundAddress& one : view.bound) {
    if (one.gateway == port.gateway.view() && one.port == port.port) {
      addresses.push_back(one.bound);
    }
  }
  return addresses;
}

std::string urlsOf(const snapshot::Port& port, const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& address : addresses) {
    const bool path = isUnixSocket(address);
    text += (text.empty() ? "" : ", ") +
            std::string(
                path       ? ""
                : port.tls ? "https://"
                           : "http://"
            ) +
            address;
  }
  return text.empty() ? "not listening" : text;
}

bool isLoopback(std::string_view address) {
  return isUnixSocket(address) || address.starts_with("127.") || address.starts_with("[::1]");
}

}  // namespace

std::string render(const StartupTable& table) {
  std::string text = "\n" + table.title + "\n\n";
  text += table.routes.empty() ? nothingText(table.nothing) : routesText(table.routes);
  text += "\n";
  for (const ServiceRow& service : table.services) {
    std::string name =
        service.name + std::string(12 - std::min<std::size_t>(12, service.name.size()), ' ');
    text += "  " + name + "http://" + dialable(service.address) + service.path + "\n";
  }
  text += table.notes.empty() ? "" : "\n";
  for (const std::string& note : table.notes) {
    text += "  note: " + note + "\n";
  }
  if (!table.try_line.empty()) {
    text += "\nTry it:\n\n  " + table.try_line + "\n";
  }
  return text + "\n";
}

StartupTable startupTable(
    const snapshot::Snapshot& snapshot, std::vector<ServiceRow> services, const control::View& view
) {
  StartupTable table;
  table.services = std::move(services);
  const std::vector<RouteOverview> rows = overview(snapshot);
  std::vector<Offer> offers;
  for (const RouteOverview& row : rows) {
    std::vector<std::string> addresses = boundOf(*row.port, view);
    if (!addresses.empty()) {
      offers.push_back({&row, dialable(addresses.front())});
    }
    table.routes.push_back(
        {row.gateway,
         row.listener,
         urlsOf(*row.port, addresses),
         row.match,
         row.backend,
         row.target,
         row.key_from}
    );
  }
  table.try_line = tryLine(offers);
  table.title = table.routes.empty() ? "Gatehouse is running, and serves nothing" : table.title;
  std::string beyond;
  for (const snapshot::Port& port : snapshot.ports) {
    for (const std::string& address : boundOf(port, view)) {
      beyond += isLoopback(address) ? "" : (beyond.empty() ? "" : ", ") + address;
    }
  }
  if (!beyond.empty()) {
    table.notes.push_back(
        "open beyond this machine, and no client authentication is configured: " + beyond
    );
  }
  for (const ServiceRow& service : table.services) {
    if (service.name == "admin" && !isLoopback(service.address)) {
      table.notes.push_back(
          "the admin API is open beyond this machine, and asks for no authentication: " +
          service.address
      );
    }
  }
  using resource::Severity;
  for (const Severity severity : {Severity::kError, Severity::kWarning, Severity::kInfo}) {
    for (const resource::Finding& finding : view.findings) {
      if (finding.severity == severity) {
        table.notes.push_back(resource::toString(finding));
      }
    }
  }
  return table;
}

NothingServed nothingServed(const control::View& view, const std::vector<std::string>& paths) {
  NothingServed nothing;
  bool watched = false;
  for (const std::string& path : paths) {
    const bool standard_input = path == "-";
    watched = watched || !standard_input;
    nothing.looked_at += nothing.looked_at.empty() ? "" : ", ";
    nothing.looked_at += standard_input ? "standard input" : path;
  }
  const std::size_t objects = view.objects.size();
  const bool gateway = std::ranges::any_of(view.objects, [](const control::ObjectView& object) {
    return object.key.kind == "Gateway";
  });
  const bool told = gateway || resource::countErrors(view.findings) != 0;
  nothing.looked_at += objects == 0   ? told ? " (nothing that can be read)" : " (no manifest)"
                       : objects == 1 ? " (1 object"
                                      : " (" + std::to_string(objects) + " objects";
  nothing.looked_at += objects == 0 ? "" : gateway ? ")" : ", no Gateway)";
  nothing.next_step = told ? "repair what the notes below say"
                           : "add a Gateway and an HTTPRoute there, as .yaml, .yml or .json";
  nothing.next_step += watched ? "; it is taken over at once" : ", and start again";
  return nothing;
}

std::string checkFailure(const StartupTable& table, const control::View& view) {
  const std::size_t errors = resource::countErrors(view.findings);
  std::string text;
  if (errors != 0) {
    text = "not as written: " + std::to_string(errors) + (errors == 1 ? " error" : " errors");
  }
  if (table.routes.empty()) {
    text += text.empty() ? "nothing is served" : ", and nothing is served";
  }
  return text;
}

std::vector<std::string> startErrors(
    const control::View& view, const Result<std::vector<ServiceRow>>& doors
) {
  std::vector<std::string> errors = view.flag_errors;
  for (const snapshot::BindFailure& failure : view.unbound) {
    // With the listener: a Gateway may have ports that are not served, and then its name is not
    // enough.
    const std::string target = failure.gateway + "/" + failure.listener;
    errors.push_back(
        failure.reason + " (Gateway " + failure.gateway + ", port " + std::to_string(failure.port) +
        "); choose another address with --bind " + target + "=ADDR:PORT"
    );
  }
  if (view.generation == 0 && view.flag_errors.empty()) {
    errors.push_back(
        view.last_error.empty() ? "no configuration could be compiled" : view.last_error
    );
  }
  if (!doors) {
    errors.push_back(doors.error().chain());
  }
  return errors;
}

}  // namespace gatehouse::admin
