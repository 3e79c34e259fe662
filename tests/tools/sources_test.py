"""tools/sources.py: comments, literals and includes told apart, and what a file depends on."""

import unittest

import tree

sources = tree.load("sources.py")


class Sources(tree.TreeTest):
    def test_code_comments_and_literals(self):
        for text, code in [
            ("int a; // b\nc", "int a;     \nc"),
            ('f("// no");', "f(       );"),
            ("x = '\"'; y", "x =    ; y"),
            ("x = '\\''; y", "x =     ; y"),
            ('R"(a" // b)" c', "             c"),
            ("/* a\n b */c", "    \n     c"),
        ]:
            with self.subTest(text):
                self.assertEqual(sources.code_of(text), code)
                self.assertEqual(len(sources.comments_of(text)), len(text))

    def test_includes(self):
        text = '#include "a.h"\n # include <b>\n// #include "c.h"\nauto s = "#include <d>";\n'
        self.assertEqual(list(sources.includes_of(text)), [(1, "a.h", True), (2, "b", False)])

    def test_closure_follows_circles_once(self):
        self.write("src/x/a.cc", '#include "x/a.h"\n#include <vector>\n')
        self.write("src/x/a.h", '#include "x/b.h"\n#include "x/row.pb.h"\n')
        self.write("src/x/b.h", '#include "x/a.h"\n')
        self.write("src/x/row.proto", "")
        self.assertEqual(sources.closure_of("src/x/a.cc", self.root),
                         ["src/x/a.cc", "src/x/a.h", "src/x/b.h", "src/x/row.proto"])

    def test_files_without_git(self):
        self.write("src/a.cc", "")
        self.write("build/x", "")
        self.assertEqual(sources.files(self.root), ["src/a.cc"])


if __name__ == "__main__":
    unittest.main()
