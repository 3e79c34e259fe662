"""tools/check_attacks: what docs/security.md must link."""

import unittest

import tree

check_attacks = tree.load("check_attacks")
SCRIPT = '''
@attack("a", "b")
def first(server):
    pass


@attack("a",
        "b")
def second(server):
    pass
'''
MESSAGES = '''
MESSAGES = [
    Hostile("third one: words", "b", None),
]
'''


class Attacks(tree.TreeTest):
    def test_every_attack_is_told_of_and_every_link_leads_somewhere(self):
        self.assertEqual(check_attacks.attacks_of(SCRIPT), ["first", "second"])
        self.assertEqual(check_attacks.attacks_of(MESSAGES), ["third one"])
        self.write("tests/attacks/a.py", SCRIPT)
        self.write("tests/support/hostile_messages.py", MESSAGES)
        self.write("src/x_test.cc", 'TEST_CASE("x: what holds") {}\n')
        links = ["[`first`](../tests/attacks/a.py)", "[second](../tests/attacks/a.py)",
                 "[third one](../tests/support/hostile_messages.py)", "[x: what holds](../src/x_test.cc)"]
        self.write("docs/security.md", " ".join(links) + "\n")
        self.assertEqual(check_attacks.check(self.root), ([], 4))
        self.write("docs/security.md", " ".join(links[1:]) + " [y](../src/x_test.cc) [z](../src/gone.cc)\n")
        self.assertEqual(check_attacks.check(self.root)[0],
                         ["docs/security.md: src/x_test.cc has no y", "docs/security.md: src/gone.cc is not there",
                          "tests/attacks/a.py: first is not in docs/security.md"])


if __name__ == "__main__":
    unittest.main()
