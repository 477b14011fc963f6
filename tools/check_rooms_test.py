import tempfile
import unittest
from pathlib import Path

import check_rooms

TABLE = """
set(GATEHOUSE_ROOMS
  "base:"
  "io: base"
  "resource: base"
  "policy: base io resource"
)
set(GATEHOUSE_ROOM_LIMITS
  "policy: io/task.h"
)
set(GATEHOUSE_RESOURCE_FROM_CC_ONLY policy)
"""
DOCS = """
| base | nothing | . |
| io | base | . |
| resource | base | . |
| policy | base, `io/task.h`, resource (.cc only) | . |
"""


class CheckRooms(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        self.write("cmake/rooms.cmake", TABLE)
        self.write("docs/rooms.md", DOCS)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def findings(self, path=None, text=None):
        if path:
            self.write(path, text)
        return [str(finding) for finding in check_rooms.check(self.root)]

    def assert_found(self, path, text, beginning):
        found = self.findings(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(beginning), found[0])

    def test_a_clean_tree_has_no_findings(self):
        self.write("src/base/text.h", "#include <string>\n")
        self.write("src/policy/cors.h", '#include "base/text.h"\n#include "io/task.h"\n')
        self.write("src/policy/cors.cc", '#include "policy/cors.h"\n#include "resource/policy.h"\n')
        self.write("src/main.cc", '#include "policy/cors.h"\n')
        self.assertEqual(self.findings(), [])

    def test_a_room_that_the_table_does_not_allow(self):
        self.assert_found("src/base/a.h", '// a\n#include "io/task.h"\n', "src/base/a.h:2: base/ may not include io/")

    def test_a_header_outside_the_narrower_limit(self):
        self.assert_found("src/policy/a.h", '#include "io/tcp.h"\n', "src/policy/a.h:1: of io/, policy/ may include only")

    def test_resource_from_a_header(self):
        self.assert_found("src/policy/a.h", '#include "resource/a.h"\n', "src/policy/a.h:1: a header of policy/")

    def test_a_folder_that_is_no_room(self):
        self.assert_found("src/misc/a.h", "#pragma once\n", "src/misc/a.h:1: there is no room misc/")

    def test_a_header_written_from_its_own_folder(self):
        self.assert_found("src/base/a.h", '#include "b.h"\n', 'src/base/a.h:1: "b.h" must be written from src/')

    def test_another_header_before_the_own_one(self):
        self.write("src/base/a.h", "")
        self.assert_found("src/base/a.cc", '#include <string>\n#include "base/a.h"\n', "src/base/a.cc:1: the first include")

    def test_a_test_includes_its_subject_first(self):
        self.write("src/base/a.h", "")
        self.assert_found("src/base/a_test.cc", "#include <gtest/gtest.h>\n", "src/base/a_test.cc:1: the first include")

    def test_sockets_outside_io(self):
        self.assert_found("src/policy/a.cc", "#include <sys/socket.h>\n", "src/policy/a.cc:1: <sys/socket.h> belongs only")

    def test_tls_is_not_crypto(self):
        self.assert_found("src/base/a.cc", "#include <openssl/ssl.h>\n", "src/base/a.cc:1: <openssl/ssl.h> belongs only in files that match io/")

    def test_fmt_in_a_header(self):
        self.assert_found("src/base/a.h", "#include <fmt/format.h>\n", "src/base/a.h:1: <fmt/format.h> belongs only")

    def test_an_unknown_library(self):
        self.assert_found("src/base/a.cc", "#include <boost/asio.hpp>\n", "src/base/a.cc:1: <boost/asio.hpp> is no library")

    def test_a_test_may_use_the_library_of_its_room(self):
        self.assertEqual(self.findings("src/io/dns_test.cc", "#include <ares.h>\n"), [])

    def test_a_table_with_a_cycle(self):
        self.write("cmake/rooms.cmake", TABLE.replace('"base:"', '"base: io"'))
        found = self.findings()
        self.assertTrue(any(line.startswith("cmake/rooms.cmake:1: base may include io") for line in found), found)

    def test_docs_that_lag_behind_the_table(self):
        self.write("docs/rooms.md", DOCS.replace("| io | base |", "| io | nothing |"))
        self.assertEqual(self.findings(), ["docs/rooms.md:3: the row of io must begin: | io | base |"])


if __name__ == "__main__":
    unittest.main()
