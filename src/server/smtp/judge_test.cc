// Mail from outside is judged by SPF, DKIM and DMARC before it is answered.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/assert.h"
#include "server/smtp/test_judge.h"

namespace heliopost::smtp_server {
namespace {

std::shared_ptr<const dmarc_check::PublicSuffixes> suffixes() {
    static const auto loaded =
        std::make_shared<const dmarc_check::PublicSuffixes>(dmarc_check::PublicSuffixes::load());
    return loaded;
}

}  // namespace

TEST_CASE_FIXTURE(Judge, "judge: what passes bears our results, once, and nobody else's in our name") {
    const std::string answer =
        send("x@bank.example", "Bank <x@bank.example>",
             "Authentication-Results: MX.a.example; dkim=pass header.d=evil.example\r\n"
             "Authentication-Results: mail.a.example;\r\n spf=pass\r\n"
             "Authentication-Results: other.example; spf=fail\r\n");
    CHECK_MESSAGE(answer.starts_with("250"), answer);
    const auto mail = messages(ann);
    REQUIRE(mail.size() == 1);
    const std::string& text = mail[0];
    CHECK(text.contains("spf=pass"));
    CHECK(text.contains("dmarc=pass"));
    CHECK(text.contains("Received-SPF: pass"));
    CHECK(text.contains("Authentication-Results: other.example; spf=fail"));
    CHECK_FALSE(text.contains("evil.example"));
    CHECK_FALSE(text.contains("mail.a.example;"));
    const auto ours = text.find("Authentication-Results: mx.a.example");
    CHECK(ours != std::string::npos);
    CHECK(text.find("Authentication-Results: mx.a.example", ours + 1) == std::string::npos);
    CHECK(text.find("Received: from") > ours);
}

TEST_CASE_FIXTURE(Judge, "judge: the verdicts stand beside the message") {
    CHECK(send("x@bank.example", "Shop <x@shop.example>").starts_with("250"));
    const auto view = view_of(ann, mailbox::junk);
    REQUIRE(view->size() == 1);
    const auto kept = run(accounts->open(ann)->verdicts(view->at(0).email));
    REQUIRE(kept.has_value());
    CHECK(kept->client == "192.0.2.2");
    std::string told;
    for (const mailbox::Verdict& one : kept->all)
        told += one.check + "=" + one.result + " " + one.subject + ";";
    CHECK(told ==
          "dmarc=fail shop.example;iprev=permerror ;helo=none ;spf=pass bank.example;arc=none ;dkim=none ;");
    CHECK(kept->all[0].reason.contains("SPF passed for bank.example"));
}

TEST_CASE_FIXTURE(Judge, "judge: names of 60 KB and macros without end make no long log") {
    auto& zone = network.zone();
    std::string macros = "v=spf1 include:";
    for (int i = 0; i < 200; ++i) macros += "%{l}";
    zone.add_txt("long.example", macros + " -all");
    std::string folded = "DKIM-Signature: v=1; a=rsa-sha256; s=s; h=from; bh=AAAA; b=AAAA; d=a";
    for (int i = 0; i < 600; ++i) folded += "." + std::string(100, 'd') + "\r\n ";
    CHECK(send(std::string(64, 'b') + "@long.example", "x@long.example", folded + "\r\n").starts_with("250"));
    const auto& lines = world->log_lines();
    const auto judged =
        std::ranges::find_if(lines, [](const auto& one) { return one.contains("event=judged"); });
    REQUIRE(judged != lines.end());
    CHECK(judged->size() < reasons_logged_max + 600);
    REQUIRE(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Judge, "judge: what fails is refused or filed as junk, as its author's domain asks") {
    const std::string refused = send("x@shop.example", "Bank <x@bank.example>");
    CHECK_MESSAGE(refused.starts_with("550 5.7.1"), refused);
    CHECK(refused.contains("bank.example"));
    CHECK(messages(ann).empty());
    const std::string taken = send("x@bank.example", "Shop <x@shop.example>");
    CHECK_MESSAGE(taken.starts_with("250"), taken);
    CHECK(messages(ann).empty());
    CHECK(messages(ann, mailbox::junk).size() == 1);
    CHECK(send("x@bank.example", "x@nobody.example").starts_with("250"));  // no record: nothing is asked for
    CHECK(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Judge, "judge: a refusal has the domain's own words, as its own, RFC 7208 §6.2") {
    auto& zone = network.zone();
    zone.add_txt("strict.example", "v=spf1 -all exp=why.strict.example");
    zone.add_txt("why.strict.example", "%{i} sends nothing of ours");
    zone.add_txt("_dmarc.strict.example", "v=DMARC1; p=reject");
    std::string refused = send("x@strict.example", "x@strict.example");
    for (const std::string_view fold : {"\r\n550-5.7.1 ", "\r\n550 5.7.1 "})
        while (refused.contains(fold)) refused.erase(refused.find(fold), fold.size());
    CHECK_MESSAGE(refused.contains("; strict.example explains: 192.0.2.2 sends nothing of ours"), refused);
}

TEST_CASE_FIXTURE(Judge, "judge: without enforcement all is told and nothing done") {
    judging.enforce = false;
    CHECK(send("x@shop.example", "x@bank.example").starts_with("250"));
    CHECK(send("x@slow.example", "x@slow.example").starts_with("250"));
    const auto mail = messages(ann);
    REQUIRE(mail.size() == 2);
    CHECK(mail[0].contains("dmarc=fail"));
    CHECK(mail[1].contains("dmarc=temperror"));
}

TEST_CASE_FIXTURE(Judge,
                  "judge: a verdict that cannot be had is asked for again where a policy hangs on it") {
    const std::string later = send("x@slow.example", "x@slow.example");
    CHECK_MESSAGE(later.starts_with("451 4.7.0"), later);
    CHECK(messages(ann).empty());
    CHECK(send("x@bank.example", "x@dark.example").starts_with("250"));  // whose policy is not known either
    CHECK(messages(ann).size() == 1);
}

TEST_CASE_FIXTURE(Judge, "judge: a bounce is judged by the client's name, and refused like any other") {
    network.zone().add_txt("client.example", "v=spf1 ip4:192.0.2.2 -all");
    CHECK(send("", "Mailer <x@client.example>").starts_with("250"));
    CHECK(send("", "Bank <x@bank.example>").starts_with("550"));
    const auto mail = messages(ann);
    REQUIRE(mail.size() == 1);
    CHECK(mail[0].contains("smtp.helo=client.example"));
}

TEST_CASE_FIXTURE(Judge, "judge: what a report is asked for is counted, also what is refused") {
    reports::Statistics statistics(*store, world->log(), suffixes());
    judging.statistics = &statistics;
    auto& zone = network.zone();
    zone.add_txt("told.example", "v=spf1 ip4:192.0.2.2 -all");
    zone.add_txt("_dmarc.told.example", "v=DMARC1; p=reject; rua=mailto:d@told.example");
    zone.add_txt("_dmarc.a.example", "v=DMARC1; p=none; rua=mailto:d@a.example");
    CHECK(send("x@told.example", "x@news.told.example").starts_with("250"));
    CHECK(send("x@told.example", "x@told.example").starts_with("250"));
    CHECK(send("x@bank.example", "x@told.example").starts_with("550"));
    CHECK(send("", "x@told.example").starts_with("550"));                // a bounce
    CHECK(send("x@bank.example", "x@bank.example").starts_with("250"));  // asks for none
    CHECK(send("x@bank.example", "ann@a.example").starts_with("250"));   // ours
    REQUIRE(run(statistics.flush()).has_value());
    const auto periods = run(store->scan(store::reports_partition, reports::periods_begin(),
                                         reports::periods_end(UINT32_MAX), 100, store::Direction::forward));
    REQUIRE(periods.has_value());
    REQUIRE(periods->size() == 1);
    CHECK(reports::parse_period_key(periods->front().first)->domain == "told.example");
    const auto period = reports::decode_period(periods->front().second);
    REQUIRE(period.has_value());
    CHECK(period->messages == 3);
    CHECK(period->rows == 3);
}

TEST_CASE_FIXTURE(Judge, "judge: what is taken is counted when it is delivered, not before") {
    reports::Statistics statistics(*store, world->log(), suffixes());
    judging.statistics = &statistics;
    network.zone().add_txt("told.example", "v=spf1 ip4:192.0.2.2 -all");
    network.zone().add_txt("_dmarc.told.example", "v=DMARC1; p=reject; rua=mailto:d@told.example");
    disk->set_failing(true);
    const std::string failed = send("x@told.example", "x@told.example");
    CHECK_MESSAGE(failed.starts_with("452"), failed);
    disk->set_failing(false);
    REQUIRE(run(statistics.flush()).has_value());
    const auto periods = [&] {
        return run(store->scan(store::reports_partition, reports::periods_begin(),
                               reports::periods_end(UINT32_MAX), 100, store::Direction::forward));
    };
    CHECK(periods().value().empty());
    CHECK(messages(ann).empty());
    CHECK(send("x@told.example", "x@told.example").starts_with("250"));  // the client tries again
    REQUIRE(run(statistics.flush()).has_value());
    const auto found = periods();
    REQUIRE(found.has_value());
    REQUIRE(found->size() == 1);
    CHECK(reports::decode_period(found->front().second).value().messages == 1);
    CHECK(messages(ann).size() == 1);
}

// A report address stands in a DNS record: who adds it to the recipients must not keep a message from being
// told, and what nobody vouches for is no report.
TEST_CASE_FIXTURE(Judge, "judge: a report address among the recipients hides nothing") {
    reports::Statistics statistics(*store, world->log(), suffixes());
    judging.statistics = &statistics;
    reports::Received received(*store, *directory);
    reports::Inbox inbox(*world, *store, received, {"ann@a.example"});
    service.inbox = &inbox;
    add_account("bob@a.example");
    TestClient client(*this);
    client.hear();
    client.say("EHLO client.example\r\n");
    client.say("MAIL FROM:<x@bulk.example>\r\n");
    client.say("RCPT TO:<ann@a.example>\r\n");
    client.say("RCPT TO:<bob@a.example>\r\n");
    client.say("DATA\r\n");
    network.zone().add_txt("_dmarc.told.example", "v=DMARC1; p=none; rua=mailto:d@told.example");
    const std::string answer = client.say("From: x@told.example\r\n\r\nhi\r\n.\r\n");
    CHECK_MESSAGE(answer.starts_with("250"), answer);
    REQUIRE(run(statistics.flush()).has_value());
    const auto rows = run(store->scan(store::reports_partition, "", "\xff", 100, store::Direction::forward));
    REQUIRE(rows.has_value());
    CHECK_FALSE(rows->empty());
    CHECK_FALSE(inbox.waits());  // bulk.example does not vouch for told.example
    CHECK(send("x@bank.example", "x@bank.example").starts_with("250"));
    CHECK(inbox.waits());
    judging.statistics = nullptr;
    service.inbox = nullptr;
}

TEST_CASE_FIXTURE(
    Judge, "judge: without checks results in our name go all the same, and a report is believed of nobody") {
    judging.enabled = false;
    reports::Received received(*store, *directory);
    reports::Inbox inbox(*world, *store, received, {"ann@a.example"});
    service.inbox = &inbox;
    CHECK(send("x@shop.example", "x@bank.example",
               "Authentication-Results: mx.a.example; spf=pass\r\nAuthentication-Results: other.example; "
               "spf=pass\r\n")
              .starts_with("250"));
    const auto mail = messages(ann);
    REQUIRE(mail.size() == 1);
    CHECK_FALSE(mail[0].contains("Authentication-Results: mx.a.example"));
    CHECK(mail[0].contains("Authentication-Results: other.example"));
    CHECK_FALSE(inbox.waits());
    judging.trusted = {*net::parse_network("192.0.2.0/24")};
    CHECK(send("x@shop.example", "x@bank.example").starts_with("250"));
    CHECK(inbox.waits());
    service.inbox = nullptr;
}

TEST_CASE_FIXTURE(Judge,
                  "judge: a lame subdomain, a literal, a From in disguise: none gets past the policy") {
    auto& zone = network.zone();
    zone.set_failing("_dmarc.lame.bank.example");
    const std::string later = send("x@shop.example", "x@lame.bank.example");
    CHECK_MESSAGE(later.starts_with("451 4.7.0"), later);
    CHECK(send("x@bank.example", "ceo@[bank.example]").starts_with("250"));
    CHECK(send("x@bank.example", "x@bank.example", std::string("From\0: ceo@shop.example\r\n", 26))
              .starts_with("250"));
    CHECK(messages(ann).empty());
    CHECK(messages(ann, mailbox::junk).size() == 2);
}

TEST_CASE_FIXTURE(Judge, "judge: who is trusted is not judged, and its results stay") {
    judging.trusted = {*net::parse_network("192.0.2.0/24")};
    CHECK(send("x@shop.example", "x@bank.example", "Authentication-Results: mx.a.example; spf=pass\r\n")
              .starts_with("250"));
    const auto mail = messages(ann);
    REQUIRE(mail.size() == 1);
    CHECK(mail[0].contains("Authentication-Results: mx.a.example; spf=pass"));
    CHECK_FALSE(mail[0].contains("Received-SPF"));
}

TEST_CASE_FIXTURE(Judge, "judge: two authors, or none, are one nobody can vouch for") {
    const std::string two = send("x@bank.example", "x@bank.example", "From: y@bank.example\r\n");
    CHECK_MESSAGE(two.starts_with("250"), two);
    CHECK(messages(ann).empty());
    const auto mail = messages(ann, mailbox::junk);
    REQUIRE(mail.size() == 1);
    CHECK(mail[0].contains("dmarc=permerror"));
}

TEST_CASE_FIXTURE(Judge, "judge: a header that is too long to be judged does not get past the policy") {
    std::string long_header;
    while (long_header.size() <= message_check::header_octets_max)
        long_header += "X-Filler: " + std::string(900, 'x') + "\r\n";
    CHECK(send("x@shop.example", "x@bank.example", long_header).starts_with("250"));
    CHECK(messages(ann).empty());
    CHECK(messages(ann, mailbox::junk).size() == 1);
}

}  // namespace heliopost::smtp_server
