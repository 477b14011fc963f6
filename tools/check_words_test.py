import unittest

import check_words


def said(path, line, previous=""):
    return list(check_words.check_line(path, line, previous))


class CheckWords(unittest.TestCase):
    def test_vague_names(self):
        for path in ("src/utils/a.h", "src/base/helpers.cc", "src/base/string_util_test.cc"):
            self.assertEqual([(f.path, f.line) for f in check_words.check_path(path)], [(path, 1)], path)
        self.assertEqual(list(check_words.check_path("src/base/text.h")), [])

    def test_suffixes_that_say_nothing(self):
        self.assertIn("the suffix Manager", said("a.h", "class RouteManager {")[0])
        self.assertIn("the suffix Info", said("a.h", "  struct [[nodiscard]] PeerInfo;")[0])
        self.assertEqual(said("a.h", "struct TraceContext {"), [])
        self.assertEqual(said("a.h", "class Database {"), [])

    def test_notes_without_a_kind(self):
        self.assertEqual(len(said("a.cc", "// TO" + "DO: later")), 1)
        self.assertEqual(len(said("a.cc", "// FIX" + "ME")), 1)
        self.assertEqual(said("a.cc", "// TODO(perf): measure"), [])

    def test_silenced_checks(self):
        self.assertEqual(len(said("a.h", "int x;  // NOLINT")), 1)
        self.assertEqual(len(said("a.h", "int x;  // NOLINT(some-check)")), 1)
        self.assertEqual(said("a.h", "int x;  // NOLINT(some-check): the library asks for it"), [])
        self.assertEqual(said("a.h", "int x;  // NOLINT(some-check)", previous="// The library asks for it."), [])

    def test_registry_hosts(self):
        self.assertEqual(len(said("a.json", '"resolved": "https://registry.npm' + 'js.org/x"')), 1)
        self.assertEqual(said("a.md", "https://www.debian.org/"), [])

    def test_paths_of_one_machine(self):
        self.assertEqual(len(said("a.md", "see /wo" + "rk/main/README.md")), 1)
        self.assertEqual(said("a.md", "see docs/work/main"), [])


if __name__ == "__main__":
    unittest.main()
