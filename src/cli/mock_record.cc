#include "cli/mock_record.h"

#include "base/text.h"
#include "cli/mock_mask.h"
#include "crypto/digest.h"
#include "wire/json_write.h"

namespace gatehouse::cli {
namespace {

/// Longer bodies are recorded by size and digest alone.
constexpr std::size_t kRecordedBody = 1 << 20;

void writeFields(wire::JsonWriter& json, const http::Fields& fields, RecordedKeys keys) {
  json.beginArray();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    http::Fields::Field field = fields.at(i);
    json.beginArray().string(field.name);
    json.string(
        keys == RecordedKeys::kClear ? std::string(field.value)
                                     : maskedField(field.name, field.value)
    );
    json.endArray();
  }
  json.endArray();
}

}  // namespace

Result<MockRecord> MockRecord::open(const std::string& path, RecordedKeys keys) {
  MockRecord record;
  record.keys_ = keys;
  if (!path.empty()) {
    record.file_.open(path, std::ios::app | std::ios::binary);
    if (!record.file_) {
      return fail(ErrorKind::kInvalidConfiguration, Origin::kGateway, "cannot write " + path);
    }
  }
  return record;
}

void MockRecord::write(const std::string& line) {
  if (file_.is_open()) {
    file_ << line << '\n' << std::flush;
  }
}

std::uint64_t MockRecord::request(
    const http::RequestHead& head,
    std::string_view body,
    const io::Peer& peer,
    std::uint64_t connection
) {
  std::uint64_t number = ++requests_;
  std::string line;
  wire::JsonWriter json(line);
  json.beginObject().key("event").string("request").key("n").number(number);
  json.key("connection").number(connection);
  json.key("server_name")
      .string(peer.serverName())
      .key("tls")
      .string(peer.tls == nullptr ? "" : peer.tls->version);
  json.key("method").string(head.methodName()).key("target");
  json.string(keys_ == RecordedKeys::kClear ? head.target : maskedTarget(head.target));
  json.key("authority").string(head.authority).key("fields");
  writeFields(json, head.fields, keys_);
  json.key("body_size").number(body.size()).key("body_sha256").string(crypto::sha256Hex(body));
  if (body.size() <= kRecordedBody && validUtf8Prefix(body) == body.size()) {
    json.key("body").string(body);
  }
  json.endObject();
  write(line);
  return number;
}

void MockRecord::end(std::string_view event, std::uint64_t request, std::size_t sent) {
  std::string line;
  wire::JsonWriter(line)
      .beginObject()
      .key("event")
      .string(event)
      .key("n")
      .number(request)
      .key("sent")
      .number(sent)
      .endObject();
  write(line);
}

void MockRecord::finished(std::uint64_t request, std::size_t sent) {
  end("finished", request, sent);
}
void MockRecord::aborted(std::uint64_t request, std::size_t sent) {
  end("aborted", request, sent);
}

}  // namespace gatehouse::cli
