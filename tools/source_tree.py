"""What the checks share: which files are ours, and how a finding is told."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


def our_files(root=ROOT, patterns=()):
    """Paths relative to root of files that are committed or about to be, sorted; patterns are git's."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z", "--", *patterns],
        cwd=root, check=True, capture_output=True, text=True,
    ).stdout
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def read_text(path):
    """The file's text, or None if it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def report(tool, findings, warnings=()):
    """Prints both, findings last; the exit code of the tool."""
    for warning in sorted(warnings):
        print(f"warning: {warning}", file=sys.stderr)
    for finding in sorted(findings):
        print(finding, file=sys.stderr)
    if findings:
        print(f"{tool}: {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0
