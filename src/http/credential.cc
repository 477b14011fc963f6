#include "http/credential.h"

#include <optional>
#include <utility>

#include "base/text.h"
#include "wire/percent.h"

namespace gatehouse::http {
namespace {

using Place = ClientCredential::Place;

constexpr FieldSet kCredentials = {"authorization", "x-api-key", "api-key", "x-goog-api-key"};

Place placeOf(FieldId name) {
  switch (name) {
    case FieldName("x-api-key").id():
      return Place::kXApiKey;
    case FieldName("api-key").id():
      return Place::kApiKey;
    case FieldName("x-goog-api-key").id():
      return Place::kXGoogApiKey;
    default:
      return Place::kAuthorization;
  }
}

// Also "k%65y": what another reader of the query takes for `key` is one.
bool isKeyParameter(std::string_view name) {
  if (name.find('%') == std::string_view::npos) {
    return name == "key";
  }
  auto decoded = wire::decodeQueryPart(name);
  return decoded && *decoded == "key";
}

// The parameters of a query, put together again one by one.
class QueryWriter {
 public:
  explicit QueryWriter(std::string_view path) : target_(path) {}

  void add(std::string_view name, std::string_view value = {}) {
    target_ += count_++ == 0 ? '?' : '&';
    target_.append(name).append(value);
  }
  std::size_t count() const { return count_; }
  std::string take() && { return std::move(target_); }

 private:
  std::string target_;
  std::size_t count_ = 0;
};

std::optional<std::string_view> parametersOf(const RequestHead& head) {
  bool has_query = head.target.find('?') != std::string::npos;
  return has_query ? std::optional(head.query()) : std::nullopt;
}

}  // namespace

bool namesCredential(std::string_view field) {
  const FieldId id = FieldName(field).id();
  return id != kUnknownField && kCredentials.has(id);
}

ClientCredential ClientCredential::lift(RequestHead& head) {
  ClientCredential credential;
  credential.liftFields(head);
  credential.liftQuery(head);
  return credential;
}

void ClientCredential::discard(RequestHead& head) {
  if (head.fields.hasAny(kCredentials)) {
    head.fields.removeAllWiped(kCredentials);
  }
  ClientCredential().liftQuery(head);
}

void ClientCredential::liftFields(RequestHead& head) {
  if (!head.fields.hasAny(kCredentials)) {
    return;
  }
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    if (FieldId id = head.fields.idAt(i); kCredentials.has(id)) {
      Fields::Field field = head.fields.at(i);
      parts_.push_back({
          .place = placeOf(id),
          .name = std::string(field.name),
          .value = crypto::SecretText::copyOf(field.value),
      });
    }
  }
  head.fields.removeAllWiped(kCredentials);
}

void ClientCredential::liftQuery(RequestHead& head) {
  if (head.target.find('=') == std::string::npos) {
    return;
  }
  QueryWriter rest(head.path());
  std::size_t before = parts_.size();
  std::size_t position = 0;
  auto parameters = parametersOf(head);
  for (auto part = takePart(parameters, '&'); part; part = takePart(parameters, '&'), ++position) {
    std::size_t equals = part->find('=');
    bool is_key = equals != std::string_view::npos && isKeyParameter(part->substr(0, equals));
    if (!is_key) {
      rest.add(*part);
      continue;
    }
    parts_.push_back({
        .place = Place::kQueryKey,
        .name = std::string(part->substr(0, equals + 1)),
        .position = position,
        .value = crypto::SecretText::copyOf(part->substr(equals + 1)),
    });
  }
  if (parts_.size() != before) {
    crypto::wipe(head.target);
    head.target = std::move(rest).take();
  }
}

void ClientCredential::consume() {
  if (use_ == Use::kUntouched) {
    use_ = Use::kConsumed;
  }
}

const ClientCredential::Part* ClientCredential::find(Place place) const {
  for (const Part& part : parts_) {
    if (part.place == place) {
      return &part;
    }
  }
  return nullptr;
}

std::string_view ClientCredential::revealKey() const {
  constexpr std::string_view kBearer = "Bearer ";
  std::string_view authorization = revealAuthorization();
  if (istartsWith(authorization, kBearer)) {
    return trim(authorization.substr(kBearer.size()));
  }
  for (Place place : {Place::kXApiKey, Place::kApiKey, Place::kXGoogApiKey, Place::kQueryKey}) {
    if (const Part* part = find(place)) {
      return part->value.reveal();
    }
  }
  return {};
}

std::string_view ClientCredential::revealAuthorization() const {
  const Part* part = find(Place::kAuthorization);
  return part == nullptr ? std::string_view() : part->value.reveal();
}

bool ClientCredential::putBack(RequestHead& head) const {
  if (use_ != Use::kUntouched) {
    return false;
  }
  QueryWriter query(head.path());
  auto parameters = parametersOf(head);
  for (const Part& part : parts_) {
    if (part.place != Place::kQueryKey) {
      head.fields.add(part.name, part.value.reveal());
      continue;
    }
    while (parameters && query.count() < part.position) {
      if (auto before = takePart(parameters, '&')) {
        query.add(*before);
      }
    }
    query.add(part.name, part.value.reveal());
  }
  if (find(Place::kQueryKey) == nullptr) {
    return true;
  }
  for (auto part = takePart(parameters, '&'); part; part = takePart(parameters, '&')) {
    query.add(*part);
  }
  head.target = std::move(query).take();
  return true;
}

}  // namespace gatehouse::http
