"""How many tests passed, failed and were skipped."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Failure:
    name: str
    text: str


@dataclass
class Counts:
    passed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)

    def fail(self, name, text):
        self.failures.append(Failure(name, text))

    def add(self, other):
        self.passed += other.passed
        self.skipped += other.skipped
        self.failures += other.failures

    def as_dict(self):
        return {"passed": self.passed, "failed": len(self.failures), "skipped": self.skipped}

    def line(self):
        return f"{self.passed} passed, {len(self.failures)} failed, {self.skipped} skipped"
