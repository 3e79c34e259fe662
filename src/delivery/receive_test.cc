#include "delivery/receive.h"

#include <doctest/doctest.h>

#include "delivery/test_world.h"

namespace heliopost::delivery {
namespace {

const std::string text = "Subject: s\r\n\r\nhi\r\n";

struct Fixture : TestDelivery {
    AccountId ann = add_account("ann@a.example");
    AccountId bob = add_account("bob@a.example", 600);
    Fixture() {
        add_alias("both@a.example", {"ann@a.example", "bob@a.example"});
        add_alias("mixed@a.example", {"ann@a.example", "out@c.example"});
        add_alias("away@a.example", {"out@c.example"});
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "receive: one copy an account, whatever leads to it, in one commit") {
    const auto before = disk->commits();
    REQUIRE(
        receive({"ann@a.example", "ann+x@a.example", "both@a.example", "mixed@a.example", "away@a.example"},
                text)
            .has_value());
    CHECK(disk->commits() == before + 1);
    REQUIRE(messages(ann).size() == 1);
    CHECK(messages(bob).size() == 1);
    CHECK(messages(ann)[0].starts_with(
        "Return-Path: <x@b.example>\r\nDelivered-To: ann@a.example\r\nReceived: from "));
    CHECK(messages(bob)[0].contains("Delivered-To: both@a.example\r\n"));
    CHECK(messages(ann)[0].ends_with(text));
    const auto out = queued();
    REQUIRE(out.size() == 1);
    REQUIRE(out[0].recipients.size() == 1);
    CHECK(smtp::to_string(out[0].recipients[0].address) == "out@c.example");
    CHECK(out[0].entry->source == queue::Source::forward);
    CHECK(out[0].entry->prefix.starts_with("Received: "));
    CHECK_FALSE(out[0].entry->prefix.contains("for <"));
}

TEST_CASE_FIXTURE(Fixture, "receive: all or nothing") {
    disk->set_failing(true);
    const auto got = receive({"ann@a.example", "away@a.example"}, text);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().fault == Fault::temporary);
    disk->set_failing(false);
    CHECK(messages(ann).empty());
    CHECK(queued().empty());
    CHECK(queue->counts().pending == 0);
}

TEST_CASE_FIXTURE(Fixture, "receive: an alias to nobody is accepted and gone") {
    const auto nobody = std::make_shared<Envelope>(*envelope({"ann@a.example"}));
    nobody->recipients[0].resolution.accounts.clear();
    CHECK(run(delivery::receive(delivering.get(), nobody, message(text))).has_value());
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(Fixture, "receive: a loop is refused") {
    std::string hops;
    for (int i = 0; i < 101; ++i) hops += "Received: by x; Mon, 23 Nov 2026 08:15:30 +0000\r\n";
    CHECK_FALSE(receive({"ann@a.example"}, hops + "\r\n").has_value());
    const auto each = receive_each({"ann@a.example", "bob@a.example"}, hops + "\r\n");
    REQUIRE(each.size() == 2);
    CHECK_FALSE(each[0].has_value());
    CHECK_FALSE(each[1].has_value());
    CHECK(messages(ann).empty());
}

TEST_CASE_FIXTURE(Fixture, "receive: a loop is refused however far down its Received stand") {
    std::string hops;
    for (int i = 0; i < 150; ++i)
        hops += "Received: by x; Mon, 23 Nov 2026 08:15:30 +0000\r\nX: " + std::string(900, 'x') + "\r\n";
    const auto got = receive({"ann@a.example"}, hops + "\r\n");
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().fault == Fault::denied);
}

TEST_CASE_FIXTURE(Fixture, "receive: over quota by one message, which receive_each does not allow") {
    CHECK(receive({"bob@a.example"}, std::string(2'000, 'x') + "\r\n").has_value());
    CHECK(messages(bob).size() == 1);
    const auto each = receive_each({"ann@a.example", "bob@a.example", "both@a.example"}, text);
    REQUIRE(each.size() == 3);
    CHECK(each[0].has_value());
    REQUIRE_FALSE(each[1].has_value());
    CHECK(each[1].error().fault == Fault::over_quota);
    CHECK(each[2].has_value());
    CHECK(messages(ann).size() == 1);
    CHECK(messages(bob).size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "receive_each: apart, what leads outside is one entry, answered in its place") {
    REQUIRE(receive({"bob@a.example"}, std::string(2'000, 'x') + "\r\n").has_value());
    add_alias("also@a.example", {"else@c.example"});
    const auto each = receive_each(
        {"away@a.example", "bob@a.example", "mixed@a.example", "ann@a.example", "also@a.example"}, text);
    REQUIRE(each.size() == 5);
    for (std::size_t n = 0; n < each.size(); ++n) CHECK(each[n].has_value() == (n != 1));
    CHECK(messages(ann).size() == 1);
    const auto out = queued();
    REQUIRE(out.size() == 1);
    CHECK(out[0].recipients.size() == 2);  // out@c.example is led to twice
}

TEST_CASE_FIXTURE(Fixture, "receive_each: where all are well there is one commit") {
    const auto before = disk->commits();
    const auto each =
        receive_each({"ann@a.example", "bob@a.example", "both@a.example", "away@a.example"}, text);
    CHECK(each.size() == 4);
    CHECK(disk->commits() == before + 1);
    CHECK(messages(ann).size() == 1);
    CHECK(messages(bob).size() == 1);
    CHECK(queued().size() == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "receive: many copies of a large structure are kept as of one part, the message whole") {
    std::string many = "Content-Type: multipart/mixed; boundary=b\r\nSubject: many\r\n\r\n";
    for (int i = 0; i < 200; ++i)
        many += "--b\r\nContent-Type: text/x-" + std::to_string(i) + "\r\n\r\nx\r\n";
    many += "--b--\r\n";
    delivering->structures_octets = 9'000;  // in place of structures_octets_max: one copy, but not two
    REQUIRE(receive({"ann@a.example"}, many).has_value());
    CHECK(email(ann, 0)->structure->parts.size() == 201);
    REQUIRE(receive({"both@a.example"}, many).has_value());
    CHECK(email(ann, 1)->structure->parts.size() == 1);
    CHECK(email(ann, 1)->structure->over_limit);
    CHECK(email(ann, 1)->structure->envelopes[0].subject == "many");
    CHECK(messages(ann)[1].ends_with(many));
    REQUIRE(receive({"both@a.example"}, text).has_value());
    CHECK(email(ann, 2)->structure->parts[0].is_type("text"));
}

TEST_CASE_FIXTURE(Fixture, "receive: every line of a message has its queue id") {
    REQUIRE(receive({"mixed@a.example"}, text).has_value());
    const std::string id = queue::to_text(queued().at(0).entry->id);
    int lines = 0;
    for (const std::string& line : world->log_lines())
        if (line.contains("event=delivered") || line.contains("event=queued")) {
            ++lines;
            CHECK(line.contains("queue_id=" + id));
        }
    CHECK(lines == 2);
}

}  // namespace heliopost::delivery
