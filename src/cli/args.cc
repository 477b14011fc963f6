#include "cli/args.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <memory>
#include <span>
#include <sstream>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "resource/nearest.h"
#include "resource/schema/format.h"

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
    "      a model server: /v1/chat/completions, /v1/messages, /v1/responses (streaming and not),\n"
    "      /v1/embeddings and /v1/models; a model of any name says back what it was told\n"
    "  OPENAI_BASE_URL=http://127.0.0.1:9000/v1  ANTHROPIC_BASE_URL=http://127.0.0.1:9000\n"
    "      points the SDKs of OpenAI and Anthropic straight at it, with any key\n"
    "  gatehouse mock --script faults.yaml --record seen.jsonl\n"
    "      answers by rules and writes down what it received\n"
    "  gatehouse mock --tls-names api.openai.com --ca-out ca.pem\n"
    "      TLS with a certificate made for that name\n"
    "A script is a list of rules; the first that matches answers, without one the simulated "
    "model:\n"
    "  rules:\n"
    "    - match: {method: POST, path: /v1/chat/completions, header: {x-case: slow}, contains: "
    "Hello}\n"
    "      times: 1                            # then the rule is used up\n"
    "      respond:\n"
    "        status: 200\n"
    "        headers: {content-type: text/event-stream}\n"
    "        events: [\"data: {}\\n\\n\"]           # or  body: TEXT  or  echo: true\n"
    "        delay: 100ms                      # before the head\n"
    "        between: 20ms                     # between two pieces\n"
    "        piece: 1                          # bytes of a piece\n"
    "        fault: {after: 3, kind: close}    # or hang; after so many bytes of the body\n";

constexpr const char* kTopExamples =
    "Examples:\n"
    "  gatehouse run                      start with what this machine has\n"
    "  gatehouse run -f config/           start with a folder of resources\n"
    "  gatehouse validate -f config/      check it without starting\n"
    "  gatehouse mock                     a scriptable model server for tests\n";

/// What a value may be stands before the description, what it is without a flag behind it.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (option->get_required()) {
      text += " (required)";
    }
    if (option->get_expected_max() == CLI::detail::expected_max_vector_size) {
      text += "; may be repeated";
    }
    if (!option->get_default_str().empty()) {
      text += " (default: " + option->get_default_str() + ")";
    }
    return text;
  }
};

Nanos nanosOf(double seconds) {
  return std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(seconds));
}

/// Values that are checked or changed before they become RunOptions.
struct RawRun {
  double drain_seconds = 30;
  double keep_alive_seconds = 20;
  std::string log_format;
};

constexpr std::array<std::string_view, 4> kCommands{"run", "validate", "mock", "version"};
constexpr std::string_view kThereAre = "; there are run, validate, mock and version";

PrintAndExit mistake(const std::string& name, const std::string& what) {
  return {name + ": " + what + "\nSee " + name + " --help\n", 2};
}

PrintAndExit noSuchCommand(std::string_view name) {
  const std::string near = resource::didYouMean(name, kCommands);
  return mistake(
      "gatehouse",
      "\"" + printable(name, 40) + "\" is no subcommand" +
          (near.empty() ? std::string(kThereAre) : near)
  );
}

/// The first argument that looks like an option and is none of `command`; empty if there is none.
std::string_view unknownOption(CLI::App& command, std::span<const char* const> arguments) {
  for (std::string_view name : arguments) {
    name = name.substr(0, name.find('='));
    const bool is_long = name.starts_with("--") && name.size() > 2;
    const bool is_short =
        name.size() > 1 && name[0] == '-' && foldChar(name[1]) >= 'a' && foldChar(name[1]) <= 'z';
    const std::string_view looked_up = is_short ? name.substr(0, 2) : name;
    if ((is_long || is_short) && command.get_option_no_throw(std::string(looked_up)) == nullptr) {
      return name;
    }
  }
  return {};
}

std::string nearestOption(CLI::App& command, std::string_view wrong) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return resource::didYouMean(wrong, views);
}

/// Without a subcommand that could say more.
PrintAndExit explainTop(CLI::App& app, std::span<const char* const> arguments) {
  const std::string_view wrong = unknownOption(app, arguments);
  const std::string near = wrong.empty() ? "" : nearestOption(app, wrong);
  if (!near.empty()) {
    return mistake("gatehouse", "unknown option " + printable(wrong, 80) + near);
  }
  return mistake("gatehouse", "a subcommand is missing" + std::string(kThereAre));
}

/// An argument of `command` that is no option.
std::string strayArgument(CLI::App& command, const std::string& argument) {
  const std::string said = "\"" + printable(argument, 80) + "\" is no option";
  if (command.get_option_no_throw("--file") == nullptr) {
    return said + ", and nothing but options is expected";
  }
  return said + "; files and folders are given with -f: gatehouse " + command.get_name() + " -f " +
         printable(argument, 80);
}

/// The mistake in one sentence, and where the help is.
PrintAndExit explain(
    CLI::App& app, const CLI::ParseError& error, std::span<const char* const> arguments
) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (chosen.empty()) {
    return explainTop(app, arguments);
  }
  CLI::App& command = *chosen.front();
  const std::string name = "gatehouse " + command.get_name();
  if (const std::string_view wrong = unknownOption(command, arguments.subspan(1)); !wrong.empty()) {
    return mistake(name, "unknown option " + printable(wrong, 80) + nearestOption(command, wrong));
  }
  std::string what = error.what();
  const std::vector<std::string> strays = command.remaining();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string option = what.substr(0, what.find(':'));
    const CLI::Option* known = command.get_option_no_throw(option);
    if (known != nullptr) {
      what = option + " has no value; give it as " + option + " " + known->get_type_name();
    }
  } else if (!strays.empty()) {
    what = strayArgument(command, strays.front());
  } else if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    what = "--file is missing; name the files and folders with -f PATH";
  }
  return mistake(name, what);
}

/// `text` is a number from `least` to `most`; what it is not, if it is none.
template <typename Number>
std::function<std::string(const std::string&)> between(Number least, Number most) {
  return [least, most](const std::string& text) {
    Number number{};
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && rest == end && number >= least && number <= most) {
      return std::string();
    }
    return fmt::format("\"{}\" is no number from {} to {}", printable(text, 40), least, most);
  };
}

/// Why it can be no namespace; empty if it can.
std::string faultOfNamespace(const std::string& name) {
  const resource::Format& format = *resource::findFormat("ns");
  const bool fits = !name.empty() && format.accepts(name);
  return fits ? "" : "\"" + printable(name, 40) + "\" is no namespace, as team-a is one";
}

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
      ->check(faultOfNamespace)
      ->capture_default_str();
  app.add_flag("--strict", strict, "unknown fields are errors");
}

void addTimes(CLI::App& app, RawRun& raw) {
  app.add_option(
         "--drain-timeout",
         raw.drain_seconds,
         "seconds that running requests get to finish at shutdown"
  )
      ->type_name("SECONDS")
      ->check(between(0.0, 86400.0))
      ->capture_default_str();
  app.add_option(
         "--keep-alive",
         raw.keep_alive_seconds,
         "seconds of silence in a model's stream after which the client is told that it goes on; "
         "0: "
         "never"
  )
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86400.0).description(""))
      ->capture_default_str();
}

void addLimits(CLI::App& app, RunOptions& options) {
  app.add_option(
         "--max-connections",
         options.max_connections,
         "client connections; beyond them clients are told 503 (default: as many as descriptors "
         "and "
         "memory allow)"
  )
      ->type_name("N")
      ->check(between(std::size_t{1}, std::size_t{100'000'000}));
  app.add_option(
         "--max-requests", options.max_requests, "the same for requests under way at a time"
  )
      ->type_name("N")
      ->check(between(std::size_t{1}, std::size_t{100'000'000}));
  app.add_option(
         "--max-buffered",
         options.max_buffered_mib,
         "memory for bodies that are read whole (default: a quarter of all, at most 256 a worker)"
  )
      ->type_name("MIB")
      ->check(between(std::size_t{1}, std::size_t{1U << 20}));
}

void addRun(CLI::App& app, RunOptions& options, RawRun& raw) {
  addFiles(app, options.files, options.default_namespace, options.strict);
  app.add_option("--bind", options.binds, "listen address of a Gateway or one of its listeners")
      ->type_name("GATEWAY[/LISTENER]=ADDR:PORT|unix:/PATH")
      ->allow_extra_args(false);
  app.add_option(
         "--host",
         options.host,
         "address of Gateways that have none of their own (default: loopback)"
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
  app.add_option("--workers", options.workers, "worker threads, 1 to 256 (default: one per core)")
      ->type_name("N")
      ->check(between(1U, 256U));
  app.add_option(
         "--log-format",
         raw.log_format,
         "how the log and the access log are written (default: text on a terminal, json elsewhere)"
  )
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("--log-level", options.log_level, "the least that is logged")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option(
         "--resolve",
         options.resolve,
         "send connections for HOST:PORT to ADDR[:PORT], the first of several that answers; HOST "
         "may be *"
  )
      ->type_name("HOST:PORT:ADDR[:PORT][,ADDR[:PORT]]...")
      ->allow_extra_args(false);
  addTimes(app, raw);
  addLimits(app, options);
  app.add_flag(
      "--check",
      options.check,
      "load, open the addresses, print the start-up table, then exit: 1 if there is any error or "
      "nothing is served"
  );
  app.footer(kRunExamples);
}

void addMock(CLI::App& app, MockOptions& options) {
  app.add_option("--listen", options.listen, "address to listen on; port 0 lets the kernel choose")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  app.add_option("--script", options.script, "YAML file with rules")->type_name("FILE");
  auto* record = app.add_option(
                        "--record",
                        options.record,
                        "append each received request as one JSON line; credentials in its fields "
                        "and query are masked, each as the start of its SHA-256"
  )
                     ->type_name("FILE");
  app.add_flag("--record-keys", options.record_keys, "write credentials into the record in clear")
      ->needs(record);
  auto* names =
      app.add_option(
             "--tls-names", options.tls_names, "serve TLS with a certificate made for these names"
      )
          ->type_name("NAME[,NAME]");
  app.add_option("--ca-out", options.ca_out, "write the certificate authority's PEM here")
      ->type_name("FILE")
      ->needs(names);
  auto* cert = app.add_option("--tls-cert", options.tls_cert, "certificate chain to serve")
                   ->type_name("FILE");
  auto* key = app.add_option("--tls-key", options.tls_key, "its key")->type_name("FILE");
  cert->needs(key);
  key->needs(cert);
  names->excludes(cert);
  app.add_option("--ready-file", options.ready_file, "write ADDR:PORT here once it listens")
      ->type_name("FILE");
  app.footer(kMockExamples);
}

/// "help run" is another way to say "run --help".
std::vector<const char*> wordsOf(std::span<const char* const> given) {
  std::vector<const char*> words(given.begin(), given.end());
  if (words.size() > 1 && std::string_view(words[1]) == "help") {
    words.erase(words.begin() + 1);
    words.resize(std::min<std::size_t>(words.size(), 2));
    words.push_back("--help");
  }
  return words;
}

}  // namespace

Command parseArguments(int argc, const char* const* argv) {
  const std::vector<const char*> words = wordsOf({argv, static_cast<std::size_t>(argc)});
  if (const std::string_view first = words.size() > 1 ? words[1] : "-";
      !first.starts_with('-') && std::ranges::find(kCommands, first) == kCommands.end()) {
    return noSuchCommand(first);
  }
  CLI::App app("Gatehouse: one door from every AI tool to every model", "gatehouse");
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(38);
  app.formatter(formatter);
  app.footer(kTopExamples);
  app.require_subcommand(0, 1);  // none is refused below
  RunOptions run;
  ValidateOptions validate;
  MockOptions mock;
  VersionOptions version;
  bool version_flag = false;
  app.add_flag("--version", version_flag, "print the version");
  RawRun raw;
  CLI::App* run_app = app.add_subcommand("run", "serve the gateways of the given resources");
  addRun(*run_app, run, raw);
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
    app.parse(static_cast<int>(words.size()), words.data());
    if (app.get_subcommands().empty() && !version_flag) {
      throw CLI::RequiredError::Subcommand(1);
    }
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    if (app.exit(error, out, err) == 0) {
      return PrintAndExit{out.str(), 0};
    }
    return explain(app, error, std::span(words).subspan(1));
  }
  if (run_app->parsed()) {
    run.drain_timeout = nanosOf(raw.drain_seconds);
    run.keep_alive = nanosOf(raw.keep_alive_seconds);
    if (!raw.log_format.empty()) {
      run.log_format = raw.log_format == "text" ? LogFormat::kText : LogFormat::kJson;
    }
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
