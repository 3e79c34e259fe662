"""tools/check_style: each rule is broken once, and ordinary files pass."""

import unittest

import tree

check_style = tree.load("check_style")


def complaints(path, text):
    return [what for _, what in check_style.complaints(path, text.encode())]


class Style(unittest.TestCase):
    def test_ordinary_files_pass(self):
        for path, text in [
            ("src/base/text.h", "// Text.\n#pragma once\n"),
            ("docs/rfc.tsv", "1\tx\n"),
            ("src/base/a.cc", "// todo: RFC 5321 §4.2\n// todo: issue #3\nint x = 1;\n"),
            ("src/proto/smtp/corpus/path_fuzz/one", "\x01 \t \r\n"),
            ("src/store/store_error.cc", "int x;\n"),
            ("src/proto/smtp/data_test.cc", "int x;\n"),  # the command
            ("src/base/empty.cc", ""),
        ]:
            with self.subTest(path):
                self.assertEqual(complaints(path, text), [])

    def test_each_rule(self):
        for path, text, part in [
            ("src/base/a.cc", "int x;\t\n", "a tab"),
            ("src/base/a.cc", "int x; \n", "blanks"),
            ("src/base/a.cc", "int x;\r\n", "U+000D"),
            ("src/base/a.cc", "int x;  // \u202e\n", "U+202E"),
            ("src/base/a.cc", "int x;", "no line end"),
            ("src/base/a.cc", "int x;\n\n", "empty lines"),
            ("src/base/a.cc", "int x;\n" * 401, "401 lines"),
            ("src/base/a.cc", "// ---------\n", "banner"),
            ("docs/plan.md", "text\n" + "<" * 7 + " HEAD\n", "conflict"),
            ("src/base/a.cc", "// TODO: later\n", "todo"),
            ("src/base/a.cc", "// FIXME\n", "FIXME"),
            ("src/base/a.cc", "// a whitelist\n", "allow list"),
            ("src/base/a.cc", 'auto p = "/home/ann/x";\n', "one machine"),
            ("src/base/text_util.cc", "int x;\n", '"util"'),
            ("src/data/a.cc", "int x;\n", '"data"'),
            ("src/base/a.h", "#pragma once\n", "manual"),
            ("src/base/a.h", "// A.\n", "#pragma once"),
            ("tools/x", "x" * 121 + "\n", "121 columns"),
            ("docs/x.md", "x" * (600 * 1024) + "\n", "too large"),
        ]:
            with self.subTest(text=text[:20], path=path):
                found = [what for what in complaints(path, text) if part in what]
                self.assertTrue(found, complaints(path, text))

    def test_a_long_file_may_say_why(self):
        self.assertEqual(complaints("src/a.cc", "// Longer than 400 lines because one table.\n" + "int x;\n" * 500), [])

    def test_other_octets(self):
        self.assertEqual([what for _, what in check_style.complaints("src/a.cc", b"\xff\n")], ["not UTF-8"])


if __name__ == "__main__":
    unittest.main()
