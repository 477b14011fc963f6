// A field section (RFC 9110 section 5): ordered, duplicates kept, spelling of names kept, names
// compared without case. All text lives in one buffer; views returned are valid until the section
// is changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/field_name.h"

namespace gatehouse::http {

class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  /// Appends; the caller has checked name and value (h1_strict, h2_session) or they are our own
  /// literals.
  void add(FieldName name, std::string_view value);
  /// For readers of messages. begin: copies the text of a whole section as received, once, into an
  /// empty section. addReceived: appends a line of that text; both views lie within `received`, the
  /// text given to begin.
  void beginReceived(std::string_view received, std::size_t lines);
  void addReceived(std::string_view received, FieldName name, std::string_view value);
  /// A name's size at most.
  static constexpr std::size_t kLongestName = 65535;
  /// Removes all of that name, then appends.
  void set(FieldName name, std::string_view value);
  /// Number of lines removed.
  std::size_t remove(FieldName name);
  /// All of these names, in one pass.
  void removeAll(FieldSet names);
  /// The same for secrets: their octets are overwritten as well.
  void removeAllWiped(FieldSet names);
  /// All names that begin so; `prefix` in lower case.
  void removeStartingWith(std::string_view prefix);
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
  /// Name and value octets held, as counted against limits.
  std::size_t octets() const;
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
  };
  Field field(const Line& line) const [[clang::lifetimebound]];
  bool names(const Line& line, FieldName name) const;
  void countPresent();

  std::string text_;
  std::vector<Line> lines_;
  FieldSet present_;  // of the ids of lines_
};

/// Removes hop-by-hop fields (RFC 9110 section 7.6.1): Connection and all it names, Keep-Alive,
/// Proxy-Connection, TE, Transfer-Encoding, Upgrade, Proxy-Authenticate, Proxy-Authorization,
/// Trailer.
void removeHopByHop(Fields& fields);

}  // namespace gatehouse::http
