// Builds the program: reads the arguments, wires the rooms, runs, drains. Reading this file tells
// what Gatehouse is made of.
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "admin/api_health.h"
#include "admin/api_metrics.h"
#include "admin/api_resources.h"
#include "admin/overview.h"
#include "admin/server.h"
#include "base/line_writer.h"
#include "base/log.h"
#include "cli/args.h"
#include "cli/mock.h"
#include "cli/probe.h"
#include "cli/startup_table.h"
#include "cli/validate.h"
#include "compile/compile.h"
#include "compile/zero_config.h"
#include "control/file_source.h"
#include "control/reconcile.h"
#include "control/reload_loop.h"
#include "control/zero_source.h"
#include "io/local_addresses.h"
#include "io/process.h"
#include "io/run_task.h"
#include "io/tls_pem.h"
#include "proxy/data_plane.h"
#include "secret/from_environment.h"
#include "telemetry/scrape.h"

namespace gatehouse {
namespace {

LogFormat logFormat(cli::LogFormat wanted, int fd) {
  if (wanted == cli::LogFormat::kAutomatic) {
    return ::isatty(fd) != 0 ? LogFormat::kText : LogFormat::kJson;
  }
  return wanted == cli::LogFormat::kText ? LogFormat::kText : LogFormat::kJson;
}

LogLevel logLevel(const std::string& name) {
  if (name == "debug") {
    return LogLevel::kDebug;
  }
  if (name == "warn") {
    return LogLevel::kWarn;
  }
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

void say(const std::string& text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

int complain(const std::string& text) {
  say("gatehouse: " + text + "\n");
  return 1;
}

int printAndExit(const cli::PrintAndExit& answer) {
  std::FILE* where = answer.exit_code == 0 ? stdout : stderr;
  static_cast<void>(std::fwrite(answer.text.data(), 1, answer.text.size(), where));
  return answer.exit_code;
}

std::string versionText(bool verbose) {
  std::string text = "gatehouse " GATEHOUSE_VERSION "\n";
  if (verbose) {
    text += "compiler " __VERSION__ "\nC++ " + std::to_string(__cplusplus) + "\n";
  }
  return text;
}

control::FileSourceOptions fileOptions(
    std::vector<std::string> paths, std::string ns, bool strict
) {
  return {
      .paths = std::move(paths),
      .load =
          {.default_namespace = std::move(ns), .strict = strict, .variable = secret::processVariable
          },
      .read_stdin = control::readStandardInput,
  };
}

compile::CompileOptions compileOptions(const Clock& clock) {
  compile::CompileOptions options;
  options.addresses.has_ipv6 = io::hasIpv6Loopback();
  options.addresses.local_addresses = io::localAddresses();
  options.check_key_pair = [](std::string_view chain,
                              std::string_view key) -> std::optional<std::string> {
    Result<void> checked = io::checkKeyPair(chain, key);
    return checked ? std::nullopt : std::optional(checked.error().chain());
  };
  options.now = clock.wall();
  return options;
}

int validateCommand(const cli::ValidateOptions& options) {
  SystemClock clock;
  resource::SchemaSet schemas = resource::SchemaSet::builtIn();
  control::FileSource source(
      schemas, fileOptions(options.files, options.default_namespace, options.strict)
  );
  cli::Verdict verdict = cli::validate(source.load(), compileOptions(clock));
  static_cast<void>(std::fwrite(verdict.text.data(), 1, verdict.text.size(), stdout));
  return verdict.exit_code;
}

/// Flags that have to be understood before anything starts.
struct ParsedFlags {
  std::vector<compile::BindFlag> binds;
  std::vector<io::HostOverride> overrides;
};

Result<ParsedFlags> parseFlags(const cli::RunOptions& options) {
  ParsedFlags flags;
  for (const std::string& text : options.binds) {
    GATEHOUSE_TRY(flags.binds.emplace_back(), compile::parseBindFlag(text));
  }
  for (const std::string& text : options.resolve) {
    GATEHOUSE_TRY(flags.overrides.emplace_back(), io::HostOverride::parse(text));
  }
  return flags;
}

std::unique_ptr<control::Source> makeSource(
    const cli::RunOptions& options, const resource::SchemaSet& schemas
) {
  if (!options.files.empty()) {
    return std::make_unique<control::FileSource>(
        schemas, fileOptions(options.files, options.default_namespace, options.strict)
    );
  }
  io::Reactor reactor;
  std::vector<compile::LocalServer> servers;
  for (std::uint16_t port : io::runTask(
           reactor, cli::probeLocalServers(reactor, compile::localServerPorts(), Millis(500))
       )) {
    servers.push_back({port});
  }
  return std::make_unique<control::ZeroSource>(
      schemas, compile::makeZeroConfig(secret::processVariable, servers), secret::processVariable
  );
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : ", ") + part;
  }
  return text;
}

/// The addresses of a port as they were bound, as URLs.
std::string boundUrls(const snapshot::Port& port, const proxy::DataPlane& plane) {
  std::vector<std::string> urls;
  for (const std::string& address : port.addresses) {
    if (std::optional<std::string> bound = plane.boundAddress(port, address)) {
      urls.push_back((port.tls ? "https://" : "http://") + *bound);
    }
  }
  return urls.empty() ? "not listening" : joined(urls);
}

cli::StartupTable startupTable(
    const proxy::DataPlane& plane,
    const std::vector<cli::ServiceRow>& services,
    const control::View& view
) {
  cli::StartupTable table;
  table.services = services;
  for (const admin::RouteOverview& row : admin::overview(*plane.snapshot())) {
    std::string urls = boundUrls(*row.port, plane);
    if (table.try_line.empty() && !row.path.empty() && !row.port->tls &&
        (row.simulated || row.target.starts_with("http"))) {
      std::string base = urls.substr(0, urls.find(','));
      table.try_line = cli::curlLine(
          base + (row.path == "/" ? "" : row.path), row.simulated ? "sim/echo" : "any"
      );
    }
    table.routes.push_back(
        {row.gateway, row.listener, urls, row.match, row.backend, row.target, row.key_from}
    );
  }
  for (const resource::Finding& finding : view.findings) {
    table.notes.push_back(resource::toString(finding));
  }
  return table;
}

/// What keeps a start from being a start.
std::vector<std::string> startErrors(const control::View& view) {
  std::vector<std::string> errors = view.flag_errors;
  for (const snapshot::BindFailure& failure : view.unbound) {
    errors.push_back(
        "cannot listen on " + failure.address + " for Gateway " + failure.gateway + " port " +
        std::to_string(failure.port) + ": " + failure.reason +
        "; choose another address with --bind " + failure.gateway + "=ADDR:PORT"
    );
  }
  if (view.generation == 0) {
    errors.push_back(
        view.last_error.empty() ? "no configuration could be compiled" : view.last_error
    );
  }
  return errors;
}

/// Waits for signals: SIGHUP reloads, SIGTERM and SIGINT return.
io::Task<void> untilTold(io::Signals& signals, control::ReloadLoop& reload) {
  for (;;) {
    Result<int> signal = co_await signals.next();
    if (!signal || *signal == SIGTERM || *signal == SIGINT) {
      co_return;
    }
    reload.reloadNow();
  }
}

/// The doors beside the traffic. Fails with the address that cannot be opened.
Result<std::vector<cli::ServiceRow>> openDoors(
    admin::Server& server,
    const cli::RunOptions& options,
    const control::Reconciler& reconciler,
    telemetry::Metrics& metrics,
    std::shared_ptr<const admin::Health> health
) {
  admin::ReadView view = [&reconciler] { return reconciler.view(); };
  auto scraper = std::make_shared<telemetry::Scraper>(
      metrics, telemetry::BuildIdentity{.version = GATEHOUSE_VERSION, .commit = ""}
  );
  auto feed = std::make_shared<admin::ConfigFeed>(metrics.control());
  GATEHOUSE_TRY(
      std::string api,
      server.serve(options.admin, admin::HostCheck::kLoopback, admin::resourcesHandler(view))
  );
  GATEHOUSE_TRY(
      std::string scrape,
      server.serve(
          options.metrics, admin::HostCheck::kAny, admin::metricsHandler(scraper, feed, view)
      )
  );
  GATEHOUSE_TRY(
      std::string ready,
      server.serve(
          options.readiness, admin::HostCheck::kAny, admin::healthHandler(std::move(health), view)
      )
  );
  return std::vector<cli::ServiceRow>{
      {"admin", "http://" + api + "/api/resources"},
      {"metrics", "http://" + scrape + "/metrics"},
      {"readiness", "http://" + ready + "/healthz/ready"},
  };
}

int runCommand(const cli::RunOptions& options) {
  io::blockSignals({SIGTERM, SIGINT, SIGHUP});
  io::tuneAllocator();
  Result<ParsedFlags> flags = parseFlags(options);
  if (!flags) {
    return complain(flags.error().chain());
  }
  SystemClock clock;
  Logger log(
      {.fd = STDERR_FILENO,
       .level = logLevel(options.log_level),
       .format = logFormat(options.log_format, STDERR_FILENO)},
      clock
  );
  LineWriter access_log({.fd = STDOUT_FILENO});
  if (Result<io::FdLimit> limit = io::raiseFdLimit(); !limit) {
    log.warn("descriptor limit stays", {{"error", limit.error().chain()}});
  }
  auto roots = io::TrustStore::system();
  if (!roots) {
    log.warn("system root certificates cannot be read", {{"error", roots.error().chain()}});
  }
  resource::SchemaSet schemas = resource::SchemaSet::builtIn();
  std::unique_ptr<control::Source> source = makeSource(options, schemas);
  std::size_t workers =
      options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
  telemetry::Metrics metrics(workers);
  proxy::DataPlaneSettings settings;
  settings.resolver.overrides = std::move(flags->overrides);
  settings.system_roots = roots ? *roots : nullptr;
  settings.telemetry.access_log.format = logFormat(options.log_format, STDOUT_FILENO);
  proxy::DataPlane plane(workers, std::move(settings), log, metrics, &access_log);
  compile::CompileOptions compiling = compileOptions(clock);
  compiling.addresses.binds = std::move(flags->binds);
  compiling.addresses.host = options.host;
  compiling.addresses.reserved = {options.admin, options.metrics, options.readiness};
  control::Reconciler reconciler({*source, plane, clock, log}, std::move(compiling));
  control::ViewHandle view = reconciler.reload();
  auto health = std::make_shared<admin::Health>();
  std::vector<std::string> errors = startErrors(*view);
  admin::Server server(log);
  auto doors = openDoors(server, options, reconciler, metrics, health);
  if (!doors) {
    errors.push_back(
        doors.error().chain() + "; choose other addresses with --admin, --metrics, --readiness"
    );
  }
  if (!errors.empty()) {
    plane.drain(Nanos(0));
    return complain(joined(errors));
  }
  for (const cli::ServiceRow& door : *doors) {
    log.info(
        "serving",
        {{"service", door.name}, {"address", door.address.substr(7, door.address.find('/', 7) - 7)}}
    );
  }
  say(cli::render(startupTable(plane, *doors, *view)));
  if (options.check) {
    plane.drain(Nanos(0));
    return 0;
  }
  control::ReloadLoop reload(*source, reconciler, log);
  health->serving = true;
  log.info("ready", {{"workers", workers}, {"generation", view->generation}});
  io::Reactor reactor;
  auto signals = io::Signals::start(reactor, {SIGTERM, SIGINT, SIGHUP});
  if (!signals) {
    return complain(signals.error().chain());
  }
  io::runTask(reactor, untilTold(**signals, reload));
  health->draining = true;
  log.info(
      "draining", {{"seconds", std::chrono::duration_cast<Seconds>(options.drain_timeout).count()}}
  );
  bool in_time = plane.drain(options.drain_timeout);
  log.info("stopped", {{"clean", in_time}});
  return 0;
}

}  // namespace
}  // namespace gatehouse

int main(int argc, char** argv) {
  using namespace gatehouse;
  cli::Command command = cli::parseArguments(argc, argv);
  if (const auto* answer = std::get_if<cli::PrintAndExit>(&command)) {
    return printAndExit(*answer);
  }
  if (const auto* run = std::get_if<cli::RunOptions>(&command)) {
    return runCommand(*run);
  }
  if (const auto* check = std::get_if<cli::ValidateOptions>(&command)) {
    return validateCommand(*check);
  }
  if (const auto* mock = std::get_if<cli::MockOptions>(&command)) {
    return cli::runMock(*mock);
  }
  return printAndExit({.text = versionText(std::get<cli::VersionOptions>(command).verbose)});
}
