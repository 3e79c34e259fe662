#include "proto/smtp/command.h"

#include <doctest/doctest.h>

#include <string>

#include "proto/smtp/order.h"

namespace heliopost::smtp {
namespace {

using namespace std::string_literals;

const Extensions all{Extension::size, Extension::eight_bit_mime, Extension::smtputf8, Extension::auth,
                     Extension::dsn,  Extension::chunking,       Extension::starttls};

// "code status" of the refusal, or "" where it is a command.
std::string refusal(std::string_view line, Extensions announced = all) {
    const auto got = parse_command(line, announced);
    if (got) return "";
    return std::to_string(got.error().code) + ' ' + to_string(got.error().enhanced);
}

template <class Argument>
Argument parsed(std::string_view line) {
    const auto got = parse_command(line, all);
    REQUIRE(got.has_value());
    return std::get<Argument>(got->argument);
}

}  // namespace

TEST_CASE("command: verbs, RFC 5321 §4.1.1") {
    struct Case {
        std::string line;
        std::string want;  // the refusal
        Verb verb = Verb::noop;
    };
    const Case cases[] = {
        {"EHLO a.example", "", Verb::ehlo},
        {"ehlo [192.0.2.1]", "", Verb::ehlo},
        {"HELO my_host", "", Verb::helo},
        {"LHLO a.example ", "", Verb::lhlo},
        {"EHLO", "501 5.5.4"},
        {"EHLO a b", "501 5.5.4"},
        {"EHLO a(b", "501 5.5.4"},
        {"EHLO " + std::string(256, 'a'), "501 5.5.4"},
        {"STARTTLS", "", Verb::starttls},
        {"STARTTLS now", "501 5.5.4"},
        {"DATA", "", Verb::data},
        {"DATA  ", "", Verb::data},
        {"DATA x", "501 5.5.4"},
        {"RSET", "", Verb::rset},
        {"RSET x", "501 5.5.4"},
        {"QUIT", "", Verb::quit},
        {"quit x", "501 5.5.4"},
        {"NOOP", "", Verb::noop},
        {"NOOP anything", "", Verb::noop},
        {"HELP", "", Verb::help},
        {"HELP MAIL", "", Verb::help},
        {"VRFY ann", "", Verb::vrfy},
        {"VRFY", "501 5.5.4"},
        {"EXPN list", "", Verb::expn},
        {"EXPN", "501 5.5.4"},
        {"AUTH plain", "", Verb::auth},
        {"AUTH SCRAM-SHA-256 =", "", Verb::auth},
        {"AUTH", "501 5.5.4"},
        {"AUTH PLAIN a b", "501 5.5.4"},
        {"AUTH " + std::string(21, 'A'), "501 5.5.4"},
        {"AUTH PLAIN " + std::string(12'000, 'A'), "", Verb::auth},
        {"AUTH PLAIN " + std::string(12'300, 'A'), "500 5.5.2"},
        {"BDAT 0", "", Verb::bdat},
        {"BDAT 18446744073709551615", "", Verb::bdat},
        {"bdat 10 last", "", Verb::bdat_last},
        {"BDAT 18446744073709551616", "501 5.5.4"},
        {"BDAT -1", "501 5.5.4"},
        {"BDAT +1", "501 5.5.4"},
        {"BDAT 0x10", "501 5.5.4"},
        {"BDAT", "501 5.5.4"},
        {"BDAT 10LAST", "501 5.5.4"},
        {"BDAT 10 LASTLY", "501 5.5.4"},
        {"BDAT 10 20", "501 5.5.4"},
        {"GET / HTTP/1.1", "", Verb::http},
        {"POST /a HTTP/1.1", "", Verb::http},
        {"PRI * HTTP/2.0", "", Verb::http},
        {"get /", "500 5.5.2"},
        {"GET", "500 5.5.2"},
        {"", "500 5.5.2"},
        {" ", "500 5.5.2"},
        {" NOOP", "500 5.5.2"},
        {"NOOPS", "500 5.5.2"},
        {"TURN", "500 5.5.2"},
        {"MAILFROM:<a@a.example>", "500 5.5.2"},
        {"NOOP a\0b"s, "500 5.5.2"},
        {"NOOP a\rb", "500 5.5.2"},
        {"NOOP a\nb", "500 5.5.2"},
        {"NOOP a\x1b", "500 5.5.2"},
        {"\x16\x03\x01\x02", "500 5.5.2"},  // a TLS hello in the clear
        {"NOOP " + std::string(command_octets_max, 'x'), "500 5.5.2"},
    };
    for (const auto& [line, want, verb] : cases) {
        CAPTURE(line);
        CHECK(refusal(line) == want);
        if (const auto got = parse_command(line, all)) CHECK(got->verb == verb);
    }
    CHECK(parsed<Bdat>("BDAT 10 LAST").size == 10);
    CHECK(parsed<Auth>("auth Plain AGEAYg==").initial_response == "AGEAYg==");
    CHECK(parsed<Auth>("auth Plain").mechanism == "PLAIN");
    CHECK_FALSE(parsed<Auth>("auth Plain").initial_response.has_value());
    CHECK(parsed<Hello>("EHLO a.example").name == "a.example");
    CHECK(parsed<Text>("VRFY Ann B").text == "Ann B");
}

TEST_CASE("MAIL: path and parameters") {
    struct Case {
        std::string_view line;
        std::string_view want;
    };
    const Case cases[] = {
        {"MAIL FROM:<>", ""},
        {"mail from:<ann@a.example>", ""},
        {"MAIL FROM: <ann@a.example> ", ""},
        {"MAIL FROM:<ann@a.example>  SIZE=1", ""},
        {"MAIL", "501 5.5.2"},
        {"MAIL <ann@a.example>", "501 5.5.2"},
        {"MAIL TO:<ann@a.example>", "501 5.5.2"},
        {"MAIL FROM <ann@a.example>", "501 5.5.2"},
        {"MAIL FROM:ann@a.example", "501 5.1.7"},
        {"MAIL FROM:<ann>", "501 5.1.7"},
        {"MAIL FROM:<postmaster>", "501 5.1.7"},
        {"MAIL FROM:<ann@a.example>SIZE=1", "501 5.5.4"},
        {"MAIL FROM:<ann@a.example> SIZE", "501 5.5.4"},
        {"MAIL FROM:<ann@a.example> SIZE=", "501 5.5.4"},
        {"MAIL FROM:<ann@a.example> SIZE=-1", "501 5.5.4"},
        {"MAIL FROM:<ann@a.example> SIZE=1k", "501 5.5.4"},
        {"MAIL FROM:<ann@a.example> SIZE=99999999999999999999999", "552 5.3.4"},
        {"MAIL FROM:<ann@a.example> SIZE=1 size=2", "501 5.5.4"},
        {"MAIL FROM:<ann@a.example> BODY=7BIT", ""},
        {"MAIL FROM:<ann@a.example> BODY=9BIT", "501 5.5.4"},
        {"MAIL FROM:<ann@a.example> BODY=BINARYMIME", "555 5.5.4"},
        {"MAIL FROM:<ann@a.example> SMTPUTF8=1", "501 5.5.4"},
        {"MAIL FROM:<j\xC3\xBC@a.example>", "553 5.6.7"},
        {"MAIL FROM:<j\xC3\xBC@a.example> SMTPUTF8", ""},
        {"MAIL FROM:<j\xFC@a.example> SMTPUTF8", "501 5.1.7"},
        {"MAIL FROM:<> RET=BODY", "501 5.5.4"},
        {"MAIL FROM:<> ENVID=a+2", "501 5.5.4"},
        {"MAIL FROM:<> ENVID=a+0Ab", "501 5.5.4"},  // no line ends out of xtext
        {"MAIL FROM:<> AUTH=a+00b", "501 5.5.4"},
        {"MAIL FROM:<> AUTH=<>", ""},
        {"MAIL FROM:<> REQUIRETLS", "555 5.5.4"},
        {"MAIL FROM:<> XVERP", "555 5.5.4"},
        {"MAIL FROM:<> NOTIFY=NEVER", "555 5.5.4"},
        {"MAIL FROM:<> =1", "501 5.5.4"},
        {"MAIL FROM:<> -A=1", "501 5.5.4"},
        {"MAIL FROM:<> A=1=2", "501 5.5.4"},
    };
    for (const auto& [line, want] : cases) {
        CAPTURE(line);
        CHECK(refusal(line) == want);
    }
    const auto mail = parsed<Mail>(
        "MAIL FROM:<ann@a.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=hdrs ENVID=QQ+2B314 "
        "AUTH=b+40b.example");
    CHECK(mail.reverse_path == Address{"ann", "a.example"});
    CHECK(mail.size == 1'000);
    CHECK(mail.body == Body::eight_bit_mime);
    CHECK(mail.smtputf8);
    CHECK(mail.ret == Return::headers);
    CHECK(mail.envelope_id == "QQ+314");
    CHECK(mail.auth == "b@b.example");
    CHECK(mail.parameters.size() == 6);
    CHECK(format_mail(mail) ==
          "MAIL FROM:<ann@a.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B314 "
          "AUTH=b@b.example\r\n");

    for (const std::string_view parameter :
         {"SIZE=1", "BODY=8BITMIME", "SMTPUTF8", "AUTH=<>", "RET=FULL", "ENVID=a"}) {
        CHECK(refusal("MAIL FROM:<> " + std::string(parameter), {}) == "555 5.5.4");
        CHECK(refusal("MAIL FROM:<> " + std::string(parameter)) == "");
    }
    std::string many = "MAIL FROM:<>";
    for (size_t n = 0; n <= parameters_max; ++n) many += " X" + std::to_string(n);
    CHECK(refusal(many) == "501 5.5.4");
}

TEST_CASE("RCPT: path and parameters of RFC 3461") {
    struct Case {
        std::string_view line;
        std::string_view want;
    };
    const Case cases[] = {
        {"RCPT TO:<bob@b.example>", ""},
        {"RCPT TO: <bob@b.example>", ""},
        {"RCPT TO:<Postmaster>", ""},
        {"RCPT TO:<>", "501 5.1.3"},
        {"RCPT TO:bob@b.example", "501 5.1.3"},
        {"RCPT TO:<bob@b.example", "501 5.1.3"},
        {"RCPT FROM:<bob@b.example>", "501 5.5.2"},
        {"RCPT TO:<bob@b.example> NOTIFY=SUCCESS,FAILURE,DELAY", ""},
        {"RCPT TO:<bob@b.example> NOTIFY=NEVER,FAILURE", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> NOTIFY=", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> NOTIFY", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> NOTIFY=SUCCESS,", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> ORCPT=rfc822", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> ORCPT=;a", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> ORCPT=rfc822;", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> ORCPT=rfc822;a+0D+0Ab", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> ORCPT=utf-8;a\\x{A}b", "501 5.5.4"},
        {"RCPT TO:<bob@b.example> SIZE=1", "555 5.5.4"},
    };
    for (const auto& [line, want] : cases) {
        CAPTURE(line);
        CHECK(refusal(line) == want);
    }
    CHECK(refusal("RCPT TO:<bob@b.example> NOTIFY=NEVER", {}) == "555 5.5.4");
    CHECK(refusal("RCPT TO:<b\xC3\xB6@b.example>", {}) == "553 5.6.7");
    CHECK(refusal("RCPT TO:<b\xC3\xB6@b.example>") == "");
    const std::string long_address(500, 'a');
    CHECK(refusal("RCPT TO:<bob@b.example> ORCPT=rfc822;" + long_address) == "501 5.5.4");

    const auto rcpt =
        parsed<Rcpt>("RCPT TO:<bob@b.example> ORCPT=RFC822;Bob+2BC@b.example NOTIFY=delay,failure");
    CHECK(rcpt.forward_path == Address{"bob", "b.example"});
    CHECK(rcpt.notify == Notify{.specified = true, .success = false, .failure = true, .delay = true});
    CHECK(rcpt.original_recipient == OriginalRecipient{"rfc822", "Bob+C@b.example"});
    CHECK(format_rcpt(rcpt) ==
          "RCPT TO:<bob@b.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;Bob+2BC@b.example\r\n");
    CHECK(parsed<Rcpt>("RCPT TO:<b@b.example> NOTIFY=NEVER").notify.never());
    CHECK(parsed<Rcpt>("RCPT TO:<b@b.example> ORCPT=utf-8;b\\x{F6}\\x{1F600}@b.example").original_recipient ==
          OriginalRecipient{"utf-8", "b\xC3\xB6\xF0\x9F\x98\x80@b.example"});
    CHECK(parsed<Rcpt>("RCPT TO:<Postmaster>").forward_path.bare());
}

TEST_CASE("command: every truncation is answered") {
    const std::string_view lines[] = {
        "MAIL FROM:<\"a b\"@[IPv6:::1]> SIZE=1 BODY=8BITMIME ENVID=a+2Bb AUTH=<>",
        "RCPT TO:<@r.example:bob@b.example> NOTIFY=DELAY ORCPT=rfc822;b@b.example", "BDAT 1234 LAST",
        "AUTH PLAIN AGEAYg=="};
    for (const auto line : lines) {
        CHECK(refusal(line) == "");
        for (size_t length = 0; length < line.size(); ++length) {
            const auto got = parse_command(line.substr(0, length), all);
            if (!got) CHECK(got.error().permanent());
        }
    }
}

TEST_CASE("order: what may come in each state") {
    using enum Verb;
    const auto names = [](State state) {
        std::string out;
        for (const Verb verb :
             {ehlo, starttls, auth, mail, rcpt, data, bdat, bdat_last, rset, noop, quit, vrfy})
            if (check_order(state, verb, {}) == Order::allowed) out += std::string(name_of(verb)) + ' ';
        return out;
    };
    CHECK(names(State::connected) == "EHLO RSET NOOP QUIT VRFY ");
    CHECK(names(State::ready) == "EHLO STARTTLS AUTH MAIL RSET NOOP QUIT VRFY ");
    CHECK(names(State::mail) == "EHLO RCPT RSET NOOP QUIT VRFY ");
    CHECK(names(State::rcpt) == "EHLO RCPT DATA BDAT BDAT RSET NOOP QUIT VRFY ");
    CHECK(names(State::chunks) == "EHLO BDAT BDAT RSET NOOP QUIT VRFY ");
    CHECK(names(State::closed) == "");
    // Submission: before the login only what leads there.
    const Conditions submission{.tls_required = true, .auth_required = true};
    CHECK(check_order(State::ready, mail, submission) == Order::tls_first);
    CHECK(check_order(State::connected, mail, submission) == Order::tls_first);
    CHECK(check_order(State::ready, starttls, submission) == Order::allowed);
    Conditions secure = submission;
    secure.tls = true;
    CHECK(check_order(State::ready, mail, secure) == Order::authenticate_first);
    CHECK(check_order(State::ready, vrfy, secure) == Order::authenticate_first);
    CHECK(check_order(State::ready, auth, secure) == Order::allowed);
    secure.authenticated = true;
    CHECK(check_order(State::ready, mail, secure) == Order::allowed);
    CHECK(check_order(State::ready, auth, secure) == Order::bad_sequence);
    CHECK(check_order(State::ready, helo, {.lmtp = true}) == Order::unknown);
}

}  // namespace heliopost::smtp
