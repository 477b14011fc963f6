// A field section (RFC 9110 section 5): ordered, duplicates kept, spelling of names kept, names
// compared without case. All text lives in one buffer; views returned are valid until the section
// is changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/field_name.h"

namespace gatehouse::http {

class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Fields() = default;
  Fields(const Fields&) = default;
  Fields& operator=(const Fields&) = default;
  /// What is moved from is empty.
  Fields(Fields&& other) noexcept
      : text_(std::move(other.text_)),
        lines_(std::move(other.lines_)),
        present_(std::exchange(other.present_, {})) {}
  Fields& operator=(Fields&& other) noexcept {
    text_ = std::move(other.text_);
    lines_ = std::move(other.lines_);
    present_ = std::exchange(other.present_, {});
    return *this;
  }
  ~Fields() = default;

  /// Appends; the caller has checked name and value (h1_strict, h2_session) or they are our own
  /// literals.
  void add(FieldName name, std::string_view value) { add(name, {}, value); }
  /// The same with a value of two parts, so that a secret need not be put together elsewhere.
  void add(FieldName name, std::string_view first_part, std::string_view second_part);
  /// For readers of messages: a whole section as received.
  class Receiver;
  /// Octets that can be read behind the text of a received section.
  static constexpr std::size_t kSlack = 32;
  /// A name's size at most.
  static constexpr std::size_t kLongestName = 65535;
  /// Removes all of that name, then appends.
  void set(FieldName name, std::string_view value) { set(name, {}, value); }
  void set(FieldName name, std::string_view first_part, std::string_view second_part);
  /// Number of lines removed.
  std::size_t remove(FieldName name);
  /// All that pass, in one pass.
  void removeAll(const FieldFilter& unwanted);
  void removeAll(FieldSet names) { removeAll(FieldFilter(names)); }
  /// The same for names that are not known, in lower case.
  void removeUnknown(std::vector<std::string> names);
  /// The same for secrets: their octets are overwritten as well.
  void removeAllWiped(FieldSet names);
  /// First value of that name.
  std::optional<std::string_view> get(FieldName name) const [[clang::lifetimebound]];
  bool has(FieldName name) const;
  /// Whether any of these is there.
  bool hasAny(FieldSet names) const { return present_.overlaps(names); }
  std::size_t count(FieldName name) const;
  /// All values of that name joined by ", " (RFC 9110 section 5.3).
  std::string joined(FieldName name) const;

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  /// Line `index` in order of arrival; index < size().
  Field at(std::size_t index) const [[clang::lifetimebound]];
  /// The number of that line's name.
  FieldId idAt(std::size_t index) const { return lines_[index].id; }
  /// Octets that write() writes at most.
  std::size_t writtenAtMost() const { return text_.size() + 4 * lines_.size(); }
  /// Writes all lines but those of `left_out` as a head has them, "name: value" CRLF; gives the end
  /// of what is written.
  char* write(char* at, FieldSet left_out) const;
  /// Room for a section of this size, to allocate once.
  void reserve(std::size_t lines, std::size_t octets);
  void clear();

 private:
  struct Line {
    std::uint32_t name_begin;
    std::uint32_t value_begin;
    std::uint32_t value_size;
    std::uint16_t name_size;
    FieldId id;
    bool as_written;  // in text_ ": " stands before the value and CRLF behind it

    std::size_t end() const { return std::size_t{value_begin} + value_size; }
  };
  Field field(const Line& line) const [[clang::lifetimebound]] {
    return {
        {text_.data() + line.name_begin, line.name_size},
        {text_.data() + line.value_begin, line.value_size}
    };
  }
  bool names(const Line& line, FieldName name) const;

  std::string text_;  // what is removed stays in it
  std::vector<Line> lines_;
  FieldSet present_;  // of the ids of lines_; that of unknown names may stay when they are gone
};

/// Fills an empty section line by line from text that is copied once.
class Fields::Receiver {
 public:
  /// `lines` is how many add() may take.
  Receiver(Fields& fields, std::string_view section, std::size_t lines);
  Receiver(Receiver&&) = delete;
  Receiver& operator=(Receiver&&) = delete;

  /// The copy. Behind it kSlack more octets can be read.
  std::string_view text() const { return {text_, size_}; }
  /// Appends a line of it: `name` and `value` lie within the copy. `as_written`: ": " stands before
  /// the value and CRLF behind it.
  void add(std::string_view name, FieldId id, std::string_view value, bool as_written) {
    GATEHOUSE_DEBUG_CHECK(next_ < fields_.lines_.data() + fields_.lines_.size());
    *next_++ = {
        .name_begin = static_cast<std::uint32_t>(name.data() - text_),
        .value_begin = static_cast<std::uint32_t>(value.data() - text_),
        .value_size = static_cast<std::uint32_t>(value.size()),
        .name_size = static_cast<std::uint16_t>(name.size()),
        .id = id,
        .as_written = as_written,
    };
    present_.add(id);
  }
  /// The section has the lines added, and no others.
  void finish();

 private:
  Fields& fields_;
  const char* text_;
  std::size_t size_;
  Line* next_;
  FieldSet present_;
};

/// Removes hop-by-hop fields (RFC 9110 section 7.6.1): Connection and all it names, Keep-Alive,
/// Proxy-Connection, TE, Transfer-Encoding, Upgrade, Proxy-Authenticate, Proxy-Authorization,
/// Trailer. And in the same pass what else is unwanted.
void removeHopByHop(Fields& fields, FieldFilter unwanted = {});

}  // namespace gatehouse::http
