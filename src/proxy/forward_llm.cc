#include "proxy/forward_llm.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "http/body_filters.h"
#include "http/coding.h"
#include "http/upgrade/web_socket.h"
#include "llm/dialect_match.h"
#include "llm/model_list.h"
#include "llm/plan.h"
#include "llm/prepare.h"
#include "llm/simulate.h"
#include "proxy/call_upstream.h"
#include "proxy/mirror.h"
#include "proxy/record_llm.h"
#include "proxy/retell.h"

namespace gatehouse::proxy {
namespace {

Answer answerOf(LocalReply reply) {
  Answer answer;
  answer.head = std::move(reply.head);
  if (!reply.body.empty()) {
    answer.body = http::Body::fixed(Chunk::own(std::move(reply.body)));
  }
  return answer;
}

/// The dialect of the request; from here on errors speak it.
Result<llm::DialectMatch> detect(Exchange& x, const llm::DialectRoutes& routes) {
  const http::RequestHead& head = x.head();
  const bool web_socket = http::namesWebSocket(head.fields);
  auto upgrade = web_socket ? llm::Upgrade::kWebSocket : llm::Upgrade::kNone;
  GATEHOUSE_TRY(
      llm::DialectMatch match, llm::detectDialect(head.method, head.path(), upgrade, routes)
  );
  x.dialect = llm::errorDialect(match.dialect, head.fields);
  return match;
}

bool isPreflight(const http::RequestHead& head) {
  return head.method == http::Method::kOptions;
}

io::Task<Result<Chunk>> readCoded(Worker& worker, Exchange& x) {
  http::Fields& fields = x.head().fields;
  const std::optional<http::Coding> coding = http::codingOf(fields);
  if (!coding) {
    co_return fail(
        ErrorKind::kUnsupportedEncoding,
        Origin::kDownstream,
        "Content-Encoding " + printable(fields.get("content-encoding").value_or(""), 40) +
            " is not decoded here; send the body as it is, or coded by one of " +
            std::string(http::kDecodedCodings)
    );
  }
  const std::uint64_t most = worker.settings().body_limit;
  const auto decoded = http::decodeBody(*x.wire->body(), *coding, most, worker.reactor());
  GATEHOUSE_CO_TRY(
      Chunk bytes, co_await http::readWhole(*decoded, most, worker.reactor().buffers())
  );
  fields.remove("content-encoding");
  fields.removeAll(http::kDigestFields);
  co_return bytes;
}

/// The whole request body, decoded; its memory is padded.
io::Task<Result<Chunk>> readBody(Worker& worker, Exchange& x) {
  if (http::codingOf(x.head().fields) != http::Coding::kIdentity) [[unlikely]] {
    return readCoded(worker, x);
  }
  return http::readWhole(*x.wire->body(), worker.settings().body_limit, worker.reactor().buffers());
}

/// Body checked and spliced; the record knows what the client asked for.
Result<llm::PreparedRequest> prepare(
    Worker& worker,
    Exchange& x,
    const llm::DialectMatch& match,
    const llm::ProviderSettings& settings,
    const llm::RequestBody& body
) {
  worker.telemetry().bufferedBytes(worker.reactor().buffers().lent());
  x.record.t_body = x.record.mark(worker.now());
  llm::RequestFacts facts;
  auto prepared = match.dialect == llm::Dialect::kDetect
                      ? llm::prepareDetected(match, body, settings, facts)
                      : llm::prepareRequest(match, body, settings, facts);
  if (prepared) {
    if (prepared->changed) {
      x.head().fields.removeAll(http::kDigestFields);
    }
    noteRequest(x, prepared->dialect, facts, settings);
  }
  return prepared;
}

llm::RequestBody padded(Chunk bytes) {
  PaddedView text(bytes.view().data(), bytes.size(), bytes.size() + io::kBufferPadding);
  return {std::move(bytes), text};
}

/// A reply we give ourselves in the place of the provider, who owns the model.
Answer answerHere(
    Exchange& x,
    const llm::DialectMatch& match,
    const llm::ProviderSettings& settings,
    std::string_view owner
) {
  if (match.dialect == llm::Dialect::kHello) {
    return answerOf(localReply(204, "", ""));
  }
  llm::ModelReply reply = llm::answerModels(
      llm::modelListForm(x.head().fields, settings.kind),
      {.id = *settings.model, .owned_by = owner},
      {.id = match.path_model, .query = x.head().query()},
      x.request_id
  );
  return answerOf(localReply(reply.status, "application/json", std::move(reply.body)));
}

/// Whether the body is read, and perhaps changed, before it goes on.
bool isPrepared(
    Exchange& x, const llm::DialectMatch& match, const llm::ProviderSettings& settings
) {
  return llm::readsBody(match.dialect) || match.dialect == llm::Dialect::kUnknown ||
         (llm::mayNameModel(match, settings, x.head().fields) && x.wire->body()->length() != 0);
}

/// Of a body that was read the session is known by now.
void notePlan(Exchange& x, const llm::Plan& plan, bool was_read) {
  x.record.llm().dialect_out = llm::recordName(plan.upstream);
  if (!was_read) {
    noteSession(x);
  }
}

bool isAnsweredHere(const llm::Plan& plan) {
  return plan.treatment == llm::Treatment::kHello || plan.treatment == llm::Treatment::kModelList;
}

Answer upstreamAnswer(Exchange& x, const llm::Plan& plan, http::ClientResponse response) {
  Answer answer;
  if (plan.treatment == llm::Treatment::kPassthrough) {
    answer.reader = std::make_unique<llm::ReplyReader>(plan.reply, response.head);
    if (answer.reader->mayCut()) {
      response.head.fields.removeAll(http::kDigestFields);
    }
  }
  answer.head = std::move(response.head);
  answer.body = std::move(response.body);
  answer.from_upstream = true;
  x.record.protocol = telemetry::Protocol::kLlm;
  return answer;
}

/// Copies go out with the body as it goes upstream; where nobody reads it, they are left out.
[[gnu::noinline]] void mirrorPrepared(
    Worker& worker,
    Exchange& x,
    const UpstreamCall& call,
    std::string_view target,
    const llm::PreparedRequest* own
) {
  if (x.filters == nullptr || x.filters->mirrors.empty()) {
    return;
  }
  if (own == nullptr && x.wire->body()->length() != 0) {
    leaveUnmirrored(worker, x);
    return;
  }
  mirror(worker, x, call, target, own == nullptr ? std::vector<Chunk>() : own->body);
}

/// Not inlined: the frame of the walk has no room for what is rare.
[[gnu::noinline]] io::Task<Result<Answer>> upstreamError(
    Worker& worker, Exchange& x, const llm::Plan& plan, http::ClientResponse&& response
) {
  return retellError(worker, x, upstreamAnswer(x, plan, std::move(response)));
}

/// Events leave one by one, as a model's would.
Answer simulatedAnswer(llm::SimulatedReply reply) {
  if (reply.pieces.size() == 1) {
    return answerOf(localReply(200, reply.content_type, std::move(reply.pieces.front())));
  }
  Answer answer;
  answer.head.fields.add("Content-Type", reply.content_type);
  answer.body = http::Body::inPieces(std::move(reply.pieces));
  return answer;
}

}  // namespace

io::Task<Result<Answer>> forwardLlm(
    Worker& worker, Exchange& x, const snapshot::AiBackend& backend
) {
  const snapshot::AiProvider& provider = backend.providers.front();
  x.record.protocol = telemetry::Protocol::kLlm;
  if (isPreflight(x.head())) {
    co_return answerOf(localReply(204, "", ""));
  }
  GATEHOUSE_CO_TRY(llm::DialectMatch match, detect(x, provider.llm.routes));
  noteDialect(x, match, provider);
  std::optional<llm::PreparedRequest> own;  // what goes up in the place of the client's body
  if (isPrepared(x, match, provider.llm)) {
    GATEHOUSE_CO_TRY(Chunk bytes, co_await readBody(worker, x));
    GATEHOUSE_CO_TRY(
        llm::PreparedRequest prepared,
        prepare(worker, x, match, provider.llm, padded(std::move(bytes)))
    );
    if (match.dialect == llm::Dialect::kUnknown) {
      match.own_path = "/chat/completions";
    }
    match.dialect = prepared.dialect;
    own.emplace(std::move(prepared));
  }
  llm::ClientTarget target{
      .path = x.head().path(), .query = x.head().query(), .route_prefix = x.route_prefix
  };
  GATEHOUSE_CO_TRY(llm::Plan plan, llm::makePlan(match, target, provider.llm));
  if (isAnsweredHere(plan)) {
    co_return answerHere(x, match, provider.llm, llm::toString(provider.llm.kind));
  }
  notePlan(x, plan, own.has_value());
  UpstreamCall call{
      .endpoint = provider.endpoint,
      .auth = &provider.auth,
      .provider = provider.name,
      .model_sent = own ? std::string_view(own->model_sent.text) : std::string_view(),
      .timeout = shorterTimeout(provider.response_timeout, x.rule->backend_request_timeout),
  };
  mirrorPrepared(worker, x, call, plan.target, own ? &*own : nullptr);
  GATEHOUSE_CO_TRY(http::RequestHead head, upstreamHead(x, call, plan.target));
  http::ClientRequest request{.head = std::move(head), .slices = {}, .stream = {}};
  if (own) {
    plan.reply.usage_chunk = own->usage_chunk;
    request.slices = std::move(own->body);
  }
  if (request.slices.empty()) {
    request.stream = clientBody(x);
  }
  llm::addProviderFields(provider.llm.kind, plan.upstream, request.head.fields);
  if (plan.treatment == llm::Treatment::kPassthrough) {
    llm::askUncoded(request.head.fields);
  }
  call.begin = worker.now();
  x.record.t_ready = x.record.mark(call.begin);
  GATEHOUSE_CO_TRY(
      http::ClientResponse response, co_await callUpstream(worker, x, std::move(call), request)
  );
  if (response.head.status >= 400) [[unlikely]] {
    co_return co_await upstreamError(worker, x, plan, std::move(response));
  }
  co_return upstreamAnswer(x, plan, std::move(response));
}

io::Task<Result<Answer>> answerSimulated(
    Worker& worker, Exchange& x, const snapshot::SimulatedBackend& backend
) {
  x.record.protocol = telemetry::Protocol::kLlm;
  if (isPreflight(x.head())) {
    co_return answerOf(localReply(204, "", ""));
  }
  llm::ProviderSettings settings;
  settings.model = llm::ModelName{std::string(llm::kSimulatedModel)};
  GATEHOUSE_CO_TRY(llm::DialectMatch match, detect(x, {}));
  noteSimulated(x, match.dialect, backend);
  if (match.dialect == llm::Dialect::kModels || match.dialect == llm::Dialect::kHello) {
    co_return answerHere(x, match, settings, "gatehouse");
  }
  GATEHOUSE_CO_TRY(Chunk bytes, co_await readBody(worker, x));
  const llm::RequestBody body = padded(std::move(bytes));
  GATEHOUSE_CO_TRY(llm::PreparedRequest prepared, prepare(worker, x, match, settings, body));
  if (x.filters != nullptr) [[unlikely]] {
    const upstream::BackendAuth none;
    UpstreamCall call{};
    call.auth = &none;
    mirrorPrepared(worker, x, call, x.head().target, &prepared);
  }
  GATEHOUSE_CO_TRY(
      llm::SimulatedReply reply,
      llm::simulate(
          {.dialect = prepared.dialect,
           .body = body.bytes.view(),
           .id_suffix = x.request_id,
           .created_seconds = static_cast<std::int64_t>(x.record.wall()) / 1'000'000,
           .tell_usage = prepared.usage_chunk == llm::UsageChunk::kHidden}
      )
  );
  Answer answer = simulatedAnswer(std::move(reply));
  llm::ReplyRules rules{.dialect = prepared.dialect, .usage_chunk = prepared.usage_chunk};
  answer.reader = std::make_unique<llm::ReplyReader>(rules, answer.head);
  co_return answer;
}

}  // namespace gatehouse::proxy
