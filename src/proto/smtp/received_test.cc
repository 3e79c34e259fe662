#include "proto/smtp/received.h"

#include <doctest/doctest.h>

#include <string>

namespace heliopost::smtp {
namespace {

const Time when = from_unix_milliseconds(1'795'421'730'123);

}  // namespace

TEST_CASE("Received: RFC 5321 §4.4") {
    Trace trace;
    trace.helo = "client.b.example";
    trace.client_name = "mail.b.example";
    trace.client_address = "192.0.2.1";
    trace.by = "mx.a.example";
    trace.protocol = {.tls = true, .authenticated = true};
    trace.id = "17A";
    trace.tls_version = "TLSv1.3";
    trace.tls_cipher = "TLS_AES_256_GCM_SHA384";
    trace.for_recipient = "ann@a.example";
    trace.time = when;
    CHECK(format_received(trace) ==
          "Received: from client.b.example (mail.b.example [192.0.2.1]) by mx.a.example\r\n"
          "\twith ESMTPSA id 17A for <ann@a.example>\r\n"
          "\ttls TLS_AES_256_GCM_SHA384 (TLSv1.3); Mon, 23 Nov 2026 08:15:30 +0000\r\n");

    Trace hidden;
    hidden.by = "mx.a.example";
    hidden.id = "1";
    hidden.time = when;
    CHECK(format_received(hidden) ==
          "Received: by mx.a.example with ESMTP id 1; Mon, 23 Nov 2026 08:15:30 +0000\r\n");

    Trace hostile = hidden;
    hostile.helo = "a\r\nBcc: x@x.example (";
    hostile.client_name = "b) by evil;";
    hostile.client_address = "2001:db8::1";
    hostile.for_recipient = "a>\r\nX: y";
    const std::string out = format_received(hostile);
    CHECK(out.contains("[IPv6:2001:db8::1]"));
    CHECK(out.contains("from a??Bcc??x@x.example?? (b??by?evil? [IPv6"));
    for (size_t at = out.find("\r\n"); at + 2 < out.size(); at = out.find("\r\n", at + 2))
        CHECK(out[at + 2] == '\t');
    hostile.helo = "[IPv6:::1]";
    CHECK(format_received(hostile).contains("from [IPv6:::1] ("));
}

TEST_CASE("with: RFC 3848 §2, RFC 6531 §4.3") {
    CHECK(with_keyword({.extended = false}) == "SMTP");
    CHECK(with_keyword({}) == "ESMTP");
    CHECK(with_keyword({.tls = true}) == "ESMTPS");
    CHECK(with_keyword({.authenticated = true}) == "ESMTPA");
    CHECK(with_keyword({.tls = true, .authenticated = true}) == "ESMTPSA");
    CHECK(with_keyword({.lmtp = true}) == "LMTP");
    CHECK(with_keyword({.lmtp = true, .tls = true}) == "LMTPS");
    CHECK(with_keyword({.smtputf8 = true}) == "UTF8SMTP");
    CHECK(with_keyword({.tls = true, .authenticated = true, .smtputf8 = true}) == "UTF8SMTPSA");
    CHECK(with_keyword({.lmtp = true, .smtputf8 = true}) == "UTF8LMTP");
}

TEST_CASE("Return-Path and dates") {
    CHECK(format_return_path({}) == "Return-Path: <>\r\n");
    CHECK(format_return_path({"a b", "a.example"}) == "Return-Path: <\"a b\"@a.example>\r\n");
    CHECK(format_date(from_unix_milliseconds(0)) == "Thu, 1 Jan 1970 00:00:00 +0000");
    CHECK(format_date(from_unix_milliseconds(951'782'400'999)) == "Tue, 29 Feb 2000 00:00:00 +0000");
    CHECK(format_date(from_unix_milliseconds(-1)) == "Wed, 31 Dec 1969 23:59:59 +0000");
}

}  // namespace heliopost::smtp
