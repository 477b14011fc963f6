#include "upstream/tunnel.h"

#include <expected>
#include <optional>
#include <string_view>
#include <utility>

#include "http/h1_read.h"
#include "http/h1_strict.h"
#include "http/head.h"

namespace gatehouse::upstream {
namespace {

/// An answer to CONNECT says little.
constexpr http::HeadLimits kLimits{.field_section = 16 * 1024};

std::unexpected<Error> proxyFailed(
    ErrorKind kind, const std::string& proxy, const std::string& what, Retry retry = Retry::kNever
) {
  return fail(kind, Origin::kUpstream, "proxy " + proxy + " " + what, retry);
}

std::unexpected<Error> proxyRefused(
    const std::string& proxy, const std::string& authority, const http::ResponseHead& answer
) {
  std::string said = "answered " + std::to_string(answer.status);
  if (answer.status == 407) {
    said += " (it wants credentials, or others)";
  }
  said += " to CONNECT " + authority;
  // What it could not reach now may be reached the next time.
  const bool passing = answer.status >= 500;
  return proxyFailed(
      answer.status == 504 ? ErrorKind::kTimeout : ErrorKind::kUpstreamInvalid,
      proxy,
      said,
      passing ? Retry::kYes : Retry::kNever
  );
}

/// The final answer, and whether anything came behind it.
struct Answer {
  http::ResponseHead head;
  bool more = false;
};

/// What the octets bring of the answer: it, nothing yet, or what is wrong. Interim answers (1xx)
/// are passed over; `interim` counts them.
http::Checked<std::optional<Answer>> take(
    http::HeadReader& reader, std::string_view bytes, int& interim
) {
  constexpr int kInterim = 8;
  while (!bytes.empty()) {
    const auto step = reader.push(bytes, kLimits);
    if (!step) {
      return std::unexpected(step.error());
    }
    if (!step->complete) {
      return std::nullopt;
    }
    Answer answer{.head = {}, .more = step->taken < bytes.size()};
    if (auto parsed = reader.parseResponse(http::Method::kConnect, kLimits, answer.head); !parsed) {
      return std::unexpected(parsed.error());
    }
    if (answer.head.status >= 200) {
      return answer;
    }
    if (++interim > kInterim) {
      return std::unexpected(http::Violation::kStatus);
    }
    bytes.remove_prefix(step->taken);
    reader.reset();
  }
  return std::nullopt;
}

io::Task<Result<Answer>> readAnswer(io::Stream& stream, const std::string& proxy) {
  http::HeadReader reader(http::MessageKind::kResponse);
  int interim = 0;
  for (;;) {
    Result<io::ReadLoan> loan = co_await stream.read();
    if (!loan) {
      co_return fail(std::move(loan).error());
    }
    if (loan->empty()) {
      co_return proxyFailed(
          ErrorKind::kUpstreamClosed, proxy, "closed without an answer to CONNECT", Retry::kYes
      );
    }
    auto taken = take(reader, loan->bytes(), interim);
    if (!taken) {
      co_return proxyFailed(
          ErrorKind::kUpstreamInvalid,
          proxy,
          "did not answer in HTTP: " + std::string(http::describe(taken.error()))
      );
    }
    if (*taken) {
      co_return **std::move(taken);
    }
  }
}

}  // namespace

io::Task<Result<void>> askForTunnel(
    io::Stream& stream,
    const std::string& authority,
    const crypto::SecretText* authorization,
    const std::string& proxy
) {
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (authorization != nullptr) {
    request += "Proxy-Authorization: ";
    request += authorization->reveal();
    request += "\r\n";
  }
  request += "\r\n";
  Result<void> sent = co_await stream.write(request);
  crypto::wipe(request);
  GATEHOUSE_CO_CHECK_OK(std::move(sent));
  GATEHOUSE_CO_TRY(const Answer answer, co_await readAnswer(stream, proxy));
  if (answer.head.status < 200 || answer.head.status > 299) {
    co_return proxyRefused(proxy, authority, answer.head);
  }
  if (answer.more) {
    // Neither TLS nor HTTP begins with the server.
    co_return proxyFailed(
        ErrorKind::kUpstreamInvalid, proxy, "sent more than its answer to CONNECT"
    );
  }
  co_return Result<void>();
}

}  // namespace gatehouse::upstream
