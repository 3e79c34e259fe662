"""Every rule of tools/check_layers: a tree that breaks it is reported, one that does not is not."""

import unittest

import tree

check_layers = tree.load("check_layers")

LAYERS = """# A picture

<!-- layers: read by tools/check_layers, the topmost first -->
```
main    the program
server  what listens
store   rows
net     sockets
proto   pure text
base    words
```
"""


class Layers(tree.TreeTest):
    def setUp(self):
        super().setUp()
        self.write("ARCHITECTURE.md", LAYERS)
        self.write("src/base/text.h", "#pragma once\n")

    def errors(self):
        return check_layers.check(self.root)[0]

    def refused(self, path, text, part):
        self.write(path, text)
        errors = self.errors()
        self.assertEqual(len(errors), 1, errors)
        self.assertIn(part, errors[0])
        self.assertTrue(errors[0].startswith(path) or "circle" in errors[0], errors)

    def passed(self, path, text):
        self.write(path, text)
        self.assertEqual(self.errors(), [])

    def test_order_is_read_from_the_block(self):
        self.assertEqual(check_layers.layers_of(LAYERS), ["main", "server", "store", "net", "proto", "base"])

    def test_a_document_without_the_block_is_an_error(self):
        with self.assertRaises(SystemExit):
            check_layers.layers_of("```\nmain\n```\n")

    def test_down_is_allowed(self):
        self.passed("src/server/smtp/a.cc", '#include "base/text.h"\n')

    def test_up_is_refused_with_its_line(self):
        self.write("src/store/rows.h", "#pragma once\n")
        self.refused("src/base/a.cc", '\n#include "store/rows.h"\n', "src/base/a.cc:2: ")

    def test_up_in_a_comment_is_no_include(self):
        self.passed("src/base/a.cc", '// #include "store/rows.h"\n/*\n#include "store/rows.h"\n*/\n')

    def test_unknown_folder(self):
        self.refused("src/stuff/a.cc", "", "not among the layers")

    def test_missing_file(self):
        self.refused("src/net/a.cc", '#include "base/gone.h"\n', "no such file")

    def test_a_path_from_the_folder_itself_is_refused(self):
        self.write("src/net/b.h", "#pragma once\n")
        self.refused("src/net/a.cc", '#include "b.h"\n', "no such file")

    def test_generated_header_of_a_proto(self):
        self.write("src/store/row.proto", "")
        self.passed("src/store/a.cc", '#include "store/row.pb.h"\n')

    def test_circle_between_folders_of_one_layer(self):
        self.write("src/proto/imap/a.h", '#include "proto/mime/b.h"\n')
        self.refused("src/proto/mime/b.h", '#include "proto/imap/c.h"\n', "no such file")
        self.write("src/proto/imap/c.h", "")
        errors = self.errors()
        self.assertEqual(len(errors), 1, errors)
        self.assertIn("proto/imap > proto/mime > proto/imap", errors[0])

    def test_circle_over_three_folders(self):
        for here, there in ("ab", "bc", "ca"):
            self.write(f"src/server/{here}/x.h", f'#include "server/{there}/x.h"\n')
        self.assertEqual(len(self.errors()), 1)

    def test_two_ways_down_are_no_circle(self):
        self.write("src/proto/mime/x.h", "")
        self.write("src/proto/smtp/x.h", '#include "proto/mime/x.h"\n')
        self.passed("src/proto/imap/x.h", '#include "proto/mime/x.h"\n#include "proto/smtp/x.h"\n')

    def test_pure_layers(self):
        for header in ("boost/asio/awaitable.hpp", "thread", "sys/socket.h"):
            with self.subTest(header):
                self.refused("src/proto/smtp/a.cc", f"#include <{header}>\n", "neither network nor threads")

    def test_engines_have_one_home(self):
        for header, home in (("rocksdb/db.h", "store"), ("unbound.h", "net"), ("openssl/ssl.h", "net")):
            with self.subTest(header):
                self.refused("src/server/a.cc", f"#include <{header}>\n", "belongs to " + home)
                self.write("src/server/a.cc", "")
                self.passed(f"src/{home}/b.cc", f"#include <{header}>\n")

    def test_umbrellas_are_refused_in_tests_too(self):
        for header in ("boost/asio.hpp", "boost/beast.hpp"):
            with self.subTest(header):
                self.refused("tests/sim/a.cc", f"#include <{header}>\n", "umbrella")

    def test_code_that_is_refused(self):
        for code in ("std::regex r;", "auto t = std::chrono::steady_clock::now();", "system_clock::now()",
                     "co_spawn(e, f(), asio::detached);", "std::this_thread::sleep_for(1s);"):
            with self.subTest(code):
                self.refused("src/server/a.cc", f"\n{code}\n", "src/server/a.cc:2: ")

    def test_code_where_it_may_be(self):
        self.write("src/net/clock.cc", "auto t = steady_clock::now();\n")
        self.write("src/server/a_test.cc", "auto t = steady_clock::now();\n")
        self.write("src/server/test_world.h", "auto t = steady_clock::now();\n")
        self.write("src/server/b.cc", "co_await world_.sleep_until(due);\n")
        self.passed("src/server/a.cc", '// steady_clock::now() is for net/\nlog("sleep_for std::regex");\n')

    def test_sleeping_is_refused_in_unit_tests_too(self):
        self.refused("src/server/a_test.cc", "std::this_thread::sleep_for(1s);\n", "event")


if __name__ == "__main__":
    unittest.main()
