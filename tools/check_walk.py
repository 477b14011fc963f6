#!/usr/bin/env python3
"""The life of a request: docs/request.md against the code, which is walked as a request walks it.

From serveConnection every call is followed, its arguments before it; what leaves a function early comes after the rest
of it. The functions of the page's table must be met in its order. Those named below the table are of errors and of what goes
beside the walk: not followed. Calls are told apart by name, free or of an object, and looked for in the caller's file,
in src/proxy/ and in the table.
"""

import re
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from source_tree import ROOT, Finding, report

PAGE = "docs/request.md"
START = ("src/proxy/connection.cc", "serveConnection")
TARGETS = {"forwardLlm": (), "forwardHttp": (6, 7, 8), "answerSimulated": (8, 9, 10)}  # one of them, without these rows
NAMED = re.compile(r"`(src/[a-z0-9_/.]+)`\s`((?:\w+::)?\w+)`")
NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)
CALL = re.compile(r"(?:(\.|->)|\b([A-Za-z_]\w*)::)?\b([A-Za-z_]\w*)\s*\(")
DEFINED = re.compile(r"\s*(?:const\b|noexcept\b|override\b|final\b|\[\[[^\]]*\]\]\s*)*(?:\s*:[^;{}]*)?\s*\{")
BLOCK = re.compile(r"(?<=\))\s*(?:\[\[\w+\]\]\s*)?\{|\belse\s*\{")
EXIT = re.compile(r"(?:^|[;{}])\s*(?:co_)?return\b[^;]*;\s*$")
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "decltype", "catch", "co_return", "co_await"}


def closing(text, start):
    """Where the bracket at start closes."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "({[") - (text[at] in ")}]")
        if depth == 0:
            return at
    raise ValueError(f"unbalanced: {text[start:start + 60]}")


@dataclass
class Function:
    file: str
    name: str
    owner: str  # class; "" for a free function, "?" where it stands in its class
    exported: bool
    body: str = field(repr=False)

    def calls(self):
        """(how, name) in the order of evaluation; how: "." of an object, "::" of a class, a namespace or nothing."""
        blocks = [(at.end(), closing(self.body, at.end() - 1)) for at in BLOCK.finditer(self.body)]
        exits = [(begin, end) for begin, end in blocks if EXIT.search(self.body[begin:end])]
        found = []
        for call in CALL.finditer(self.body):
            if call[3] not in KEYWORDS:
                how = "." if call[1] else "::" if call[2] and call[2][0].isupper() else call[2] or ""
                early = any(begin <= call.start() < end for begin, end in exits)
                found.append((early, closing(self.body, call.end() - 1), how, call[3]))
        return [(how, name) for _, _, how, name in sorted(found)]


@cache
def functions_of(root, file):
    text = NO_CODE.sub(lambda cut: '""' if cut[0][0] in "\"'" else "", (root / file).read_text())
    text = re.sub(r"(?m)^\s*#.*$", "", text)
    hidden = [(at.end(), closing(text, at.end() - 1)) for at in re.finditer(r"(?m)^namespace \{", text)]
    found, inside = [], -1
    for head in CALL.finditer(text):
        if head.start() < inside or head[1] or head[3] in KEYWORDS:
            continue
        if begun := DEFINED.match(text, closing(text, head.end() - 1) + 1):
            inside = closing(text, begun.end() - 1)
            indented = text[text.rfind("\n", 0, head.start()) + 1].isspace()
            exported = not any(begin < head.start() < end for begin, end in hidden)
            owner = head[2] or ("?" if indented else "")
            found.append(Function(file, head[3], owner, exported, text[begun.end() : inside]))
    return found


class Walk:
    def __init__(self, root, steps, untold, target):
        self.steps, self.untold, self.met, self.seen = steps, untold, [], set()
        proxy = {str(path.relative_to(root)) for path in (root / "src/proxy").glob("*.cc")}
        files = {file for file, _ in steps if file.endswith(".cc")} | proxy
        self.functions = [one for file in sorted(files) for one in functions_of(root, file)]
        self.others = set(TARGETS) - {target}
        for one in self.functions:
            if (one.file, one.name) == START:
                self.visit(one, one)

    def step_of(self, one):
        names = {(one.file, one.name), (one.file, f"{one.owner}::{one.name}")}
        return next((step for step in self.steps if step in names), None)

    def called(self, caller, how, name):
        """The definitions that a call may mean."""
        of_object = how in (".", "::")
        named = [one for one in self.functions if one.name == name]
        here = [one for one in named if one.file == caller.file and (one.owner != "" if of_object else how == "")]
        elsewhere = [one for one in named if one.file != caller.file and (one.owner != "") == of_object]
        known = [one for one in elsewhere if self.step_of(one) or one.exported and one.file.startswith("src/proxy/")]
        return here or known

    def visit(self, one, caller):
        step = self.step_of(one)
        if id(one) in self.seen or one.name in self.others or (one.file, one.name) in self.untold:
            return
        self.seen.add(id(one))
        if step and step not in [met for met, _ in self.met]:
            self.met.append((step, f"{caller.file} {caller.name}"))
        for how, name in one.calls():
            for callee in self.called(one, how, name):
                self.visit(callee, one)


def read_page(page):
    """The steps, each with its row and line, and what is named elsewhere."""
    rows, others = {}, {}
    for named in NAMED.finditer(page):
        line = page[page.rfind("\n", 0, named.start()) + 1 : named.start()]
        row = int(line.split("|")[1]) if line.startswith("|") else None
        (others if row is None else rows).setdefault(named.groups(), (row, page.count("\n", 0, named.start()) + 1))
    return rows, others


def check(root, page=None):
    rows, others = read_page((root / PAGE).read_text() if page is None else page)
    for (file, name), (_, line) in {**rows, **others}.items():
        if not (root / file).is_file() or not re.search(rf"\b{name.split('::')[-1]}\b", (root / file).read_text()):
            return [Finding(PAGE, line, f"there is no {name} in {file}")]
    for target, without in TARGETS.items():
        on_its_way = [step for step, (row, _) in rows.items() if row not in without]
        walk = Walk(root, list(rows), others, target)
        for step in on_its_way:
            if step not in [met for met, _ in walk.met]:
                text = f"no way leads from {START[1]} by way of {target} to {step[1]} of {step[0]}"
                return [Finding(PAGE, rows[step][1], text)]
        for (step, caller), expected in zip(walk.met, on_its_way + [None]):
            if step != expected:
                page_says = f"the page goes to {expected[1]} here" if expected else "the page goes no further"
                text = f"{page_says}, the code by way of {target} first to {step[1]}, from {caller}"
                return [Finding(PAGE, rows[expected or step][1], text)]
    return []


if __name__ == "__main__":
    sys.exit(report("check_walk", check(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)))
