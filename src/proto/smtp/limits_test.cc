// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include <string>

#include "proto/smtp/command.h"
#include "proto/smtp/ehlo.h"
#include "proto/smtp/path.h"
#include "proto/smtp/received.h"

namespace heliopost::smtp {
namespace {

int code_past(const std::string& line) {
    const auto got = parse_command(line, Extensions{Extension::auth, Extension::dsn});
    return got ? 250 : got.error().code;
}

}  // namespace

TEST_CASE("limits: command lines, one octet past them 500 5.5.2") {
    const auto noop = [](size_t octets) { return "NOOP " + std::string(octets - 5, 'x'); };
    CHECK(code_past(noop(command_octets_max)) == 250);
    CHECK(code_past(noop(command_octets_max + 1)) == 500);
    const auto auth = [](size_t octets) { return "AUTH PLAIN " + std::string(octets - 11, 'A'); };
    CHECK(code_past(auth(auth_command_octets_max)) == 250);
    CHECK(code_past(auth(auth_command_octets_max + 1)) == 500);
    CHECK(code_past("AUTH " + std::string(20, 'A')) == 250);  // mechanism_octets_max
    CHECK(code_past("AUTH " + std::string(21, 'A')) == 501);
}

TEST_CASE("limits: ENVID and ORCPT, RFC 3461 §4.4, §4.2") {
    const auto mail = [](size_t octets) { return "MAIL FROM:<> ENVID=" + std::string(octets, 'e'); };
    CHECK(code_past(mail(envelope_id_octets_max)) == 250);
    CHECK(code_past(mail(envelope_id_octets_max + 1)) == 501);
    const auto rcpt = [](size_t octets) {
        return "RCPT TO:<a@a.example> ORCPT=rfc822;" + std::string(octets - 7, 'o');
    };
    CHECK(code_past(rcpt(original_recipient_octets_max)) == 250);
    CHECK(code_past(rcpt(original_recipient_octets_max + 1)) == 501);
}

TEST_CASE("limits: of an address and a path, RFC 5321 §4.5.3.1") {
    std::string domain;
    while (domain.size() + 5 < domain_octets_max) domain += "abcd.";
    domain.resize(domain_octets_max, 'x');
    CHECK(parse_address("a@" + domain).has_value());
    CHECK_FALSE(parse_address("a@" + domain + "x").has_value());
    CHECK(normalise_domain(domain).has_value());
    CHECK_FALSE(normalise_domain(domain + "x").has_value());
    CHECK(code_past("EHLO " + domain) == 250);
    CHECK(code_past("EHLO " + domain + "x") == 501);

    CHECK(parse_address("a@" + std::string(63, 'x')).has_value());  // label_octets_max
    CHECK_FALSE(parse_address("a@" + std::string(64, 'x')).has_value());

    // literal_octets_max: the "]" comes too late
    CHECK_FALSE(parse_address("a@[IPv6:" + std::string(64, '1') + "]").has_value());
    CHECK_FALSE(is_address_literal("[" + std::string(10'000, '1') + "]"));

    const auto routed = [](size_t octets) {
        std::string path = "<";
        while (path.size() + 20 < octets) path += path.size() == 1 ? "@r.example" : ",@r.example";
        return path + std::string(octets - path.size() - 7, 'r') + ":a@b.c>";
    };
    const std::string most = routed(path_octets_max);
    REQUIRE(most.size() == path_octets_max);
    Cursor fits(most);
    CHECK(parse_forward_path(fits).has_value());
    const std::string more = routed(path_octets_max + 2) + " ORCPT=rfc822;x";  // counted behind the "<"
    Cursor past(more);
    CHECK_FALSE(parse_forward_path(past).has_value());
}

TEST_CASE("limits: of a hostile server's EHLO and of a client's words in Received") {
    std::string auth = "AUTH";
    for (int i = 0; i < 100; ++i) auth += " M" + std::to_string(i);
    Reply reply(250, {}, "mx.a.example");
    reply.lines.push_back(auth);
    CHECK(parse_ehlo_reply(reply).auth.size() == 32);  // mechanisms_max

    Trace trace;
    trace.client_address = "192.0.2.1";
    trace.by = "mx.a.example";
    trace.helo = std::string(512, 'h') + "past";  // word_octets_max
    const std::string received = format_received(trace);
    CHECK(received.contains(std::string(512, 'h')));
    CHECK_FALSE(received.contains("past"));
}

}  // namespace heliopost::smtp
