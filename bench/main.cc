// gatehouse_bench upstream|load --name value ...: the two processes around what is measured.
// bench/run drives them.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "roles.h"
#include "wire.h"

int main(int argc, char** argv) {
  using namespace gatehouse::bench;
  std::map<std::string, std::string> given;
  for (int i = 2; i + 1 < argc; i += 2) {
    given[argv[i]] = argv[i + 1];
  }
  auto text = [&given](const char* name, std::string otherwise) {
    auto found = given.find(name);
    return found == given.end() ? otherwise : found->second;
  };
  auto number = [&text](const char* name, const char* otherwise) {
    return std::atof(text(name, otherwise).c_str());
  };
  std::string role = argc > 1 ? argv[1] : "";
  if (role == "upstream") {
    runUpstream(
        {.address = text("--listen", "127.0.0.1:0"),
         .chunks = static_cast<int>(number("--chunks", "0")),
         .interval_millis = static_cast<long>(number("--interval", "20")),
         .echo_file = text("--echo", "")}
    );
  }
  if (role == "load") {
    return runLoad(
        {.address = text("--target", ""),
         .path = text("--path", "/v1/chat/completions"),
         .body_size = static_cast<std::size_t>(number("--size", "1024")),
         .connections = static_cast<int>(number("--connections", "32")),
         .seconds = number("--seconds", "2"),
         .requests = static_cast<long>(number("--requests", "0")),
         .rate = number("--rate", "0"),
         .hold = static_cast<std::size_t>(number("--hold", "0")),
         .events = static_cast<std::size_t>(number("--events", "0")),
         .limit = number("--limit", "60")}
    );
  }
  if (role == "body") {
    std::string body = chatBody(static_cast<std::size_t>(number("--size", "1024")));
    std::fwrite(body.data(), 1, body.size(), stdout);
    return 0;
  }
  std::fprintf(
      stderr, "usage: gatehouse_bench upstream|load|body [--name value ...]; see bench/README.md\n"
  );
  return 2;
}
