#include "queue/records.h"

#include <doctest/doctest.h>

#include "queue/check.h"

namespace heliopost::queue {
namespace {

Entry sample_entry() {
    Entry entry;
    entry.id = QueueId(42);
    entry.reverse_path = {"ann b", "a.example"};
    entry.created = from_unix_milliseconds(1'800'000'000'123);
    entry.expiry = from_unix_milliseconds(1'800'432'000'123);
    entry.identity = AccountId(7);
    entry.source = Source::forward;
    entry.blob.octets = 123;
    entry.blob.sha256 = std::string(32, '\xfe');
    entry.prefix = "Received: x\r\n";
    entry.smtputf8 = entry.body_8bit = entry.requiretls = true;
    entry.ret = smtp::Return::headers;
    entry.envelope_id = "";
    entry.recipient_count = 2;
    return entry;
}

Recipient sample_recipient() {
    Recipient recipient;
    recipient.index = 1;
    recipient.address = {"änne", "Bücher.example"};
    recipient.domain = "xn--bcher-kva.example";
    recipient.notify = {true, false, true, true};
    recipient.original_recipient = smtp::OriginalRecipient{"utf-8", "änne@bücher.example"};
    recipient.state = State::held;
    recipient.attempts = 3;
    recipient.next_attempt = from_unix_milliseconds(1'800'000'300'000);
    recipient.first_failure = from_unix_milliseconds(0);
    recipient.last_attempt = from_unix_milliseconds(1'800'000'000'500);
    recipient.last_reply = {550, {5, 1, 1}, "no", "mx [192.0.2.1]:25"};
    recipient.delay_warned = true;
    return recipient;
}

}  // namespace

TEST_CASE("records: what is written is read") {
    const Entry entry = sample_entry();
    CHECK(decode_entry(entry.id, encode(entry)) == entry);
    const Recipient recipient = sample_recipient();
    CHECK(decode_recipient(1, encode(recipient)) == recipient);
    Entry bounce = entry;
    bounce.reverse_path = {};
    bounce.envelope_id.reset();
    CHECK(decode_entry(entry.id, encode(bounce)) == bounce);
}

TEST_CASE("records: a truncated entry or recipient is never the whole one") {
    const std::string entry = encode(sample_entry());
    for (std::size_t length = 0; length < entry.size(); ++length)
        CHECK_FALSE(decode_entry(QueueId(42), entry.substr(0, length)) == sample_entry());
    const std::string recipient = encode(sample_recipient());
    for (std::size_t length = 0; length < recipient.size(); ++length)
        CHECK_FALSE(decode_recipient(1, recipient.substr(0, length)) == sample_recipient());
}

TEST_CASE("records: keys hold an entry's rows together, in order") {
    const QueueId id(42);
    CHECK(parse_key(entry_key(id)) == Key{id, std::nullopt});
    CHECK(parse_key(recipient_key(id, 9)) == Key{id, 9});
    CHECK(entry_key(id) < recipient_key(id, 0));
    CHECK(recipient_key(id, 255) < recipient_key(id, 256));
    CHECK(recipient_key(id, ~0U) < end_key(id));
    CHECK(end_key(id) < entry_key(QueueId(43)));
    CHECK(entry_key(QueueId(~0ULL)) < last_key());
    for (const std::string_view bad :
         {std::string_view(""), std::string_view("\x02", 1), std::string_view("\x01zzz")})
        CHECK_FALSE(parse_key(bad).has_value());
    CHECK_FALSE(parse_key(entry_key(id) + "x").has_value());
}

TEST_CASE("check: a sound queue has no findings, each damage has one") {
    const auto findings = [](const std::vector<std::pair<std::string, std::string>>& rows) {
        Check check;
        for (const auto& [key, value] : rows) check.row(key, value);
        check.finish();
        return check.findings().size();
    };
    const QueueId id(42);
    const std::pair<std::string, std::string> entry{entry_key(id), encode(sample_entry())};
    const std::pair<std::string, std::string> first{recipient_key(id, 0), encode(sample_recipient())};
    const std::pair<std::string, std::string> second{recipient_key(id, 1), encode(sample_recipient())};
    CHECK(findings({}) == 0);
    CHECK(findings({entry, first, second}) == 0);
    CHECK(findings({entry, first}) == 1);
    CHECK(findings({first, second}) == 1);
    CHECK(findings({{entry_key(id), "\xff"}, first, second}) == 1);
    CHECK(findings({entry, first, {recipient_key(id, 1), ""}}) == 1);
    CHECK(findings({{"\x09", ""}, entry, first, second}) == 1);
}

TEST_CASE(
    "check: past store::check_problems_max rows are taken out all the same, and one line says that there are "
    "more") {
    std::size_t taken = 0;
    Check check([&](auto, auto, auto) { return ++taken > 0; });
    const std::uint64_t broken = store::check_problems_max + 500;
    for (std::uint64_t i = 1; i <= broken; ++i) check.row(entry_key(QueueId(i)), "\xff");
    check.finish();
    CHECK(taken == broken);
    REQUIRE(check.findings().size() == store::check_problems_max);
    CHECK(check.findings().front().mended);
    CHECK_FALSE(check.findings().back().mended);
    CHECK(check.findings().back().what == "there are more problems");
}

}  // namespace heliopost::queue
