#!/usr/bin/env python3
"""Runs every test of a build and counts them; the last line printed is "N passed, N failed, N skipped".

    tools/run_tests.py BUILD [--gatehouse BINARY] [--label LABEL] [--without SUITE]...

BUILD is a configured and built folder; its unit tests are those ctest knows. test/compile_fail runs with BUILD's flags.
With --gatehouse, test/e2e runs against that binary. A sum for other tools is left in BUILD/reports/summary.json.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import compile_fail
import e2e
import unit_tests
from source_tree import ROOT
from test_counts import Counts

SUITES = ("unit", "compile_fail", "e2e")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--gatehouse", type=Path, help="binary for the end-to-end tests; without it they do not run")
    parser.add_argument("--label", help="only unit tests with this ctest label")
    parser.add_argument("--without", action="append", choices=SUITES, default=[], help="leave a suite out")
    return parser.parse_args()


def sanitizer_environment():
    """A sanitizer's report ends the process and names functions; the suppression files are empty and stay so."""
    symbolizer = "/usr/bin/llvm-symbolizer-19"
    defaults = {
        "ASAN_OPTIONS": f"detect_leaks=1:strict_string_checks=1:external_symbolizer_path={symbolizer}",
        "UBSAN_OPTIONS": f"print_stacktrace=1:halt_on_error=1:external_symbolizer_path={symbolizer}",
        "TSAN_OPTIONS": f"halt_on_error=1:second_deadlock_stack=1:external_symbolizer_path={symbolizer}",
    }
    return {**defaults, **os.environ}


def main():
    args = arguments()
    build = args.build.resolve()
    reports = build / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    environment = sanitizer_environment()
    total = Counts()

    def tell(name, counts, seconds):
        total.add(counts)
        mark = "FAIL" if counts.failures else "ok  "
        print(f"{mark} {name:<28} {counts.passed:>5} passed {seconds:>7.1f} s", flush=True)

    if "unit" not in args.without:
        tests = unit_tests.of_build(build, args.label)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, counts, seconds in pool.map(lambda test: unit_tests.run(test, reports, environment), tests):
                tell(name, counts, seconds)
    if "compile_fail" not in args.without:
        tell(*compile_fail.run(ROOT / "test" / "compile_fail", build))
    if args.gatehouse and "e2e" not in args.without:
        tell(*e2e.run(ROOT / "test" / "e2e", args.gatehouse.resolve(), reports, environment))

    for failure in total.failures:
        print(f"\nFAILED {failure.name}\n{failure.text.rstrip()}")
    if not total.passed and not total.failures:
        total.fail("run_tests", "no test ran")
    (reports / "summary.json").write_text(json.dumps(total.as_dict()))
    print(f"\n{total.line()}")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
