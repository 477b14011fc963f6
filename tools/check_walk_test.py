import tempfile
import unittest
from pathlib import Path

import check_walk
from source_tree import ROOT

PAGE = """
| 1 | begins | `src/proxy/connection.cc` `serveConnection` |
| 2 | reads | `src/http/wire.cc` `Wire::next`, `src/proxy/work.cc` `prepare` |
| 3 | sends | `src/proxy/work.cc` `sendOut` |
| 4 | counts | `src/http/count.cc` `report` |

Errors go to `src/proxy/work.cc`
`answerError`.
"""
CONNECTION = """
namespace proxy {
namespace {
Name hiddenOf(const Doorway& doorway) { return report(doorway); }
}  // namespace

Task serveConnection(Worker& worker) {
  while (auto exchange = co_await wire->next()) {
    co_await forwardLlm(worker, std::move(exchange));
    co_await forwardHttp(worker, std::move(exchange));
    co_await answerSimulated(worker, std::move(exchange));
  }
}
}  // namespace proxy
"""
WORK = """
Result prepare(Worker& worker) { return {}; }
Task sendOut(Worker& worker, Body body) {
  if (body.empty()) {
    co_return telemetry::report(worker);
  }
}
Answer answerError(Worker& worker) { return telemetry::report(worker); }

Task forwardLlm(Worker& worker, Exchange exchange) {
  if (worker.failed()) {
    answerError(worker);
  }
  co_await sendOut(worker, prepare(worker));  // report(worker)
  worker.report("sendOut(worker)");
  telemetry::report(worker);
}
Task forwardHttp(Worker& worker, Exchange exchange) {
  return forwardLike(worker);
}
Task answerSimulated(Worker& worker, Exchange exchange) {
  return forwardLike(worker);
}
Task forwardLike(Worker& worker) {
  prepare(worker);
  telemetry::report(sendOut(worker));
}
"""


class CheckWalk(unittest.TestCase):
    def findings(self, page=PAGE, work=WORK):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for path, text in {
            "docs/request.md": page,
            "src/proxy/connection.cc": CONNECTION,
            "src/proxy/work.cc": work,
            "src/http/wire.cc": "Task Wire::next() {\n  return {};\n}\n",
            "src/http/count.cc": "void report(Worker& worker) {\n}\n",
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return [str(finding) for finding in check_walk.check(root)]

    def test_a_page_in_the_order_of_the_code(self):
        self.assertEqual(self.findings(), [])

    def test_arguments_come_before_the_call_that_takes_them(self):
        found = self.findings(work=WORK.replace("sendOut(worker, prepare(worker))", "prepare(sendOut(worker, body))"))
        self.assertEqual(
            found,
            ["docs/request.md:3: the page goes to prepare here, the code by way of forwardLlm first to sendOut, "
             "from src/proxy/work.cc forwardLlm"],
        )

    def test_calls_in_another_order(self):
        early = WORK.replace("  co_await sendOut", "  telemetry::report(worker);\n  co_await sendOut")
        self.assertIn("first to report, from src/proxy/work.cc forwardLlm", self.findings(work=early)[0])

    def test_a_step_that_the_code_does_not_take(self):
        gone = WORK.replace("prepare(worker));", "{});")
        self.assertEqual(
            self.findings(work=gone),
            ["docs/request.md:3: no way leads from serveConnection by way of forwardLlm to prepare of "
             "src/proxy/work.cc"],
        )
        only_in_an_object = WORK.replace("  telemetry::report(worker);\n}", "}")
        self.assertEqual(self.findings(work=only_in_an_object), [], "the early exit of sendOut leads there")
        nowhere = only_in_an_object.replace("co_return telemetry::report(worker)", "co_return")
        self.assertIn("by way of forwardLlm to report", self.findings(work=nowhere)[0])

    def test_the_ways_beside_the_one_the_page_tells(self):
        turned = "forwardLike(prepare(sendOut(worker)));"
        to_service = WORK.replace("forwardLike(worker);", turned, 1)
        self.assertIn("by way of forwardHttp first to sendOut", str(self.findings(work=to_service)))
        simulated = turned.join(WORK.rsplit("forwardLike(worker);", 1))
        self.assertIn("by way of answerSimulated first to sendOut", str(self.findings(work=simulated)))
        skipped = PAGE.replace("| 4 |", "| 6 |")
        self.assertIn("by way of forwardHttp first to report", str(self.findings(page=skipped)))

    def test_a_name_that_is_gone(self):
        self.assertEqual(
            self.findings(page=PAGE.replace("`answerError`", "`answer`")),
            ["docs/request.md:7: there is no answer in src/proxy/work.cc"],
        )

    def test_no_two_rows_of_our_page_can_change_places(self):
        page = (ROOT / check_walk.PAGE).read_text()
        self.assertEqual(check_walk.check(ROOT, page), [])
        rows = [line for line in page.splitlines() if line.startswith("|")][2:]
        self.assertGreater(len(rows), 10)
        for one, other in zip(rows, rows[1:]):
            swapped = page.replace(f"{one}\n{other}", f"{other}\n{one}")
            self.assertIn("the page goes to", str(check_walk.check(ROOT, swapped)), one)


if __name__ == "__main__":
    unittest.main()
