#include "wire/json_splice.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "wire/json_locate.h"

namespace gatehouse::wire {
namespace {

void addMember(std::string& members, std::string_view key, std::string_view json) {
  if (!members.empty()) {
    members += ',';
  }
  members += '"';
  members += key;
  members += "\":";
  members += json;
}

}  // namespace

JsonSplice::JsonSplice(const JsonObjectMap& object)
    : first_member_(object.begin + 1),
      last_value_end_(object.last_value_end),
      has_members_(object.member_count > 0) {}

JsonSplice& JsonSplice::replace(const JsonMember& member, std::string_view json) {
  auto at = edits_.end();
  if (!edits_.empty() && edits_.back().begin > member.begin) {
    at = std::ranges::upper_bound(edits_, member.begin, {}, &Edit::begin);
  }
  GATEHOUSE_INVARIANT(at == edits_.begin() || std::prev(at)->end <= member.begin);
  edits_.insert(at, Edit{member.begin, member.end, Chunk::copy(json)});
  return *this;
}

JsonSplice& JsonSplice::prepend(std::string_view key, std::string_view json) {
  addMember(front_, key, json);
  return *this;
}

JsonSplice& JsonSplice::append(std::string_view key, std::string_view json) {
  addMember(back_, key, json);
  return *this;
}

std::vector<Chunk> JsonSplice::apply(const Chunk& body) const {
  std::vector<Chunk> parts;
  parts.reserve(2 * (edits_.size() + (front_.empty() ? 0U : 1U) + (back_.empty() ? 0U : 1U)) + 1);
  std::size_t done = 0;
  auto put = [&](std::size_t begin, std::size_t end, Chunk text) {
    if (begin > done) {
      parts.push_back(body.slice(done, begin - done));
    }
    parts.push_back(std::move(text));
    done = end;
  };
  if (!front_.empty()) {
    put(first_member_, first_member_, Chunk::own(front_ + (has_members_ ? "," : "")));
  }
  for (const Edit& edit : edits_) {
    put(edit.begin, edit.end, edit.text);
  }
  if (!back_.empty()) {
    bool alone = !has_members_ && front_.empty();
    std::size_t at = has_members_ ? last_value_end_ : first_member_;
    put(at, at, Chunk::own((alone ? "" : ",") + back_));
  }
  if (done < body.size()) {
    parts.push_back(body.slice(done));
  }
  return parts;
}

}  // namespace gatehouse::wire
