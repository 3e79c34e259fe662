"""tools/check_rfc: what counts as a citation, and what the table must look like."""

import unittest

import tree

check_rfc = tree.load("check_rfc")
HEAD = "number\ttitle\tstatus\tnote\n"


class Rfc(tree.TreeTest):
    def test_citations_are_found_in_comments_only(self):
        text = ('// RFC 5321 §4.1.2, RFC 6531\nauto s = "RFC 1";  // see RFC 2045-2047\n'
                '/* RFC\n9051 RFC5322 RFC822.SIZE */ int rfc7;\n')
        self.assertEqual(list(check_rfc.citations_of(text)),
                         [(1, 5321), (1, 6531), (2, 2045), (2, 2046), (2, 2047), (4, 5322)])

    def test_the_table_is_checked(self):
        cases = [
            ("5321\tSMTP\tyes\t\n", 0),
            ("5321\tSMTP\tsome\t\n", 1),      # no such status
            ("5321\tSMTP\tyes\n", 1),         # a column too few
            ("SMTP\t5321\tyes\t\n", 1),       # no number
            ("5321\tSMTP\tyes\t\n5321\tSMTP\tyes\t\n", 1),
            ("5322\tIMF\tyes\t\n5321\tSMTP\tyes\t\n", 1),
        ]
        for text, errors in cases:
            with self.subTest(text):
                self.assertEqual(len(check_rfc.rows_of(HEAD + text)[1]), errors)
        self.assertEqual(len(check_rfc.rows_of("5321\tSMTP\tyes\t\n")[1]), 1)  # no first line

    def test_a_citation_needs_a_row_and_a_row_tells_the_truth(self):
        self.write("docs/rfc.tsv", HEAD + "2177\tIDLE\tyes\tas RFC 9051 has it\n5321\tSMTP\tyes\t\n"
                   "5322\tIMF\tpartial\t\n8621\tJMAP\tplanned\tlater\n9051\tIMAP\tplanned\t\n")
        self.write("src/a.h", "// RFC 5321\n// RFC 1939\n// RFC 9051\n// RFC 8621\n")
        errors, cited, _ = check_rfc.check(self.root)
        self.assertEqual(errors, [
            "src/a.h:2: RFC 1939 has no row in docs/rfc.tsv",
            "docs/rfc.tsv: RFC 5322 is partial, but nothing in src/ cites it and no note says why",
            "docs/rfc.tsv: RFC 9051 is planned, but src/ cites it and no note says why"])
        self.assertEqual(cited, {5321, 1939, 9051, 8621})


if __name__ == "__main__":
    unittest.main()
