// Builds the program: reads the arguments, wires the rooms, runs, drains. Reading this file tells
// what Gatehouse is made of.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "admin/api_health.h"
#include "admin/doors.h"
#include "admin/server.h"
#include "admin/startup_table.h"
#include "allocate.h"
#include "base/line_writer.h"
#include "base/log.h"
#include "cli/args.h"
#include "cli/compile_options.h"
#include "cli/flags.h"
#include "cli/mock.h"
#include "cli/probe.h"
#include "cli/validate.h"
#include "compile/compile.h"
#include "compile/zero_config.h"
#include "control/file_source.h"
#include "control/reconcile.h"
#include "control/reload_loop.h"
#include "control/zero_source.h"
#include "crypto/openssl_memory.h"
#include "environment.h"
#include "io/listener.h"
#include "io/process.h"
#include "io/run_task.h"
#include "io/tls/tls_config.h"
#include "proxy/data_plane.h"
#include "secret/from_environment.h"
#include "telemetry/process_metrics.h"

namespace gatehouse {
namespace {

LogFormat logFormat(cli::LogFormat wanted, int fd) {
  if (wanted == cli::LogFormat::kAutomatic) {
    return ::isatty(fd) != 0 ? LogFormat::kText : LogFormat::kJson;
  }
  return wanted == cli::LogFormat::kText ? LogFormat::kText : LogFormat::kJson;
}

void print(std::FILE* where, const std::string& text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), where));
}

int complain(const std::string& text) {
  print(stderr, "gatehouse: " + text + "\n");
  return 1;
}

int printAndExit(const cli::PrintAndExit& answer) {
  print(answer.exit_code == 0 ? stdout : stderr, answer.text);
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

compile::CompileOptions compileOptions(
    const Clock& clock, const cli::RunOptions& run, cli::ParsedFlags& flags
) {
  compile::CompileOptions options = cli::compileOptions(clock);
  options.addresses.binds = std::move(flags.binds);
  options.addresses.host = run.host;
  options.addresses.reserved = {run.admin, run.metrics, run.readiness};
  return options;
}

int validateCommand(const cli::ValidateOptions& options) {
  SystemClock clock;
  resource::SchemaSet schemas = resource::SchemaSet::builtIn();
  control::FileSource source(
      schemas, fileOptions(options.files, options.default_namespace, options.strict)
  );
  cli::Verdict verdict = cli::validate(source.load(), cli::compileOptions(clock));
  print(stdout, verdict.text);
  return verdict.exit_code;
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

proxy::DataPlaneSettings dataPlaneSettings(
    const cli::RunOptions& options, cli::ParsedFlags& flags, const Clock& clock, const Logger& log
) {
  proxy::DataPlaneSettings settings;
  settings.resolver.overrides = std::move(flags.overrides);
  settings.stream_keep_alive = options.keep_alive;
  settings.telemetry.access_log.format = logFormat(options.log_format, STDOUT_FILENO);
  settings.telemetry.instance = telemetry::instanceName(
      secret::processVariable("POD_NAME").value_or(""), telemetry::hostName(), clock.wall()
  );
  settings.system_roots = systemRoots(log);
  return settings;
}

/// Serves until told to stop, then drains. Reloads end first: nothing is published to workers that
/// are going.
int serveUntilTold(
    const cli::RunOptions& options,
    proxy::DataPlane& plane,
    std::unique_ptr<control::ReloadLoop> reload,
    admin::Health& health,
    const Logger& log
) {
  io::Reactor reactor;
  auto signals = io::Signals::start(reactor, {SIGTERM, SIGINT, SIGHUP});
  if (signals) {
    health.serving = true;
    log.info(
        "ready", {{"workers", plane.workers()}, {"instance", plane.settings().telemetry.instance}}
    );
    io::runTask(reactor, untilTold(**signals, *reload));
  }
  health.draining = true;
  reload.reset();
  std::int64_t seconds = std::chrono::duration_cast<Seconds>(options.drain_timeout).count();
  log.info("draining", {{"seconds", seconds}});
  bool in_time = plane.drain(options.drain_timeout);
  log.info("stopped", {{"clean", in_time}});
  return signals ? 0 : complain(signals.error().chain());
}

/// Everything is wired here; the first configuration is live before the doors say so.
int run(
    const cli::RunOptions& options, cli::ParsedFlags flags, const Clock& clock, const Logger& log
) {
  Result<upstream::ProxyEnvironment> proxies = proxiesInUse(log);
  if (!proxies) {
    return complain(proxies.error().chain());
  }
  LineWriter access_log({.fd = STDOUT_FILENO});
  resource::SchemaSet schemas = resource::SchemaSet::builtIn();
  std::unique_ptr<control::Source> source = makeSource(options, schemas);
  compile::CompileOptions compiling = compileOptions(clock, options, flags);
  compiling.proxies = *std::move(proxies);
  std::size_t workers =
      options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
  telemetry::Metrics metrics(workers);
  proxy::DataPlaneSettings settings = dataPlaneSettings(options, flags, clock, log);
  settings.load = loadLimits(options, workers, log);
  proxy::DataPlane plane(workers, std::move(settings), log, metrics, &access_log);
  control::Reconciler reconciler({*source, plane, clock, log}, std::move(compiling));
  control::ViewHandle view = reconciler.reload();
  auto health = std::make_shared<admin::Health>();
  admin::Server server(log);
  auto doors = admin::openDoors(
      server,
      {options.admin, options.metrics, options.readiness},
      [&reconciler] { return reconciler.view(); },
      metrics,
      {.version = GATEHOUSE_VERSION, .commit = ""},
      health
  );
  const std::vector<std::string> errors = admin::startErrors(*view, doors);
  int exit_code = 0;
  for (const std::string& error : errors) {
    exit_code = complain(error);
  }
  if (errors.empty()) {
    for (const admin::ServiceRow& door : *doors) {
      log.info("serving", {{"service", door.name}, {"address", door.address}});
    }
    admin::StartupTable table = admin::startupTable(*plane.snapshot(), *doors, *view);
    table.title = options.check ? "Gatehouse would serve" : table.title;
    if (table.routes.empty()) {
      table.nothing = admin::nothingServed(*view, options.files);
      log.warn(
          "nothing is served",
          {{"looked_at", table.nothing.looked_at}, {"next", table.nothing.next_step}}
      );
    }
    print(stderr, admin::render(table));
    const std::string failure = options.check ? admin::checkFailure(table, *view) : "";
    exit_code = failure.empty() ? 0 : complain(failure);
  }
  if (!errors.empty() || options.check) {
    plane.drain(Nanos(0));
    return exit_code;
  }
  auto reload = std::make_unique<control::ReloadLoop>(*source, reconciler, log);
  return serveUntilTold(options, plane, std::move(reload), *health, log);
}

int runCommand(const cli::RunOptions& options) {
  io::blockSignals({SIGTERM, SIGINT, SIGHUP});
  io::tuneAllocator();
  Result<cli::ParsedFlags> flags = cli::parseFlags(options);
  if (!flags) {
    return complain(flags.error().chain());
  }
  if (Result<void> there = control::checkPaths(options.files); !there) {
    return complain(there.error().chain());
  }
  SystemClock clock;
  Logger log(
      {.fd = STDERR_FILENO,
       .level = logLevelNamed(options.log_level),
       .format = logFormat(options.log_format, STDERR_FILENO)},
      clock
  );
  return run(options, *std::move(flags), clock, log);
}

}  // namespace
}  // namespace gatehouse

int main(int argc, char** argv) {
  using namespace gatehouse;
  crypto::takeOpenSslMemoryFrom<takeMemory, resizeMemory, giveBackMemory>();
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
