// Envelopes from records, and emails that are walked over rather than looked up.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/assert.h"
#include "mailbox/email_record.h"
#include "mailbox/envelope_record.h"
#include "mailbox/test_account.h"
#include "proto/imap/structure_writer.h"

namespace heliopost::mailbox {
namespace {

constexpr std::string_view messages[] = {
    "",
    "\r\n",
    "Subject: x\r\n\r\nbody",
    "Date: Wed, 17 Jul 1996 02:23:25 -0700\r\nFrom: Terry <gray@cac.example>\r\nSender: s@x.example\r\n"
    "Reply-To: r@x.example, q@x.example\r\nTo: g: a@b, c@d;, e@f\r\nCc: \"A \\\"B\\\" C\" <k@m.example>\r\n"
    "Bcc: <@x,@y:u@z.example>\r\nSubject: \xE4 b\r\nIn-Reply-To: <i@x>\r\nMessage-ID: <m@x>\r\n"
    "References: <r@x>\r\n\r\n",
    "Subject: outer\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: "
    "message/rfc822\r\n\r\n"
    "Subject: inner\r\nFrom: in@x\r\n\r\nhello\r\n--x--\r\n",
};

std::string record_of(std::string_view message) {
    NewEmail email;
    email.blob.octets = message.size();
    email.blob.sha256 = std::string(32, 's');
    email.prefix = "Return-Path: <>\r\n";
    email.structure = std::make_shared<const mime::Structure>(mime::scan(message));
    const auto pieces = encode_email(email, 1);
    REQUIRE(pieces.size() == 1);
    return pieces[0];
}

template <class Envelope>
std::string text_of(const Envelope& envelope) {
    std::string out;
    imap::append_envelope(out, envelope, imap::Revision::rev1);
    return out;
}

}  // namespace

TEST_CASE("envelopes: read in place they are those of the whole email") {
    mime::EnvelopeView envelope;  // one for all: nothing of one message shows in the next
    for (const std::string_view message : messages) {
        CAPTURE(message);
        const std::string record = record_of(message);
        const auto email = decode_email(EmailId(1), record);
        REQUIRE(email.has_value());
        REQUIRE(read_envelope(record, envelope).has_value());
        const mime::Structure& structure = *(*email)->structure;
        CHECK(text_of(envelope) == text_of(structure.envelopes.at(structure.parts[0].envelope.value_or(0))));
    }
}

TEST_CASE("envelopes: a record that ends early or is none is an error") {
    mime::EnvelopeView envelope;
    for (const std::string_view message : messages) {
        const std::string record = record_of(message);
        for (std::size_t length = 0; length < record.size(); ++length) {
            const std::string cut = record.substr(0, length);
            if (decode_email(EmailId(1), cut)) continue;  // lacks only what has a default
            CHECK_FALSE(read_envelope(cut, envelope).has_value());
        }
    }
    CHECK_FALSE(read_envelope(std::string(20, '\xff'), envelope).has_value());
    CHECK_FALSE(read_envelope("\x42\x00", envelope).has_value());                      // no parts
    CHECK_FALSE(read_envelope("\x42\x7f\x0a", envelope).has_value());                  // reaches past the end
    CHECK_FALSE(read_envelope("\x43\x44", envelope).has_value());                      // a group
    CHECK_FALSE(read_envelope("\x42\x05\x0a\x03\x98\x01\x07", envelope).has_value());  // no such envelope
}

TEST_CASE("emails: neighbours, strangers, those that are gone, and large ones between") {
    TestAccount t;
    constexpr std::uint32_t count = 40;
    const std::string many_parts = [] {
        std::string text = "Subject: large\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n";
        for (int i = 0; i < 900; ++i)
            text += "--x\r\nContent-Type: text/plain; name=" + std::string(150, 'n') + "\r\n\r\na\r\n";
        return text + "--x--\r\n";
    }();
    for (std::uint32_t i = 1; i <= count; ++i)
        t.deliver(i % 4 == 0 ? junk : inbox, i == 10 ? many_parts : message_text(std::to_string(i)));
    const auto view = t.view();
    REQUIRE(view->size() == 30);
    std::vector<EmailId> all, reversed, few;
    for (std::size_t i = 0; i < view->size(); ++i) all.push_back(view->at(i).email);
    reversed.assign(all.rbegin(), all.rend());
    few = {all[0], EmailId(100'000), all[29], all[0]};
    std::vector<EmailId> with_gone = all;
    with_gone.push_back(EmailId(all.back().value + 5));
    for (const auto& ids : {all, reversed, few, with_gone, {all[7]}, {}}) {
        const auto emails = t.get(t.account->emails(ids));
        auto envelopes = t.get(t.account->envelopes(ids));
        REQUIRE(emails.size() == ids.size());
        REQUIRE(envelopes.size() == ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i) {
            CHECK(envelopes.is_gone(i) == (ids[i] > all.back()));
            CHECK((emails[i] == nullptr) == envelopes.is_gone(i));
            if (emails[i] == nullptr) continue;
            CHECK(emails[i]->id == ids[i]);
            const auto envelope = envelopes.read(i);
            REQUIRE(envelope.has_value());
            CHECK((*envelope)->subject == emails[i]->structure->envelopes.at(0).subject);
        }
    }
}

TEST_CASE("envelopes: a page of large records ends early, emails come all the same") {
    TestAccount t;
    std::string text = "Subject: large\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n";
    for (int i = 0; i < 3'000; ++i)
        text += "--x\r\nContent-Type: text/plain; name=" + std::string(150, 'n') + "\r\n\r\na\r\n";
    text += "--x--\r\n";
    std::vector<EmailId> ids;
    for (int i = 0; i < 8; ++i) t.deliver(inbox, text + std::to_string(i));
    for (std::size_t i = 0; i < 8; ++i) ids.push_back(t.view()->at(i).email);
    const auto envelopes = t.get(t.account->envelopes(ids));
    CHECK(envelopes.size() >= 1);
    CHECK(envelopes.size() < ids.size());
    const auto emails = t.get(t.account->emails(ids));
    REQUIRE(emails.size() == ids.size());
    for (std::size_t i = 0; i < 8; ++i) CHECK(emails[i]->id == ids[i]);
}

TEST_CASE("accounts: one that was open lately stays, but not more than a number of them") {
    TestAccount t;
    const std::weak_ptr<Account> first = t.account;
    t.account.reset();
    CHECK_FALSE(first.expired());
    std::vector<std::weak_ptr<Account>> others;
    for (std::uint64_t id = 100; id < 5'000; ++id) others.push_back(t.accounts->open(AccountId(id)));
    const auto alive = std::ranges::count_if(others, [](const auto& other) { return !other.expired(); });
    CHECK(alive > 100);
    CHECK(alive <= 1'024);
    CHECK_FALSE(others.back().expired());
}

}  // namespace heliopost::mailbox
