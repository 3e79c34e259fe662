#include "proto/imap/list_pattern.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace heliopost::imap {
namespace {

// The rule of RFC 9051 §6.3.9 word for word, exponential: only for short texts.
bool slow_match(std::string_view pattern, std::string_view name) {
    if (pattern.empty()) return name.empty();
    const char c = pattern.front();
    if (c == '*' || c == '%') {
        if (slow_match(pattern.substr(1), name)) return true;
        return !name.empty() && (c == '*' || name.front() != '/') && slow_match(pattern, name.substr(1));
    }
    return !name.empty() && name.front() == c && slow_match(pattern.substr(1), name.substr(1));
}

}  // namespace

TEST_CASE("list pattern: RFC 9051 §6.3.9") {
    struct Case {
        std::string_view pattern;
        std::string_view name;
        bool want;
    };
    const Case cases[] = {
        {"*", "a/b/c", true},     {"%", "a", true},          {"%", "a/b", false},  {"a/%", "a/b", true},
        {"a/%", "a/b/c", false},  {"a/*", "a/b/c", true},    {"a*", "a", true},    {"%/%", "a/b", true},
        {"%/%", "a", false},      {"*b", "a/b", true},       {"%b", "a/b", false}, {"a%", "abc", true},
        {"", "", true},           {"", "a", false},          {"%%", "ab", true},   {"%*%", "a/b", true},
        {"INBOX", "INBOX", true}, {"inbox", "INBOX", false},
    };
    for (const auto& [pattern, name, want] : cases) {
        CAPTURE(pattern);
        CAPTURE(name);
        CHECK(ListPattern::compile(pattern)->matches(name) == want);
    }
    CHECK(ListPattern::compile("")->empty());
    CHECK(join_reference("a/", "%") == "a/%");
}

TEST_CASE("list pattern: every pattern of four and name of five letters agrees with the rule") {
    constexpr std::string_view pattern_letters = "a/%*";
    constexpr std::string_view name_letters = "ab/";
    std::vector<std::string> patterns = {""};
    for (size_t from = 0, i = 0; i < 4; ++i) {
        const size_t end = patterns.size();
        for (; from < end; ++from)
            for (const char c : pattern_letters) patterns.push_back(patterns[from] + c);
    }
    std::vector<std::string> names = {""};
    for (size_t from = 0, i = 0; i < 5; ++i) {
        const size_t end = names.size();
        for (; from < end; ++from)
            for (const char c : name_letters) names.push_back(names[from] + c);
    }
    size_t wrong = 0;
    for (const auto& pattern : patterns) {
        const auto compiled = ListPattern::compile(pattern);
        for (const auto& name : names)
            if (compiled->matches(name) != slow_match(pattern, name)) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("list pattern: across the words of its bit set, up to the limit and past it") {
    for (const size_t length : {62UL, 63UL, 64UL, 65UL, 127UL, 128UL, 129UL, 1023UL}) {
        const std::string text(length, 'a');
        CHECK(ListPattern::compile(text + "%")->matches(text));
        CHECK(ListPattern::compile(text + "%")->matches(text + "bb"));
        CHECK_FALSE(ListPattern::compile(text + "%")->matches(text + "/"));
        CHECK_FALSE(ListPattern::compile(text + "%")->matches(text.substr(1)));
        CHECK(ListPattern::compile("*" + text)->matches("b/" + text));
    }
    CHECK(ListPattern::compile(std::string(list_pattern_octets_max, 'a'))
              ->matches(std::string(list_pattern_octets_max, 'a')));
    CHECK_FALSE(ListPattern::compile(std::string(list_pattern_octets_max + 1, 'a')).has_value());
}

TEST_CASE("list pattern: hundreds of wildcards do not blow up") {
    std::string pattern;
    for (int i = 0; i < 340; ++i) pattern += "*a%";
    const auto compiled = ListPattern::compile(pattern + "b");
    // A backtracking matcher does not come back from this one.
    CHECK_FALSE(compiled->matches(std::string(1000, 'a')));
    CHECK(compiled->matches(std::string(999, 'a') + "b"));
}

}  // namespace heliopost::imap
