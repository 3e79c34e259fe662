"""tools/limits: what counts as a limit, and what each needs."""

import unittest

import tree

limits = tree.load("limits")
HEAD = "limit\tpast it\tno test because\n"
CODE = """// Words.
#pragma once
namespace heliopost::x {

// How long a line is.
inline constexpr std::size_t line_octets_max = 64 * 1024;
inline constexpr std::chrono::minutes idle_wait{5};  // RFC 1 §2
constexpr size_t a_max = 1'000, b_max = 2;  // two at once
constexpr size_t octets = 3;
// constexpr size_t old_max = 3;

}  // namespace heliopost::x
"""
MANUAL = """.SS [smtp]
.TP
\\fBrecipients_max\\fR (number)
recipients of one message.
Default: 1000.
.TP
\\fBlisten\\fR (list of addresses)
where to listen.
Default: [].
"""


class Limits(tree.TreeTest):
    def test_constants_are_found_with_value_and_comment(self):
        found = [(one.key, one.value, one.why) for one in limits.constants_of("src/x/y.h", CODE)]
        self.assertEqual(found, [("x/line_octets_max", "64 KiB", "How long a line is."),
                                 ("x/idle_wait", "5 min", "RFC 1 §2"),
                                 ("x/a_max", "1,000", "two at once"), ("x/b_max", "2", "two at once")])

    def test_keys_of_the_configuration_that_are_limits(self):
        self.assertEqual([(one.key, one.value) for one in limits.keys_of(MANUAL)], [("smtp.recipients_max", "1000")])

    def test_each_limit_has_a_row_and_a_test_or_a_reason(self):
        self.write("src/x/y.h", CODE)
        self.write("src/x/y_test.cc", "line_octets_max + 1;  // idle_wait\n")
        self.write("src/z/z_test.cc", "a_max\n")
        self.write("packaging/man/heliopost.toml.5", MANUAL)
        self.write("tests/scenarios/z.py", '"""Past smtp.recipients_max."""\n')
        found = limits.read_limits(self.root)
        rows, errors = limits.rows_of(HEAD + "smtp.recipients_max\t452\t\nx/a_max\t500\tit cannot\n"
                                      "x/b_max\tcut\tit cannot\nx/idle_wait\tclosed\t\nx/line_octets_max\t500\t\n")
        self.assertEqual(errors, [])
        self.assertEqual(limits.errors_of(found, rows),
                         ["docs/limits.tsv: x/a_max has a test, src/z/z_test.cc, and a reason to have none"])
        del rows["x/b_max"], rows["x/a_max"]
        self.assertEqual(len(limits.errors_of(found, rows)), 3)  # two without a row, one without a test

    def test_one_name_in_two_folders_needs_the_right_test(self):
        self.write("src/x/y.h", CODE)
        self.write("src/z/z.h", CODE.replace("::x", "::z"))
        self.write("src/x/y_test.cc", "line_octets_max\n")
        self.write("tests/scenarios/s.py", "# z::a_max\n")
        tested = {one.key: bool(one.tests) for one in limits.read_limits(self.root)}
        self.assertTrue(tested["x/line_octets_max"] and tested["z/a_max"])
        self.assertFalse(tested["z/line_octets_max"] or tested["x/a_max"])

    def test_rows_are_sorted_and_complete(self):
        self.assertEqual(len(limits.rows_of(HEAD + "b\tx\t\na\tx\t\n")[1]), 1)
        self.assertEqual(len(limits.rows_of(HEAD + "a\t\t\n")[1]), 1)
        self.assertEqual(len(limits.rows_of("a\tx\t\n")[1]), 1)


if __name__ == "__main__":
    unittest.main()
