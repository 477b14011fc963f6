#!/usr/bin/env python3
"""Names that say nothing, notes without a kind, silenced checks without a reason, and text that must never be committed.

The last are addresses of package registries and absolute paths of a developer's machine.
"""

import re
import sys
from pathlib import Path

from source_tree import ROOT, Finding, our_files, read_text, report

VAGUE = {"utils", "util", "common", "helpers", "helper", "misc", "impl", "core"}
SUFFIXES = ("Impl", "Manager", "Helper", "Util", "Utils", "Base", "Info", "Data", "Context")
STANDARD_TERMS = {"TraceContext"}
NOTES = ("soon", "someday", "perf", "security", "cleanup", "test")

TYPE = re.compile(r"^\s*(?:class|struct|concept|enum class|using)\s+(?:\[\[\w+\]\]\s+)?(\w+)\b(?!.*;\s*//\s*standard)")
NOTE = re.compile(r"\b(TODO|FIXME|XXX)\b(\((\w+)\))?")
SILENCED = re.compile(r"\bNOLINT(NEXTLINE|BEGIN|END)?\b(?P<checks>\([\w.,* -]+\))?(?P<reason>:? *\S.*)?")
# Hosts are built from parts, so that this file does not name one.
REGISTRIES = ("npmjs", "yarnpkg", "pypi", "pythonhosted", "crates", r"(deb|ftp|security)\.debian", "golang", "maven")
REGISTRY = re.compile(r"//([\w-]+\.)*(" + "|".join(REGISTRIES) + r")\.(org|com|io|net)\b")
MACHINE_PATH = re.compile(r"(?<![\w.}/])/(work|farm|root|home/\w+)/(?!\*)")


def check_path(path):
    for part in Path(path).parts:
        stem = part.split(".")[0].removesuffix("_test")
        if stem in VAGUE or any(stem.endswith("_" + word) for word in VAGUE - {"core", "common"}):
            yield Finding(path, 1, f"the name {part} says nothing: name what it holds")


def check_cxx_line(line, previous):
    declared = TYPE.match(line)
    if declared and declared.group(1).endswith(SUFFIXES) and declared.group(1) not in STANDARD_TERMS:
        suffix = next(s for s in SUFFIXES if declared.group(1).endswith(s))
        yield f"{declared.group(1)}: the suffix {suffix} says nothing"
    silenced = SILENCED.search(line)
    if silenced and silenced.group(1) != "END":
        reason = silenced["reason"] or previous.lstrip().startswith("//") or "NOLINT" in previous
        if not (silenced["checks"] and reason):
            yield "NOLINT must name its check and a reason, here or in a comment above: NOLINT(check): reason"


def check_line(path, line, previous=""):
    if path.endswith((".h", ".cc")):
        yield from check_cxx_line(line, previous)
    if not path.startswith("tools/check_words"):
        note = NOTE.search(line)
        if note and (note.group(1) != "TODO" or note.group(3) not in NOTES):
            yield f"write {note.group(1)} as TODO({'|'.join(NOTES)}), or do it"
    if REGISTRY.search(line):
        yield "names a package registry's host"
    if machine := MACHINE_PATH.search(line):
        yield f"{machine.group(0)}... is a path of one machine"


def check(root):
    findings = []
    for path in our_files(root):
        if path.startswith("fuzz/corpus/"):
            continue
        findings += check_path(path)
        lines = (read_text(root / path) or "").splitlines()
        for number, (previous, line) in enumerate(zip(["", *lines], lines), start=1):
            findings += [Finding(path, number, message) for message in check_line(path, line, previous)]
    return findings


if __name__ == "__main__":
    sys.exit(report("check_words", check(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)))
