#include "wire.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gatehouse::bench {
namespace {

sockaddr_in parse(std::string_view address) {
  std::size_t colon = address.rfind(':');
  std::string ip(address.substr(0, colon));
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port =
      htons(static_cast<std::uint16_t>(std::atoi(std::string(address.substr(colon + 1)).c_str())));
  must(::inet_pton(AF_INET, ip.c_str(), &result.sin_addr) == 1 ? 0 : -1, "address");
  return result;
}

std::string chunked(std::string_view data) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return std::string(size) + std::string(data) + "\r\n";
}

bool sameFolded(char given, char small) {
  return (given >= 'A' && given <= 'Z' ? given + 32 : given) == small;
}

}  // namespace

int must(int result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::exit(1);
  }
  return result;
}

int listenOn(std::string_view address) {
  int fd = must(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in where = parse(address);
  must(::bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where), "bind");
  must(::listen(fd, 16384), "listen");
  return fd;
}

std::uint16_t portOf(int fd) {
  sockaddr_in where{};
  socklen_t size = sizeof where;
  must(::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size), "getsockname");
  return ntohs(where.sin_port);
}

int connectTo(std::string_view address) {
  int fd = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  sockaddr_in where = parse(address);
  must(::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where), "connect");
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  must(::fcntl(fd, F_SETFL, O_NONBLOCK), "fcntl");
  return fd;
}

std::string chatBody(std::size_t size) {
  std::string body =
      R"({"temperature":0.7,"top_p":1,"n":1,"stream":false,"max_tokens":512,"presence_penalty":0,"frequency_penalty":0,)"
      R"("seed":7,"user":"bench","stop":null,"logprobs":false,"tool_choice":"auto","messages":[{"role":"user","content":")";
  constexpr std::string_view kTail = R"("}],"model":"client-model"})";
  constexpr std::string_view kText = R"(a line of code = \"text\";\n  )";
  while (body.size() + kTail.size() + kText.size() < size) {
    body += kText;
  }
  return body + std::string(kTail);
}

std::string chatRequest(std::string_view host, std::string_view path, std::string_view body) {
  std::string request =
      "POST " + std::string(path) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n";
  request +=
      "User-Agent: OpenAI/Python 1.59.6\r\nAccept: application/json\r\nContent-Type: "
      "application/json\r\n"
      "Authorization: Bearer not-needed-proxy\r\nX-Stainless-Lang: "
      "python\r\nX-Stainless-Package-Version: 1.59.6\r\n"
      "X-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r\n"
      "X-Stainless-Runtime-Version: 3.11.7\r\nX-Stainless-Async: false\r\nX-Stainless-Retry-Count: "
      "0\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return request + std::string(body);
}

std::string chatReply() {
  std::string body =
      R"({"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench-model","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":"This is a short answer of the usual kind, two sentences long. It ends here."},)"
      R"("logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":210,"completion_tokens":24,"total_tokens":234},)"
      R"("system_fingerprint":"fp_bench"})";
  return "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: "
         "application/json\r\n"
         "x-request-id: req_bench\r\nopenai-version: 2020-10-01\r\nopenai-processing-ms: 12\r\n"
         "x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: "
         "9999\r\nx-ratelimit-reset-requests: 6ms\r\n"
         "strict-transport-security: max-age=31536000\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string streamHead() {
  return "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: "
         "text/event-stream; charset=utf-8\r\n"
         "x-request-id: req_bench\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
}

std::string streamChunk() {
  return chunked(
      R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-model",)"
      R"("system_fingerprint":"fp_bench","choices":[{"index":0,"delta":{"content":" a few more words of text that a model writes"},)"
      R"("logprobs":null,"finish_reason":null}],"usage":null})"
      "\n\n"
  );
}

std::string streamEnd() {
  return chunked(
             R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-model",)"
             R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
             "\n\n"
         ) +
         chunked("data: [DONE]\n\n") + "0\r\n\r\n";
}

std::string_view fieldOf(std::string_view head, std::string_view name) {
  constexpr std::size_t kNone = std::string_view::npos;
  for (std::size_t at = head.find("\r\n"); at != kNone; at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        std::ranges::equal(line.substr(0, name.size()), name, sameFolded)) {
      line = line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
      return line.substr(std::min(line.find_first_not_of(' '), line.size()));
    }
  }
  return {};
}

std::optional<std::size_t> contentLength(std::string_view head) {
  std::string_view text = fieldOf(head, "content-length");
  std::size_t length = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return length;
}

double nowMillis() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch()
  )
      .count();
}

}  // namespace gatehouse::bench
