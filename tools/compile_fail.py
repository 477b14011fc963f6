"""Misuse that must not compile.

Each test/compile_fail/NAME.cc is compiled twice, with warnings as errors: as it is, which must succeed, and with
GATEHOUSE_MISUSE defined, which must fail with a message that matches its line "// error: REGULAR EXPRESSION".
"""

import json
import os
import re
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from test_counts import Counts

EXPECTED = re.compile(r"^// error: (.+)$", re.MULTILINE)


def compiler_flags(build):
    """The command that the build folder compiles our sources with, without its input and output."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if "/src/" not in entry["file"]:
            continue
        words = shlex.split(entry["command"])
        words = words[next(i for i, word in enumerate(words) if "clang++" in word):]
        flags, skip = [], False
        for word in words:
            if skip:
                skip = False
            elif word in ("-o", "-c"):
                skip = word == "-o"
            elif word != entry["file"]:
                flags.append(word)
        return flags
    raise RuntimeError(f"{build} compiles none of our sources")


def compile_once(flags, source, *more):
    """The compiler's messages if it refuses, else None."""
    done = subprocess.run([*flags, "-fsyntax-only", "-Werror", *more, source], capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr


def check(flags, source):
    """What is wrong with this case, or None."""
    expected = EXPECTED.search(source.read_text())
    if not expected:
        return 'a line "// error: REGULAR EXPRESSION" is missing'
    refused = compile_once(flags, source)
    if refused is not None:
        return f"the right use does not compile:\n{refused}"
    refused = compile_once(flags, source, "-DGATEHOUSE_MISUSE")
    if refused is None:
        return "the misuse compiles"
    if not re.search(expected.group(1), refused):
        return f"refused, but no message matches /{expected.group(1)}/:\n{refused}"
    return None


def run(folder, build):
    """(name, counts, seconds) of every case in the folder."""
    begun = time.monotonic()
    counts = Counts()
    sources = sorted(folder.glob("*.cc"))
    if sources:
        flags = compiler_flags(build)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for source, problem in zip(sources, pool.map(lambda source: check(flags, source), sources)):
                if problem:
                    counts.fail(f"compile_fail: {source.name}", problem)
                else:
                    counts.passed += 1
    return "compile_fail", counts, time.monotonic() - begun
