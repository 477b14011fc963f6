#!/usr/bin/env python3
"""How large things may grow: files, rooms, main.cc and the README of a room.

A file that says in its first five lines that it is generated is exempt, and so are goldens and fuzz corpora.
"""

import re
import sys
from pathlib import Path

from source_tree import ROOT, Finding, our_files, read_text, report

FILE_LIMIT = 500
FILE_WARNING = 400
MAIN_LIMIT = 300
ROOM_UNITS = 30
README_LIMIT = 40
CODE = re.compile(r"(.*\.(cc|h|py|mjs|js|ts|tsx|cmake|sh)|.*/Makefile|Makefile|CMakeLists\.txt|\.ci/run)")
EXEMPT = re.compile(r"(test/golden|fuzz/corpus)/.*")
GENERATED = re.compile(r"\bgenerated\b", re.IGNORECASE)


def limit_of(path):
    return MAIN_LIMIT if path == "src/main.cc" else FILE_LIMIT


def check_file(path, text):
    """(findings, warnings) of one file of code."""
    lines = text.count("\n")
    limit = limit_of(path)
    if lines <= min(FILE_WARNING, limit) or GENERATED.search("\n".join(text.splitlines()[:5])):
        return [], []
    if lines > limit:
        return [Finding(path, limit + 1, f"{lines} lines; {limit} are the limit: split it by what it does")], []
    return [], [Finding(path, FILE_WARNING + 1, f"{lines} lines; look at it before it reaches {limit}")]


def units_of(paths):
    """Folder under src/ -> the units in it; x.h, x.cc and x_test.cc are one unit, x_for_test.* is none."""
    units = {}
    for path in paths:
        match = re.fullmatch(r"src/(.+)/([^/]+?)(_test)?\.(cc|h)", path)
        if match and not match.group(2).endswith("_for"):
            units.setdefault(match.group(1), set()).add(match.group(2))
    return units


def check_rooms(root, paths):
    for folder, units in units_of(paths).items():
        if len(units) > ROOM_UNITS:
            yield Finding(f"src/{folder}", 1, f"{len(units)} units; {ROOM_UNITS} are the limit of a room")
        readme = f"src/{folder}/README.md"
        if "/" in folder:
            continue
        if not (root / readme).exists():
            yield Finding(readme, 1, "every room has a README: purpose, what belongs, what does not, where to start")
        elif (lines := (root / readme).read_text(encoding="utf-8").count("\n")) > README_LIMIT:
            yield Finding(readme, README_LIMIT + 1, f"{lines} lines; {README_LIMIT} are the limit of a room's README")


def check(root):
    """(findings, warnings) of the tree at root."""
    findings, warnings = [], []
    paths = our_files(root)
    for path in paths:
        if CODE.fullmatch(path) and not EXEMPT.fullmatch(path):
            text = read_text(root / path)
            if text is not None:
                more_findings, more_warnings = check_file(path, text)
                findings += more_findings
                warnings += more_warnings
    return findings + list(check_rooms(root, paths)), warnings


if __name__ == "__main__":
    sys.exit(report("check_size", *check(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)))
