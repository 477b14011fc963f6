#include "proxy/mirror.h"

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

constexpr std::size_t kMostAtOnce = 64;  // on one worker
constexpr std::size_t kLargestBody = std::size_t{1}
                                     << 20;  // larger ones would keep buffers from others
constexpr std::size_t kMostRead = std::size_t{1}
                                  << 16;  // of an answer, so that the connection stays
constexpr Nanos kTimeToAnswer = Seconds(30);

/// Its place among those a worker has under way.
class Place {
 public:
  explicit Place(Worker& worker) : worker_(&worker) { ++worker.mirrors(); }
  Place(Place&& other) noexcept : worker_(std::exchange(other.worker_, nullptr)) {}
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (worker_ != nullptr) {
      --worker_->mirrors();
    }
  }

 private:
  Worker* worker_;
};

/// One copy, whole but for its body.
struct Copy {
  Place place;
  telemetry::Name backend;
  upstream::EndpointHandle endpoint;
  http::RequestHead head;
};

bool isChosen(Worker& worker, const snapshot::Mirror& mirror) {
  return mirror.numerator >= mirror.denominator ||
         worker.telemetry().random().next() % mirror.denominator < mirror.numerator;
}

/// The copy for one mirror; nothing, and counted, when there is none to be sent.
std::optional<Copy> copyFor(Worker& worker, Exchange& x, const snapshot::Backend& backend) {
  const auto& http = std::get<snapshot::HttpBackend>(backend.target);
  if (worker.mirrors() >= kMostAtOnce) {
    worker.telemetry().mirrored(backend.name, MirrorResult::kDropped);
    return std::nullopt;
  }
  if (http.endpoints.empty()) {
    worker.telemetry().mirrored(backend.name, MirrorResult::kFailed);
    return std::nullopt;
  }
  const std::size_t choice = worker.telemetry().random().next() % http.endpoints.size();
  UpstreamCall call{
      .callee = Callee::kService,
      .endpoint = http.endpoints[choice],
      .auth = &http.auth,
      .provider = {},
      .model_sent = {},
  };
  const http::Fields fields = x.head().fields;
  Result<http::RequestHead> head = upstreamHead(x, call, x.head().target);
  x.head().fields = fields;
  if (!head) {
    worker.telemetry().mirrored(backend.name, MirrorResult::kFailed);
    return std::nullopt;
  }
  return Copy{Place(worker), backend.name, std::move(call.endpoint), *std::move(head)};
}

std::vector<Copy> copiesOf(Worker& worker, Exchange& x) {
  std::vector<Copy> copies;
  for (const snapshot::Mirror& mirror : x.filters->mirrors) {
    if (!isChosen(worker, mirror)) {
      continue;
    }
    if (auto copy = copyFor(worker, x, *mirror.backend)) {
      copies.push_back(*std::move(copy));
    }
  }
  return copies;
}

/// Reads a short answer to its end: then its connection can be used again.
io::Task<Result<void>> exchangeCopy(
    Worker& worker, upstream::EndpointHandle endpoint, http::ClientRequest& request
) {
  upstream::AttemptMarks marks;
  GATEHOUSE_CO_TRY(
      http::ClientResponse response,
      co_await upstream::attempt(
          worker.pool(), worker.reactor(), std::move(endpoint), request, marks
      )
  );
  http::BodySource* source = response.body.source();
  for (std::size_t read = 0; source != nullptr && read < kMostRead;) {
    GATEHOUSE_CO_TRY(http::Piece piece, co_await source->pull());
    if (piece.end) {
      break;
    }
    read += piece.bytes.size();
  }
  co_return Result<void>();
}

io::Task<void> sendCopy(Worker& worker, Copy copy, std::vector<Chunk> body) {
  http::ClientRequest request{
      .head = std::move(copy.head), .slices = std::move(body), .stream = {}
  };
  const Result<void> sent = co_await io::withDeadline(
      worker.reactor(),
      io::Deadline::after(worker.reactor(), kTimeToAnswer),
      exchangeCopy(worker, copy.endpoint, request),
      Origin::kUpstream,
      "no answer to a copy in time"
  );
  worker.telemetry().mirrored(copy.backend, sent ? MirrorResult::kSent : MirrorResult::kFailed);
}

void sendAll(Worker& worker, std::vector<Copy> copies, const std::vector<Chunk>& body) {
  for (Copy& copy : copies) {
    const telemetry::Name backend = copy.backend;
    if (!io::spawn(worker.gate(), sendCopy(worker, std::move(copy), body), worker.cutOff())) {
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

void mirror(Worker& worker, Exchange& x, const std::vector<Chunk>& body) {
  std::size_t size = 0;
  for (const Chunk& slice : body) {
    size += slice.size();
  }
  if (size > kLargestBody) {
    leaveUnmirrored(worker, x);
    return;
  }
  sendAll(worker, copiesOf(worker, x), body);
}

http::Body mirrorAlong(Worker& worker, Exchange& x, http::Body body) {
  std::vector<Copy> copies = copiesOf(worker, x);
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
