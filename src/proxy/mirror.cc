#include "proxy/mirror.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "io/buffer_pool.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "proxy/call_upstream.h"
#include "snapshot/filter.h"
#include "upstream/attempt.h"

namespace gatehouse::proxy {
namespace {

using telemetry::MirrorResult;

constexpr std::size_t kMostAtOnce = 16;  // to one mirror, on one worker
constexpr std::size_t kLargestBody = std::size_t{1}
                                     << 20;  // larger ones would keep buffers from others
constexpr std::size_t kMostRead = std::size_t{1}
                                  << 16;      // of an answer, so that the connection stays
constexpr Nanos kTimeToAnswer = Seconds(30);  // to the head
constexpr Nanos kTimeToEnd = Seconds(600);

/// Its place among those that are under way to one mirror.
class Place {
 public:
  explicit Place(std::size_t& taken) : taken_(&taken) { ++taken; }
  Place(Place&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (taken_ != nullptr) {
      --*taken_;
    }
  }

 private:
  std::size_t* taken_;
};

/// One copy, whole but for its body.
struct Copy {
  telemetry::Name backend;
  upstream::EndpointHandle endpoint;
  http::RequestHead head;
};

bool isChosen(Worker& worker, const snapshot::Mirror& mirror) {
  return mirror.numerator >= mirror.denominator ||
         worker.telemetry().random().next() % mirror.denominator < mirror.numerator;
}

/// Where the request itself goes.
struct Original {
  const UpstreamCall& call;
  std::string_view target;
};

/// The copy for one mirror; nothing, and counted, when there is none to be sent. A mirror without a
/// credential of its own gets the client's, if the request keeps that and no filter sets another:
/// that one is for the backend.
std::optional<Copy> copyFor(
    Worker& worker, Exchange& x, const Original& original, const snapshot::Backend& backend
) {
  const auto& http = std::get<snapshot::HttpBackend>(backend.target);
  if (http.endpoints.empty()) {
    worker.telemetry().mirrored(backend.name, MirrorResult::kFailed);
    return std::nullopt;
  }
  const std::size_t choice = worker.telemetry().random().next() % http.endpoints.size();
  UpstreamCall call{
      .callee = original.call.callee,
      .endpoint = http.endpoints[choice],
      .auth = &http.auth,
      .provider = {},
      .model_sent = {},
  };
  http::Fields fields = x.head().fields;
  Result<http::RequestHead> head = upstreamHead(x, call, std::string(original.target));
  x.head().fields = std::move(fields);
  if (!head) {
    worker.telemetry().mirrored(backend.name, MirrorResult::kFailed);
    return std::nullopt;
  }
  const bool keeps =
      original.call.auth->credentials.empty() &&
      std::ranges::none_of(x.filters->request, &snapshot::FieldChange::setsCredential);
  if (http.auth.credentials.empty() && !keeps) {
    http::ClientCredential::discard(*head);
  }
  return Copy{backend.name, std::move(call.endpoint), *std::move(head)};
}

/// Mirrors of the rule stand before those of the backendRef, and what the backendRef changes is not
/// for them.
std::vector<Copy> copiesOf(Worker& worker, Exchange& x, const Original& original) {
  std::vector<Copy> copies;
  const snapshot::Filters* const chosen = x.filters;
  const snapshot::Filters* const of_rule = x.rule->filters.get();
  std::size_t left_of_rule = of_rule == nullptr ? 0 : of_rule->mirrors.size();
  for (const snapshot::Mirror& mirror : chosen->mirrors) {
    x.filters = left_of_rule != 0 ? of_rule : chosen;
    left_of_rule -= left_of_rule != 0 ? 1 : 0;
    if (!isChosen(worker, mirror)) {
      continue;
    }
    if (auto copy = copyFor(worker, x, original, *mirror.backend)) {
      copies.push_back(*std::move(copy));
    }
  }
  x.filters = chosen;
  return copies;
}

/// Reads a short answer to its end: then its connection can be used again. A long one is let go.
io::Task<Result<void>> readAnswer(http::Body body) {
  http::BodySource* source = body.source();
  for (std::size_t read = 0; source != nullptr && read < kMostRead;) {
    GATEHOUSE_CO_TRY(http::Piece piece, co_await source->pull());
    if (piece.end) {
      break;
    }
    read += piece.bytes.size();
  }
  co_return Result<void>();
}

io::Task<void> sendCopy(Worker& worker, Copy copy, std::vector<Chunk> body, Place /*place*/) {
  http::ClientRequest request{
      .head = std::move(copy.head), .slices = std::move(body), .stream = {}
  };
  upstream::AttemptMarks marks;
  Result<http::ClientResponse> answer = co_await io::withDeadline(
      worker.reactor(),
      io::Deadline::after(worker.reactor(), kTimeToAnswer),
      upstream::attempt(worker.pool(), worker.reactor(), copy.endpoint, request, marks),
      Origin::kUpstream,
      "no answer to a copy in time"
  );
  worker.telemetry().mirrored(copy.backend, answer ? MirrorResult::kSent : MirrorResult::kFailed);
  if (answer) {
    static_cast<void>(co_await io::withDeadline(
        worker.reactor(),
        io::Deadline::after(worker.reactor(), kTimeToEnd),
        readAnswer(std::move(answer->body)),
        Origin::kUpstream,
        "the answer to a copy does not end"
    ));
  }
}

void sendAll(Worker& worker, std::vector<Copy> copies, const std::vector<Chunk>& body) {
  for (Copy& copy : copies) {
    const telemetry::Name backend = copy.backend;
    std::size_t& taken = worker.mirrorsTo(backend.view());
    if (taken >= kMostAtOnce || worker.mirrorStop().requested() ||
        !io::spawn(
            worker.gate(),
            sendCopy(worker, std::move(copy), body, Place(taken)),
            worker.mirrorStop()
        )) {
      worker.telemetry().mirrored(backend, MirrorResult::kDropped);
    }
  }
}

/// A body that is kept while it passes.
class MirroredBody final : public http::BodySource {
 public:
  MirroredBody(Worker& worker, http::Body body, std::vector<Copy> copies)
      : worker_(worker), body_(std::move(body)), copies_(std::move(copies)) {
    if (body_.length().value_or(0) > kLargestBody) {
      drop();
    }
  }
  ~MirroredBody() override { drop(); }

  io::Task<Result<http::Piece>> pull() override {
    Result<http::Piece> piece = co_await body_.source()->pull();
    if (piece && !copies_.empty()) {
      keep(*piece);
    }
    co_return piece;
  }
  bool ready() const override { return body_.source()->ready(); }
  std::optional<std::uint64_t> length() const override { return body_.length(); }
  const http::Fields* trailers() const override { return body_.source()->trailers(); }

 private:
  void keep(const http::Piece& piece) {
    if (kept_.size() + piece.bytes.size() > kLargestBody || !store(piece.bytes)) {
      drop();
      return;
    }
    if (piece.end) {
      std::vector<Chunk> body;
      if (kept_.size() != 0) {
        body.push_back(std::move(kept_).freeze());
      }
      sendAll(worker_, std::exchange(copies_, {}), body);
    }
  }

  /// False when the worker's buffers are full.
  bool store(std::string_view bytes) {
    if (kept_.capacity() == 0) {
      Result<io::Buffer> taken = worker_.reactor().buffers().take(bytes.size());
      if (!taken) {
        return false;
      }
      kept_ = *std::move(taken);
    }
    return kept_.append(bytes).has_value();
  }

  void drop() {
    for (const Copy& copy : copies_) {
      worker_.telemetry().mirrored(copy.backend, MirrorResult::kDropped);
    }
    copies_.clear();
    kept_ = io::Buffer();
  }

  Worker& worker_;
  http::Body body_;
  std::vector<Copy> copies_;
  io::Buffer kept_;
};

}  // namespace

void mirror(
    Worker& worker,
    Exchange& x,
    const UpstreamCall& call,
    std::string_view target,
    const std::vector<Chunk>& body
) {
  std::size_t size = 0;
  for (const Chunk& slice : body) {
    size += slice.size();
  }
  if (size > kLargestBody) {
    leaveUnmirrored(worker, x);
    return;
  }
  sendAll(worker, copiesOf(worker, x, {.call = call, .target = target}), body);
}

http::Body mirrorAlong(Worker& worker, Exchange& x, const UpstreamCall& call, http::Body body) {
  std::vector<Copy> copies = copiesOf(worker, x, {.call = call, .target = x.head().target});
  if (copies.empty()) {
    return body;
  }
  if (body.empty()) {
    sendAll(worker, std::move(copies), {});
    return body;
  }
  return http::Body(std::make_unique<MirroredBody>(worker, std::move(body), std::move(copies)));
}

void leaveUnmirrored(Worker& worker, Exchange& x) {
  for (const snapshot::Mirror& mirror : x.filters->mirrors) {
    if (isChosen(worker, mirror)) {
      worker.telemetry().mirrored(mirror.backend->name, MirrorResult::kDropped);
    }
  }
}

}  // namespace gatehouse::proxy
