"""The GoogleTest binaries of a build folder, as ctest knows them."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from source_tree import ROOT
from test_counts import Counts

TIMEOUT_SECONDS = 600
TAIL_CHARACTERS = 6000


@dataclass(frozen=True)
class UnitTest:
    name: str
    binary: Path | None  # None if it is not built


def of_build(build, label=None):
    """The unit tests of a build folder; with a label, only those that carry it."""
    command = ["ctest", "--test-dir", build, "--show-only=json-v1"]
    if label:
        command += ["-L", f"^{label}$"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [UnitTest(test["name"] + "_test", binary_of(test)) for test in listed["tests"]]


def binary_of(test):
    return Path(test["command"][0]) if "command" in test else None


def run(test, reports, environment):
    """(name, counts, seconds). A binary that is missing, or ends crashed or stuck, is one failure."""
    if test.binary is None:
        counts = Counts()
        counts.fail(test.name, "is not built")
        return test.name, counts, 0.0
    report = reports / f"{test.name}.json"
    report.unlink(missing_ok=True)
    begun = time.monotonic()
    command = [test.binary, f"--gtest_output=json:{report}", "--gtest_brief=1"]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, timeout=TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        ended, output = f"exit code {done.returncode}", done.stdout
    except subprocess.TimeoutExpired as stuck:
        done, ended, output = None, f"still running after {TIMEOUT_SECONDS} s", stuck.stdout or b""
    except OSError as problem:
        done, ended, output = None, str(problem), b""
    counts = from_report(report, test.name) if report.exists() else Counts()
    if not counts.failures and (done is None or done.returncode != 0):
        text = output.decode(errors="replace")[-TAIL_CHARACTERS:]
        counts.fail(test.name, f"{ended}; the end of its output:\n{text}")
    return test.name, counts, time.monotonic() - begun


def from_report(report, name):
    """Counts of a GoogleTest JSON report."""
    counts = Counts()
    for suite in json.loads(report.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            if "failures" in case:
                text = "\n".join(failure["failure"] for failure in case["failures"])
                counts.fail(f"{name}: {suite['name']}.{case['name']}", text)
            elif case.get("result") == "SKIPPED":
                counts.skipped += 1
            elif case.get("status") == "RUN":
                counts.passed += 1
    return counts
