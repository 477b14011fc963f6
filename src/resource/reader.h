// Forgiving reads of a decoded tree, for decoders and rules: what is absent, null or of another
// type reads as absent. Whether it should have been there is the business of check/document.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "resource/meta.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// Member of an object; null if absent or null itself.
const wire::Value* readField(
    const wire::Value& object [[clang::lifetimebound]], std::string_view name
);
/// As readField, through nested objects: "policies.ai".
const wire::Value* readPath(
    const wire::Value& object [[clang::lifetimebound]], std::string_view dotted
);
/// As readPath; an absent one reads as a null value, whose fields are absent in turn.
const wire::Value& readPart(
    const wire::Value& object [[clang::lifetimebound]], std::string_view dotted
);
/// Where a member's key stands; the object's position if there is none.
Position positionOf(const wire::Value& object, std::string_view name);

std::optional<std::string> readText(const wire::Value& object, std::string_view name);
std::string readText(const wire::Value& object, std::string_view name, std::string_view otherwise);
std::optional<std::int64_t> readInteger(const wire::Value& object, std::string_view name);
/// An integer that fits; absent otherwise.
std::optional<std::uint16_t> readPort(const wire::Value& object, std::string_view name);
std::optional<std::uint32_t> readCount(const wire::Value& object, std::string_view name);
bool readBoolean(const wire::Value& object, std::string_view name, bool otherwise);
std::optional<Millis> readDuration(const wire::Value& object, std::string_view name);
/// Items of a list; empty if absent.
std::span<const wire::Value> readList(
    const wire::Value& object [[clang::lifetimebound]], std::string_view name
);
std::vector<std::string> readTexts(const wire::Value& object, std::string_view name);
StringMap readMap(const wire::Value& object, std::string_view name);

/// Field path of a member: "spec" + "rules" -> "spec.rules"; names that are no plain words are
/// quoted in brackets.
std::string joinPath(std::string_view path, std::string_view name);
std::string joinPath(std::string_view path, std::size_t index);

/// A value as messages show it: `"text"`, `80`, `true`, an object; long text is cut, control
/// characters are made visible.
std::string show(const wire::Value& value);

}  // namespace gatehouse::resource
