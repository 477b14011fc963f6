#include "cli/args.h"

#include <CLI/CLI.hpp>

namespace gatehouse::cli {
namespace {

constexpr const char* kRunExamples =
    "Examples:\n"
    "  gatehouse run\n"
    "      no configuration: keys from the environment, local model servers, and sim/echo\n"
    "  gatehouse run -f config/\n"
    "      every .yaml, .yml and .json below the folder; changes are taken over at once\n"
    "  gatehouse run -f config/ --bind agentgateway-proxy=0.0.0.0:8080\n"
    "      one Gateway on an address of your choice\n"
    "  gatehouse run -f config/ --resolve api.openai.com:443:127.0.0.1:9443\n"
    "      send an upstream's traffic somewhere else, as curl's --resolve\n";

constexpr const char* kValidateExamples =
    "Examples:\n"
    "  gatehouse validate -f config/\n"
    "  gatehouse validate --strict -f gateway.yaml -f routes/\n"
    "Every finding is one line: file:line:column: severity: Kind namespace/name: field.path: "
    "message\n";

constexpr const char* kMockExamples =
    "Examples:\n"
    "  gatehouse mock --listen 127.0.0.1:9000\n"
    "      answers chat completions, streaming and not\n"
    "  gatehouse mock --script faults.yaml --record seen.jsonl\n"
    "      answers by rules and writes down what it received\n"
    "  gatehouse mock --tls-names api.openai.com --ca-out ca.pem\n"
    "      TLS with a certificate made for that name\n";

constexpr const char* kTopExamples =
    "Examples:\n"
    "  gatehouse run                      start with what this machine has\n"
    "  gatehouse run -f config/           start with a folder of resources\n"
    "  gatehouse validate -f config/      check it without starting\n"
    "  gatehouse mock                     a scriptable model server for tests\n";

void addFiles(
    CLI::App& app, std::vector<std::string>& files, std::string& default_namespace, bool& strict
) {
  app.add_option(
         "-f,--file",
         files,
         "file or folder of resources (recursive; YAML, JSON, - for standard input)"
  )
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("-n,--namespace", default_namespace, "namespace of objects that name none")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_flag("--strict", strict, "unknown fields are errors");
}

void addRun(CLI::App& app, RunOptions& options, double& drain_seconds) {
  addFiles(app, options.files, options.default_namespace, options.strict);
  app.add_option("--bind", options.binds, "listen address of a Gateway or one of its listeners")
      ->type_name("GATEWAY[/LISTENER]=ADDR:PORT")
      ->allow_extra_args(false);
  app.add_option(
         "--host", options.host, "address for Gateways without one of their own (default: loopback)"
  )
      ->type_name("ADDR");
  app.add_option("--admin", options.admin, "admin API")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  app.add_option("--metrics", options.metrics, "Prometheus metrics")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  app.add_option("--readiness", options.readiness, "readiness probe")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  app.add_option("--workers", options.workers, "worker threads (default: one per core)")
      ->type_name("N")
      ->check(CLI::Range(1U, 256U));
  app.add_option(
         "--log-format",
         options.log_format,
         "text or json (default: text on a terminal, json elsewhere)"
  )
      ->type_name("FORMAT")
      ->transform(CLI::CheckedTransformer(std::map<std::string, LogFormat>{
                                              {"text", LogFormat::kText}, {"json", LogFormat::kJson}
                                          }
      ).description("{text,json}"));
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--resolve", options.resolve, "send connections for HOST:PORT to ADDR[:PORT]")
      ->type_name("HOST:PORT:ADDR[:PORT]")
      ->allow_extra_args(false);
  app.add_option(
         "--drain-timeout", drain_seconds, "seconds that running requests get to finish at shutdown"
  )
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  app.add_flag("--check", options.check, "load, compile and print the start-up table, then exit");
  app.footer(kRunExamples);
}

void addMock(CLI::App& app, MockOptions& options) {
  app.add_option("--listen", options.listen, "address; port 0 lets the kernel choose")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  app.add_option("--script", options.script, "YAML file with rules")->type_name("FILE");
  app.add_option("--record", options.record, "append each received request as one JSON line")
      ->type_name("FILE");
  app.add_option(
         "--tls-names", options.tls_names, "serve TLS with a certificate made for these names"
  )
      ->type_name("NAME[,NAME]");
  app.add_option("--ca-out", options.ca_out, "write the certificate authority's PEM here")
      ->type_name("FILE");
  auto* cert = app.add_option("--tls-cert", options.tls_cert, "certificate chain to serve")
                   ->type_name("FILE");
  auto* key = app.add_option("--tls-key", options.tls_key, "its key")->type_name("FILE");
  cert->needs(key);
  key->needs(cert);
  app.add_option("--ready-file", options.ready_file, "write ADDR:PORT here once it listens")
      ->type_name("FILE");
  app.footer(kMockExamples);
}

}  // namespace

Command parseArguments(int argc, const char* const* argv) {
  CLI::App app("Gatehouse: one door from every AI tool to every model", "gatehouse");
  app.footer(kTopExamples);
  app.require_subcommand(0, 1);  // none is refused below: here a misspelt one would not be named
  RunOptions run;
  ValidateOptions validate;
  MockOptions mock;
  VersionOptions version;
  bool version_flag = false;
  app.add_flag("--version", version_flag, "the same as the subcommand");
  double drain_seconds = 30;
  CLI::App* run_app = app.add_subcommand("run", "serve the gateways of the given resources");
  addRun(*run_app, run, drain_seconds);
  CLI::App* validate_app =
      app.add_subcommand("validate", "check resources and print every finding");
  addFiles(*validate_app, validate.files, validate.default_namespace, validate.strict);
  validate_app->get_option("--file")->required();
  validate_app->footer(kValidateExamples);
  CLI::App* mock_app = app.add_subcommand("mock", "a scriptable model server for tests");
  addMock(*mock_app, mock);
  CLI::App* version_app = app.add_subcommand("version", "print the version");
  version_app->add_flag("-v,--verbose", version.verbose, "with libraries and build");
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty() && !version_flag) {
      throw CLI::RequiredError::Subcommand(1);
    }
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    int code = app.exit(error, out, err);
    return PrintAndExit{out.str() + err.str(), code == 0 ? 0 : 2};
  }
  if (run_app->parsed()) {
    run.drain_timeout =
        std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(drain_seconds));
    return run;
  }
  if (validate_app->parsed()) {
    return validate;
  }
  if (mock_app->parsed()) {
    return mock;
  }
  return version;
}

}  // namespace gatehouse::cli
