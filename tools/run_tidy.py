#!/usr/bin/env python3
"""clang-tidy over what changed, two files at a time; a file that was clean is not looked at again until it changes.

    tools/run_tidy.py BUILD [--all] [--fix]

BUILD has compile_commands.json. Changed means: against LINT_BASE, else where this branch left origin/main, else since a
day ago. A changed header stands for its .cc and its test. Clean results are kept under their hash in the user's cache.
"""

import argparse
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source_tree import ROOT, our_files

TIDY = "clang-tidy-19"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gatehouse-tidy"
# Tests are compiled with the sanitizers and thrown away by the next reader's change: the path analysis, which takes half
# of the time, is left to the code under test.
NOT_IN_TESTS = "-clang-analyzer-*"


def git(*words):
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def base_commit():
    """What to compare with, or "" for everything."""
    if named := os.environ.get("LINT_BASE"):
        return named
    left = git("merge-base", "HEAD", "origin/main")
    if left and left != git("rev-parse", "HEAD"):
        return left
    return git("rev-list", "-1", "--before=1 day ago", "HEAD")


def changed_files(base):
    names = git("diff", "--name-only", base).splitlines() + git("ls-files", "-o", "--exclude-standard").splitlines()
    stems = {re.sub(r"(_test)?\.(cc|h)$", "", name) for name in names}
    return {name for stem in stems for name in (f"{stem}.cc", f"{stem}_test.cc")}


def compile_commands(build):
    """Path relative to the repository -> (folder, command) for every source of ours."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if file.is_relative_to(ROOT) and not file.is_relative_to(build):
            commands[file.relative_to(ROOT).as_posix()] = (entry["directory"], entry["command"])
    return commands


def make_precompiled(build, commands):
    """The headers that sources begin with: a build folder that is only configured has none."""
    targets = sorted({name for _, command in commands.values() for name in re.findall(r"/(\w+)\.dir/cmake_pch\.hxx\.pch", command)})
    if targets:
        subprocess.run(["cmake", "--build", build, "--target", *targets, "--", "--quiet"], check=True)


def key_of(path, folder, command, settings):
    """A hash of all that decides the result: settings, flags, and the text of the file and of what it includes."""
    words = shlex.split(command)
    words = words[next(i for i, word in enumerate(words) if "clang++" in word):]
    out = words.index("-o")
    del words[out:out + 2]
    done = subprocess.run([*words, "-E", "-C"], cwd=folder, capture_output=True)
    if done.returncode != 0:
        return None
    text = done.stdout.replace(str(ROOT).encode(), b"")
    flags = " ".join(words).replace(str(ROOT), "")
    return hashlib.sha256(b"\0".join([settings, path.encode(), flags.encode(), text])).hexdigest()


def tidy(path, folder, command, build, config, settings, fix):
    """What clang-tidy says against the file, or ""."""
    key = key_of(path, folder, command, settings)
    if key and (CACHE / key).exists():
        return ""
    words = [TIDY, "-p", build, "--quiet", f"--config-file={config}"]
    if path.endswith("_test.cc"):
        words.append(f"--checks={NOT_IN_TESTS}")
    if fix:
        words += ["--fix", "--format-style=file"]
    done = subprocess.run([*words, ROOT / path], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        if key:
            (CACHE / key).touch()
        return ""
    return done.stdout or done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--all", action="store_true", default=os.environ.get("LINT_ALL") == "1")
    parser.add_argument("--thorough", action="store_true", help="the long list of checks, .clang-tidy-thorough")
    parser.add_argument("--fix", action="store_true", help="let clang-tidy repair what it can, one file at a time")
    parser.add_argument("only", nargs="*", help="these files, instead of the changed ones")
    args = parser.parse_args()

    build = args.build.resolve()
    CACHE.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    config = ROOT / (".clang-tidy-thorough" if args.thorough else ".clang-tidy")
    settings = version + config.read_bytes() + NOT_IN_TESTS.encode()
    commands = compile_commands(build)
    chosen = set(our_files(patterns=["*.cc"])) & set(commands)
    if args.only:
        chosen &= {Path(name).resolve().relative_to(ROOT).as_posix() for name in args.only}
    elif not args.all and (base := base_commit()):
        chosen &= changed_files(base)

    make_precompiled(build, {path: commands[path] for path in chosen})
    failed = 0
    with ThreadPoolExecutor(1 if args.fix else os.cpu_count()) as pool:
        results = pool.map(lambda path: (path, tidy(path, *commands[path], build, config, settings, args.fix)), sorted(chosen))
        for path, said in results:
            if said:
                failed += 1
                print(f"{path}\n{said.replace(f'{ROOT}/', '')}", flush=True)
    print(f"tidy: {len(chosen)} files, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
