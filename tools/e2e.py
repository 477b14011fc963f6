"""End-to-end tests: pytest in test/e2e against a real binary.

What the tests find in their environment:
    GATEHOUSE_BIN         the binary under test
    GATEHOUSE_SOURCE_DIR  the repository
    GATEHOUSE_E2E_NODE    a folder whose node_modules holds what test/e2e/package.json asks for
    GATEHOUSE_SANITIZED   set if the binary is built with a sanitizer, so that bounds on memory do not apply
    GATEHOUSE_PATIENCE    seconds to wait for an event before giving up; more with a sanitizer
Python packages of test/e2e/requirements.txt are in a virtual environment under build/, which is the only place written to.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

from source_tree import ROOT
from test_counts import Counts

TIMEOUT_SECONDS = 1800
# Tests wait about half of their time. No more than eight: also processors are counted that a container may not use.
AT_A_TIME = min(2 * os.cpu_count(), 8)
VENV = ROOT / "build" / "venv"
NODE = ROOT / "build" / "e2e-node"


def stamp_of(*files):
    """Changes when one of the files does."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files if file.exists())).hexdigest()


def unless_stamped(folder, stamp, make):
    """Calls make() unless folder was made for this stamp."""
    marker = folder / ".made-for"
    if not marker.exists() or marker.read_text() != stamp:
        make()
        marker.write_text(stamp)


def prepare_python(folder):
    requirements = folder / "requirements.txt"

    def make():
        print(f"installing {requirements.relative_to(ROOT)} into {VENV.relative_to(ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = [VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", requirements], check=True)

    unless_stamped(VENV, stamp_of(requirements), make)


def prepare_node(folder):
    package, lock = folder / "package.json", folder / "package-lock.json"
    if not package.exists():
        return

    def make():
        print(f"installing {package.relative_to(ROOT)} into {NODE.relative_to(ROOT)}", flush=True)
        shutil.rmtree(NODE, ignore_errors=True)
        NODE.mkdir(parents=True)
        for file in (package, lock):
            if file.exists():
                shutil.copy(file, NODE)
        command = ["npm", "ci" if lock.exists() else "install", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=NODE, check=True)

    unless_stamped(NODE, stamp_of(package, lock), make)


def run(folder, binary, reports, environment):
    """(name, counts, seconds). A run that breaks off is one failure."""
    begun = time.monotonic()
    counts = Counts()
    if folder.exists():
        report = reports / "e2e.xml"
        report.unlink(missing_ok=True)
        try:
            prepare_python(folder)
            prepare_node(folder)
            run_pytest(folder, binary, report, environment)
        except (subprocess.SubprocessError, OSError) as problem:
            counts.fail("e2e", str(problem))
        if report.exists():
            counts.add(from_report(report))
        elif not counts.failures:
            counts.fail("e2e", "pytest left no report; its messages are above")
    return "e2e", counts, time.monotonic() - begun


def run_pytest(folder, binary, report, environment):
    more = {
        "GATEHOUSE_BIN": str(binary), "GATEHOUSE_SOURCE_DIR": str(ROOT), "GATEHOUSE_E2E_NODE": str(NODE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if binary.parent.name in ("asan", "tsan"):
        more["GATEHOUSE_SANITIZED"] = binary.parent.name
        more["GATEHOUSE_PATIENCE"] = "120"
    # The tests of one file stay together and share what they started.
    command = [
        VENV / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(AT_A_TIME), "--dist", "loadfile",
        f"--junitxml={report}", folder,
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment, **more}, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL
    )
    if done.returncode not in (0, 1):
        raise subprocess.SubprocessError(f"pytest ended with exit code {done.returncode}; its messages are above")


def from_report(report):
    """Counts of a JUnit report."""
    counts = Counts()
    for case in xml.parse(report).iter("testcase"):
        failed = [element for element in case if element.tag in ("failure", "error")]
        if failed:
            counts.fail(f"e2e: {case.get('classname')}.{case.get('name')}", failed[0].text or "")
        elif case.find("skipped") is not None:
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts
