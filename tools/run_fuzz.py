#!/usr/bin/env python3
"""Runs every fuzz target of a build, each for some seconds from its committed corpus.

    tools/run_fuzz.py BUILD [--seconds N] [--jobs N] [NAME...]

fuzz/NAME_fuzz.cc starts from fuzz/corpus/NAME/ and uses fuzz/NAME.dict if there is one. New inputs stay under BUILD. An
input that breaks a target is copied to fuzz/corpus/NAME/crash-..., where it belongs once the bug is repaired.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from run_tests import sanitizer_environment
from source_tree import ROOT

FUZZ = ROOT / "fuzz"
TAIL_CHARACTERS = 6000


def command_of(name, build, corpus, seconds):
    """The libFuzzer command; new inputs go to the first folder, the committed corpus is only read."""
    grown, found = build / "corpus" / name, build / "found" / name
    shutil.rmtree(found, ignore_errors=True)
    for folder in (grown, found):
        folder.mkdir(parents=True, exist_ok=True)
    words = [
        build / f"{name}_fuzz", grown, *([corpus] if corpus.is_dir() else []), f"-max_total_time={seconds}",
        f"-artifact_prefix={found}/", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1",
    ]
    dictionary = FUZZ / f"{name}.dict"
    if dictionary.exists():
        words.append(f"-dict={dictionary}")
    return words, found


def keep_crashes(found, corpus):
    """Copies what broke the target into its corpus; the names of the copies."""
    kept = []
    for artifact in sorted(found.iterdir()):
        corpus.mkdir(parents=True, exist_ok=True)
        copy = corpus / f"crash-{artifact.name.split('-')[-1][:12]}"
        shutil.copy(artifact, copy)
        kept.append(copy)
    return kept


def fuzz(name, build, seconds):
    """(name, runs, complaint), the last empty if nothing broke."""
    corpus = FUZZ / "corpus" / name
    words, found = command_of(name, build, corpus, seconds)
    try:
        done = subprocess.run(
            words, env=sanitizer_environment(), timeout=seconds + 120, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return name, 0, str(problem)
    output = done.stdout.decode(errors="replace")
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    runs = int(executed.group(1)) if executed else 0
    kept = keep_crashes(found, corpus)
    if done.returncode == 0 and not kept:
        return name, runs, ""
    where = "".join(f"\ninput kept as {copy}" for copy in kept)
    return name, runs, output[-TAIL_CHARACTERS:] + where


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("names", nargs="*", help="only these targets")
    args = parser.parse_args()

    build = args.build.resolve()
    names = args.names or sorted(file.name.removesuffix("_fuzz.cc") for file in FUZZ.glob("*_fuzz.cc"))
    broken = 0
    with ThreadPoolExecutor(args.jobs) as pool:
        for name, runs, complaint in pool.map(lambda name: fuzz(name, build, args.seconds), names):
            print(f"{'FAIL' if complaint else 'ok  '} fuzz: {name:<20} {runs:>9} inputs", flush=True)
            if complaint:
                broken += 1
                print(complaint.replace(f"{ROOT}/", ""), flush=True)
    print(f"fuzz: {len(names)} targets, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
