import json
import os
import tempfile
import unittest
from pathlib import Path

import compile_fail
import e2e
import unit_tests

REPORT = {"testsuites": [{"name": "Chunk", "testsuite": [
    {"name": "Passes", "status": "RUN", "result": "COMPLETED"},
    {"name": "Fails", "status": "RUN", "result": "COMPLETED", "failures": [{"failure": "1 is not 2"}]},
    {"name": "Skips", "status": "RUN", "result": "SKIPPED"},
    {"name": "Disabled", "status": "NOTRUN", "result": "SUPPRESSED"},
]}]}
JUNIT = """<testsuites><testsuite>
<testcase classname="a" name="passes"/>
<testcase classname="a" name="fails"><failure>no answer</failure></testcase>
<testcase classname="a" name="breaks"><error>no port</error></testcase>
<testcase classname="a" name="skips"><skipped/></testcase>
</testsuite></testsuites>"""
CASE = """// error: undeclared identifier
void use() {
#ifdef GATEHOUSE_MISUSE
  undeclared();
#endif
}
"""


class RunTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def write(self, name, text):
        file = self.path / name
        file.write_text(text)
        return file

    def program(self, text):
        file = self.write("a_test", "#!/bin/sh\n" + text)
        file.chmod(0o755)
        return unit_tests.UnitTest("a_test", file)

    def test_a_unit_report_is_counted(self):
        counts = unit_tests.from_report(self.write("r.json", json.dumps(REPORT)), "base_test")
        self.assertEqual(counts.line(), "1 passed, 1 failed, 1 skipped")
        self.assertEqual((counts.failures[0].name, counts.failures[0].text), ("base_test: Chunk.Fails", "1 is not 2"))

    def test_a_crash_is_a_failure_with_its_output(self):
        _, counts, _ = unit_tests.run(self.program("echo broken invariant; kill -ABRT $$\n"), self.path, dict(os.environ))
        self.assertEqual(counts.line(), "0 passed, 1 failed, 0 skipped")
        self.assertIn("broken invariant", counts.failures[0].text)

    def test_a_test_that_is_not_built_is_a_failure(self):
        _, counts, _ = unit_tests.run(unit_tests.UnitTest("a_test", None), self.path, {})
        self.assertEqual(counts.line(), "0 passed, 1 failed, 0 skipped")

    def test_an_end_to_end_report_is_counted(self):
        counts = e2e.from_report(self.write("e2e.xml", JUNIT))
        self.assertEqual(counts.line(), "1 passed, 2 failed, 1 skipped")

    def test_misuse_that_is_refused_passes(self):
        self.assertIsNone(compile_fail.check(["clang++-19"], self.write("a.cc", CASE)))

    def test_misuse_that_compiles_is_told(self):
        case = self.write("a.cc", CASE.replace("undeclared();", ""))
        self.assertEqual(compile_fail.check(["clang++-19"], case), "the misuse compiles")

    def test_misuse_refused_for_another_reason_is_told(self):
        case = self.write("a.cc", CASE.replace("// error: ", "// error: private member "))
        self.assertIn("no message matches", compile_fail.check(["clang++-19"], case))


if __name__ == "__main__":
    unittest.main()
