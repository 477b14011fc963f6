#!/usr/bin/env python3
"""Who may know whom: every #include under src/ against the table of cmake/rooms.cmake and the library boundaries below.

Also checked: a .cc and its test include their own header first, and docs/rooms.md shows the table as it is.
"""

import re
import sys
from pathlib import Path

from source_tree import ROOT, Finding, report

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.MULTILINE)

# Third-party and system headers, and the only files under src/ that may include them. The first line that matches an
# include decides. Tests of the room that owns a library may include it too.
BOUNDARIES = [
    (r"(sys/(socket|epoll|un)|arpa/inet|net/if|ifaddrs|netdb)\.h|netinet/.*|ares.*|openssl/ssl\.h", r"io/.*"),
    (r"openssl/.*", r"crypto/.*|io/tls/.*"),
    (r"llhttp\.h", r"(?!)"),  # the fuzzer's alone
    (r"nghttp2/.*", r"http/h2/(h2_session\.cc|h2_calls\.(cc|h)|.*_for_test\.h)"),
    (r"(zlib|zstd)\.h|brotli/.*", r"http/coding\.cc"),
    (r"simdjson\.h", r"wire/json_(read|locate)\.cc"),
    (r"yaml-cpp/.*", r"wire/yaml\.cc"),
    (r"re2/.*", r"base/pattern\.cc"),
    (r"sqlite3\.h", r"telemetry/store_sqlite\.cc"),
    (r"libpq-fe\.h|postgresql/.*", r"telemetry/store_postgres\.cc"),
    (r"fmt/.*", r".*\.cc"),
    (r"spdlog/.*", r"base/log\.cc"),
    (r"CLI/.*", r"cli/args\.cc"),
    (r"google/protobuf/.*|.*\.pb\.h", r"telemetry/otlp(_receive)?\.cc|policy/.*\.cc"),
    (r"gtest/.*|gmock/.*", r".*_test\.(cc|h)"),
    (r"regex|iostream|filesystem", r".*\.cc|.*_for_test\.h"),
]
# The compiler's and the system's own headers, apart from those above.
SYSTEM = re.compile(
    r"[a-z_0-9]+"
    r"|(sys|linux)/[a-z_0-9]+\.h"
    r"|(unistd|fcntl|signal|time|pthread|sched|poll|malloc|stdlib|string|errno|limits|dirent|immintrin|glob|pwd|termios)\.h"
    r"|sanitizer/[a-z_]+\.h"
)


class Table:
    """cmake/rooms.cmake: room -> rooms it may include, and what narrows that."""

    def __init__(self, text):
        text = re.sub(r"#.*", "", text)
        self.may_include = {}
        for room, others in self._entries(text, "GATEHOUSE_ROOMS"):
            self.may_include[room] = others.split()
        self.limits = {}
        for room, headers in self._entries(text, "GATEHOUSE_ROOM_LIMITS"):
            for header in headers.split():
                self.limits.setdefault((room, header.split("/")[0]), []).append(header)
        listed = re.search(r"set\(GATEHOUSE_RESOURCE_FROM_CC_ONLY([^)]*)\)", text)
        self.resource_from_cc_only = listed.group(1).split() if listed else []

    @staticmethod
    def _entries(text, name):
        body = re.search(rf"set\({name}\b([^)]*)\)", text)
        return re.findall(r'"([a-z]+):\s*([^"]*)"', body.group(1)) if body else []

    def broken_rule(self, room, path, header):
        """Why the file at path (relative to src/) of room may not include our header, or None."""
        other = header.split("/")[0]
        if other == room:
            return None
        if "/" not in header:
            return f'"{header}" must be written from src/, as "{room}/{header}"'
        if other not in self.may_include:
            return f'"{header}": there is no room {other}/ in cmake/rooms.cmake'
        if other not in self.may_include[room]:
            return f'{room}/ may not include {other}/ ("{header}"); it may include: {self.describe(room)}'
        narrowed = self.limits.get((room, other))
        if narrowed and header not in narrowed:
            return f'of {other}/, {room}/ may include only {" ".join(narrowed)}, not "{header}"'
        if other == "resource" and room in self.resource_from_cc_only and path.endswith(".h"):
            return f'a header of {room}/ may not include resource/ ("{header}"); forward-declare the struct'
        return None

    def describe(self, room):
        return " ".join(self.may_include[room]) or "nothing"

    def order_problems(self):
        """A room may include only rooms listed above it, so that the table has no cycle."""
        seen = set()
        for room, others in self.may_include.items():
            for other in others:
                if other not in seen:
                    yield f"{room} may include {other}, which is not a room listed above it"
            seen.add(room)

    def row(self, room):
        """The first cells of the room's row in docs/rooms.md."""
        allowed = []
        for other in self.may_include[room]:
            narrowed = self.limits.get((room, other))
            if narrowed:
                allowed.append(" ".join(f"`{header}`" for header in narrowed))
            elif other == "resource" and room in self.resource_from_cc_only:
                allowed.append("resource (.cc only)")
            else:
                allowed.append(other)
        return f"| {room} | {', '.join(allowed) or 'nothing'} |"


def library_rule(path, header):
    """Why the file at path (relative to src/) may not include <header>, or None."""
    for library, files in BOUNDARIES:
        if not re.fullmatch(library, header):
            continue
        if re.fullmatch(files, path):
            return None
        owner = files.split("/")[0]
        if path.endswith("_test.cc") and path.startswith(owner + "/"):
            return None
        return f"<{header}> belongs only in files that match {files}"
    if SYSTEM.fullmatch(header):
        return None
    return f"<{header}> is no library of the boundary table in tools/check_rooms.py"


def own_header(src, path):
    """The header that must come first in the file at path, or None."""
    if not path.endswith(".cc"):
        return None
    for ending in (r"\.cc$", r"_test\.cc$"):
        header = re.sub(ending, ".h", path)
        if header != path and (src / header).exists():
            return header
    return None


def check_file(src, path, table):
    text = (src / path).read_text(encoding="utf-8")
    shown = f"src/{path}"
    room = path.split("/")[0] if "/" in path else None
    if room is not None and room not in table.may_include:
        return [Finding(shown, 1, f"there is no room {room}/ in cmake/rooms.cmake")]
    findings = []
    own = own_header(src, path)
    for index, match in enumerate(INCLUDE.finditer(text)):
        line = text.count("\n", 0, match.start()) + 1
        kind, header = match.groups()
        if index == 0 and own and header != own:
            findings.append(Finding(shown, line, f'the first include must be "{own}"'))
        if kind == "<":
            broken = library_rule(path, header)
        else:
            broken = table.broken_rule(room, path, header) if room else None
        if broken:
            findings.append(Finding(shown, line, broken))
    return findings


def check_docs(root, table):
    """docs/rooms.md has each room's row exactly as the table has it, in the table's order."""
    page = root / "docs" / "rooms.md"
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    rows = {}
    for number, line in enumerate(lines, start=1):
        match = re.match(r"\| ([a-z]+) \|", line)
        if match and match.group(1) != "room":
            rows[match.group(1)] = (number, line)
    for room in table.may_include:
        number, line = rows.pop(room, (len(lines) or 1, ""))
        if not line.startswith(table.row(room)):
            yield Finding("docs/rooms.md", number, f"the row of {room} must begin: {table.row(room)}")
    for room, (number, _) in rows.items():
        yield Finding("docs/rooms.md", number, f"there is no room {room}/ in cmake/rooms.cmake")


def check(root):
    table = Table((root / "cmake" / "rooms.cmake").read_text(encoding="utf-8"))
    findings = [Finding("cmake/rooms.cmake", 1, problem) for problem in table.order_problems()]
    src = root / "src"
    for path in sorted(src.rglob("*")):
        if path.suffix in (".h", ".cc"):
            findings += check_file(src, path.relative_to(src).as_posix(), table)
    findings += check_docs(root, table)
    return findings


if __name__ == "__main__":
    sys.exit(report("check_rooms", check(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)))
