#include "proto/dsn/report.h"

#include <doctest/doctest.h>

#include <string>

#include "base/text.h"
#include "proto/dsn/original.h"

namespace heliopost::dsn {
namespace {

Report sample() {
    Report report;
    report.reporting_mta = "mx.a.example";
    report.from = "Mail Delivery System <postmaster@a.example>";
    report.to = {"ann", "a.example"};
    report.message_id = "1@mx.a.example";
    report.boundary = "b0undary";
    report.date = from_unix_milliseconds(1'795'421'730'123);
    report.arrival = from_unix_milliseconds(1'795'335'330'123);
    report.envelope_id = "QQ+314";
    report.queue_id = "17A";
    report.original_message = "From: ann@a.example\r\nSubject: hello\r\n world\r\n\r\nbody\r\n";
    Recipient failed;
    failed.final_recipient = {"bob", "b.example"};
    failed.original_recipient = {"rfc822", "Bob@b.example"};
    failed.status = {5, 1, 1};
    failed.remote_mta = "mx.b.example";
    failed.reply = smtp::Reply(550, {5, 1, 1}, "no such user");
    failed.last_attempt = report.date;
    report.recipients.push_back(failed);
    return report;
}

// No line end but CRLF, no line past the limit of RFC 5322 §2.1.1.
void check_lines(std::string_view message) {
    size_t at = 0;
    while (at < message.size()) {
        const size_t end = message.find("\r\n", at);
        REQUIRE(end != std::string_view::npos);
        const auto line = message.substr(at, end - at);
        CHECK(line.size() <= 998);  // line_octets_max, field_octets_max; a word is cut at word_octets_max
        CHECK(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
        CHECK((line.empty() || line.find_first_not_of(" \t") != std::string_view::npos));  // RFC 5322 §3.2.2
        at = end + 2;
    }
}

}  // namespace

TEST_CASE("DSN: a failure, whole, RFC 3464") {
    const std::string out = compose(sample());
    CHECK(out ==
          "From: Mail Delivery System <postmaster@a.example>\r\n"
          "To: <ann@a.example>\r\n"
          "Subject: Your message could not be delivered\r\n"
          "Date: Mon, 23 Nov 2026 08:15:30 +0000\r\n"
          "Message-ID: <1@mx.a.example>\r\n"
          "Auto-Submitted: auto-replied\r\n"
          "MIME-Version: 1.0\r\n"
          "Content-Type: multipart/report; report-type=delivery-status;\r\n"
          "\tboundary=\"b0undary\"\r\n"
          "\r\n"
          "--b0undary\r\n"
          "Content-Type: text/plain; charset=us-ascii\r\n"
          "\r\n"
          "This is the mail system at mx.a.example.\r\n"
          "\r\n"
          "Your message could not be delivered to:\r\n"
          "\r\n"
          "  <bob@b.example>\r\n"
          "    mx.b.example said: 550 5.1.1 no such user\r\n"
          "\r\n"
          "--b0undary\r\n"
          "Content-Type: message/delivery-status\r\n"
          "\r\n"
          "Original-Envelope-Id: QQ+314\r\n"
          "Reporting-MTA: dns; mx.a.example\r\n"
          "X-Heliopost-Queue-Id: 17A\r\n"
          "Arrival-Date: Sun, 22 Nov 2026 08:15:30 +0000\r\n"
          "\r\n"
          "Original-Recipient: rfc822; Bob@b.example\r\n"
          "Final-Recipient: rfc822; bob@b.example\r\n"
          "Action: failed\r\n"
          "Status: 5.1.1\r\n"
          "Remote-MTA: dns; mx.b.example\r\n"
          "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
          "Last-Attempt-Date: Mon, 23 Nov 2026 08:15:30 +0000\r\n"
          "\r\n"
          "--b0undary\r\n"
          "Content-Type: text/rfc822-headers\r\n"
          "\r\n"
          "From: ann@a.example\r\n"
          "Subject: hello\r\n"
          " world\r\n"
          "\r\n"
          "--b0undary--\r\n");
    check_lines(out);
}

TEST_CASE("DSN: delay and default status") {
    Report report = sample();
    report.recipients[0].action = Action::delayed;
    report.recipients[0].status = {};
    report.recipients[0].reply.reset();
    report.recipients[0].reason = "connection refused";
    report.recipients[0].will_retry_until = from_unix_milliseconds(1'795'767'330'000);
    const std::string out = compose(report);
    CHECK(out.contains("Subject: Your message is delayed\r\n"));
    CHECK(out.contains("Action: delayed\r\nStatus: 4.0.0\r\n"));
    CHECK(out.contains("Will-Retry-Until: Fri, 27 Nov 2026 08:15:30 +0000\r\n"));
    CHECK(out.contains("    connection refused\r\n    It is tried until Fri, 27 Nov 2026"));
    CHECK_FALSE(out.contains("Diagnostic-Code"));
    check_lines(out);
    report.recipients[0].action = Action::relayed;
    CHECK(compose(report).contains("Action: relayed\r\nStatus: 2.0.0\r\n"));
}

TEST_CASE("DSN: internationalised, RFC 6533") {
    Report report = sample();
    report.recipients[0].final_recipient = {
        "b\xC3\xB6"
        "b",
        "b.example"};
    report.original_message = "Subject: gr\xC3\xBC\xC3\x9F\r\n\r\n";
    std::string out = compose(report);
    CHECK(out.contains("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"));
    CHECK(
        out.contains("Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n"));
    CHECK(
        out.contains("Final-Recipient: utf-8; b\xC3\xB6"
                     "b@b.example\r\n"));
    CHECK(
        out.contains("Content-Type: message/global-headers\r\nContent-Transfer-Encoding: "
                     "8bit\r\n\r\nSubject: gr\xC3\xBC"));
    // A header in some other charset is neither.
    report.original_message = "Subject: gr\xFC\xDF\r\n\r\n";
    out = compose(report);
    CHECK(out.contains("Content-Type: text/rfc822-headers\r\n\r\nSubject: gr??\r\n"));
}

TEST_CASE("DSN: what peers said cannot break out") {
    Report report = sample();
    report.envelope_id = "a\r\nBcc: x@x.example";
    report.recipients[0].remote_mta = "mx\r\n\r\n--b0undary--";
    report.recipients[0].reply = smtp::Reply(550, {}, "a\r\n\r\nb " + std::string(10'000, 'x'));
    report.recipients[0].original_recipient = {"rfc822", "a\nb"};
    report.original_message = "A: b\rC: d\nE: f\n\nbody " + std::string(100, 'x');
    const std::string out = compose(report);
    check_lines(out);
    CHECK_FALSE(out.contains("\r\nBcc:"));
    CHECK(out.contains("\r\n\r\nA: b\r\nC: d\r\nE: f\r\n\r\n--b0undary--\r\n"));
    CHECK_FALSE(out.contains("body"));
    CHECK(out.size() < 20'000);  // the reply is there twice, cut at diagnostic_octets_max
}

TEST_CASE("DSN: prose that is folded keeps its margin") {
    Report report = sample();
    report.recipients[0].action = Action::delayed;
    std::string reason;
    while (reason.size() < 200) reason += "word ";
    report.recipients[0].reply = smtp::Reply(450, {4, 2, 0}, reason);
    const std::string out = compose(report);
    const std::string text = out.substr(0, out.find("Reporting-MTA"));
    CHECK(text.contains("tried again; you need not\r\nsend it again. It waits for:\r\n"));
    size_t margins = 0;
    for (size_t at = text.find("\r\n    word "); at != std::string::npos;
         at = text.find("\r\n    word ", at + 1))
        ++margins;
    CHECK(margins == 3);
    CHECK_FALSE(text.contains("\r\n word"));
}

TEST_CASE("DSN: no line of blanks alone, RFC 5322 §3.2.2") {
    Report report = sample();
    const std::string blanks(200, ' ');
    report.recipients[0].reply =
        smtp::Reply(550, {5, 1, 1}, "no" + blanks + "Final-Recipient: rfc822; x" + blanks);
    report.envelope_id = "a" + blanks + "b" + std::string(2'000, ' ');
    std::string out = compose(report);
    check_lines(out);
    CHECK(out.contains("\r\n    mx.b.example said: 550 5.1.1 no Final-Recipient: rfc822; x\r\n"));
    CHECK(out.contains("\r\nDiagnostic-Code: smtp; 550 5.1.1 no Final-Recipient: rfc822; x\r\n"));
    // In an address blanks count.
    report.recipients[0].final_recipient.local_part = std::string(70, 'a') + blanks + "c";
    report.original_message = "A: b\r\n \t\r\n c\r\n\r\n";
    out = compose(report);
    check_lines(out);
    CHECK(out.contains(std::string(70, 'a') + std::string(199, ' ') + "\r\n c\"@b.example\r\n"));
    CHECK(out.contains("\r\nA: b\r\n c\r\n"));
    for (std::size_t run = 1; run < 100; ++run)
        for (const std::size_t at : {1UZ, 74UZ, 75UZ, 76UZ, 77UZ, 899UZ, 900UZ}) {
            CAPTURE(run);
            CAPTURE(at);
            const std::string text = std::string(at, 'x') + std::string(run, ' ') + "y z";
            const std::string folded = fold(text);
            check_lines(folded + "\r\n");
            if (at >= 899) continue;
            std::string unfolded = folded;
            for (auto end = unfolded.find("\r\n"); end != std::string::npos; end = unfolded.find("\r\n"))
                unfolded.erase(end, 2);
            CHECK(unfolded == text);
        }
}

TEST_CASE("DSN: of the header no more than is due, and that it is cut is said") {
    const std::string said = "Only a part of your message's header is returned below.\r\n\r\n--b0undary";
    Report report = sample();
    CHECK_FALSE(compose(report).contains(said));
    const std::string names =
        "X-A: 1\r\nfrom : ann@a.example\r\nTO: b@b.example,\r\n c@c.example\r\nSubject: s\r\n";
    std::string filler;
    while (filler.size() < original_header_octets_max)
        filler += "X-Fill: " + std::string(900, 'z') + "\r\n f\r\n";
    report.original_message =
        names + filler + "Date: d\r\nTo: second@x.example\r\nMessage-ID: <1@x>\r\n\r\nFrom: body\r\n";
    std::string out = compose(report);
    CHECK(out.contains(said));
    CHECK(out.size() < original_header_octets_max + 3'000);
    CHECK(out.contains("\r\n\r\n" + names + "X-Fill"));
    CHECK_FALSE(out.contains("Message-ID: <1@x>"));
    report.summary = true;
    out = compose(report);
    CHECK(out.contains(said));
    CHECK(
        out.ends_with("\r\n\r\n" + names.substr(8) + "Date: d\r\nMessage-ID: <1@x>\r\n\r\n--b0undary--\r\n"));
    // A field that is long is cut after a line; what follows it is there.
    std::string to = "To: a@a.example,\r\n";
    for (int i = 0; i < 100; ++i) to += " r" + std::to_string(i) + "@b.example,\r\n";
    report.original_message = to + "Subject: " + std::string(5'000, 's') + "\r\nDate: d\r\n\r\n";
    const Original cut = original_header(report.original_message, true);
    CHECK(cut.cut);
    CHECK(cut.header.size() < 2 * summary_field_octets_max);
    CHECK(cut.header.contains(",\r\nSubject: ss"));
    CHECK(cut.header.ends_with("s\r\nDate: d\r\n"));
    check_lines(cut.header);
    CHECK_FALSE(original_header(names.substr(8), true).cut);
}

TEST_CASE("DSN: everything is bounded") {
    Report report = sample();
    report.recipients.resize(recipients_max + 5, report.recipients[0]);
    std::string out = compose(report);
    CHECK(out.contains("  and 5 more\r\n"));
    size_t shown = 0;
    for (size_t at = out.find("Final-Recipient:"); at != std::string::npos;
         at = out.find("Final-Recipient:", at + 1))
        ++shown;
    CHECK(shown == recipients_max);

    std::string header;
    while (header.size() < 2 * original_header_octets_max)
        header += "X-Long: " + std::string(90, 'x') + "\r\n";
    CHECK(original_header(header).header.size() <= original_header_octets_max);
    CHECK(original_header(header).header.ends_with("x\r\n"));
    CHECK(original_header("X: " + std::string(2 * original_header_octets_max, 'x')).header.size() == 1'000);
    check_lines(original_header("X: " + std::string(60'000, 'x') + "\r\n " + std::string(2'000, 'y') +
                                "\r\nSubject: s\r\n")
                    .header);
    CHECK(original_header("X: " + std::string(60'000, 'x') + "\r\nSubject: s\r\n")
              .header.ends_with("\r\nSubject: s\r\n"));
    CHECK(original_header("\r\nbody").header.empty());
    CHECK(original_header("").header.empty());
    CHECK(fold(std::string(2'000, 'x')).size() > 2'000);
    check_lines(fold("a " + std::string(3'000, 'x') + " b") + "\r\n");
    // Cut between characters, not within one.
    std::string wide;
    while (wide.size() < 3'000) wide += "\xE2\x82\xAC";
    CHECK(is_utf8(fold(wide)));
    CHECK(is_utf8(clean_line(wide, 1'000)));
    CHECK(clean_line(wide, 1'000).size() == 999);
}

}  // namespace heliopost::dsn
