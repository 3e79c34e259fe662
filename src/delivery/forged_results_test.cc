#include "delivery/forged_results.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace heliopost::delivery {
namespace {

std::string filtered(std::string_view message, std::size_t piece, std::size_t* taken_out = nullptr) {
    const std::vector<std::string> names{"mx.a.example", "mail.a.example"};
    ForgedResults filter(names);
    std::string out;
    for (std::size_t at = 0; at < message.size(); at += piece) out += filter.feed(message.substr(at, piece));
    out += filter.finish();
    CHECK(filter.passed());
    if (taken_out != nullptr) *taken_out = filter.taken_out();
    return out;
}

}  // namespace

TEST_CASE("forged results: fields that bear our name go, all else stays") {
    struct Case {
        const char* message;
        const char* stored;
    };
    const Case cases[] = {
        {"A: 1\r\nAuthentication-Results: mx.a.example; spf=pass\r\nB: 2\r\n\r\nbody",
         "A: 1\r\nB: 2\r\n\r\nbody"},
        {"authentication-RESULTS : (a) \"MX.a.example\" 1;\r\n\tdkim=pass\r\n spf=pass\r\nB: 2\r\n\r\n",
         "B: 2\r\n\r\n"},
        {"Authentication-Results: other.example; spf=pass\r\n\r\nAuthentication-Results: mx.a.example; x\r\n",
         "Authentication-Results: other.example; spf=pass\r\n\r\nAuthentication-Results: mx.a.example; "
         "x\r\n"},
        {"Authentication-Results:\r\n mail.a.example;\r\n none\r\n\r\n", "\r\n"},
        {"ARC-Authentication-Results: i=1; mx.a.example; spf=pass\r\n\r\n",
         "ARC-Authentication-Results: i=1; mx.a.example; spf=pass\r\n\r\n"},
        {"Authentication-Results: mx.a.example; none", ""},
        {"X-Authentication-Results: mx.a.example\r\nno field\r\n folded\r\n\r\nbody\r\n",
         "X-Authentication-Results: mx.a.example\r\nno field\r\n folded\r\n\r\nbody\r\n"},
        {"Authentication-Results\r\n : mx.a.example; spf=pass\r\nB: 2\r\n\r\n", "B: 2\r\n\r\n"},
        {"Authentication-Results \t\r\n : other.example; none\r\n\r\n",
         "Authentication-Results \t\r\n : other.example; none\r\n\r\n"},
        {"Authentication\x80-Results\x01: mx.a.example; spf=pass\r\nB: 2\r\n\r\n", "B: 2\r\n\r\n"},
        {"Authentication-Results\r\nB: 2\r\n\r\n", "Authentication-Results\r\nB: 2\r\n\r\n"},
        {"Authentication-Results and more\r\nB: 2\r\n\r\n",
         "Authentication-Results and more\r\nB: 2\r\n\r\n"},
        {"", ""},
        {"\r\nAuthentication-Results: mx.a.example; none\r\n",
         "\r\nAuthentication-Results: mx.a.example; none\r\n"},
    };
    for (const Case& one : cases)
        for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}})
            CHECK(filtered(one.message, piece) == one.stored);
}

TEST_CASE("forged results: a name with a NUL in it is that name to some readers") {
    using namespace std::string_literals;
    CHECK(filtered("Authentication-Results\0: mx.a.example; dmarc=pass\r\nB: 2\r\n\r\n"s, 5) ==
          "B: 2\r\n\r\n");
}

TEST_CASE("forged results: what is too long to be looked at goes, and others of that length stay") {
    const std::string folds(forged_octets_max / 10, ' ');
    std::string many = "Authentication-Results: other.example;\r\n";
    for (int i = 0; i < 12; ++i) many += folds + "\r\n";
    std::size_t taken_out = 0;
    CHECK(filtered(many + "B: 2\r\n\r\n", 7'000, &taken_out) == "B: 2\r\n\r\n");
    CHECK(taken_out == 1);
    const std::string line(forged_octets_max + 5, 'x');
    CHECK(filtered("Authentication-Results: other.example; " + line + "\r\nB: 2\r\n\r\n", 9'000) ==
          "B: 2\r\n\r\n");
    CHECK(filtered("X: " + line + line + "\r\nB: 2\r\n\r\n", 9'000) ==
          "X: " + line + line + "\r\nB: 2\r\n\r\n");
}

}  // namespace heliopost::delivery
