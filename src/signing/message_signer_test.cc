#include "signing/message_signer.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "proto/mime/header.h"
#include "signing/test_keys.h"

using namespace std::chrono_literals;

namespace heliopost::signing {
namespace {

const std::string letter = "From: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: Hello\r\n\r\n";
const std::string text_of_letter = "Hello,  Bob \r\nhow are you?\r\n";

struct Office : store::TestHost {
    TestFolder folder;
    std::unique_ptr<directory::Directory> directory = directory::make_directory(*store, *world);
    std::unique_ptr<Keys> keys;

    Office() {
        REQUIRE(run(directory->load()).has_value());
        REQUIRE(run(directory->add_domain("a.example")).has_value());
        keys = std::make_unique<Keys>(*store, *directory, *world, folder.file("server.key"));
        REQUIRE(run(keys->load()).has_value());
    }
    std::string sign(const std::string& header,
                     MessageSigner::Domain domain = MessageSigner::Domain::author) {
        auto signer = MessageSigner::begin(*keys, header, domain);
        if (!signer) return {};
        for (const char c : text_of_letter) signer->feed(std::string_view(&c, 1));
        return signer->finish(world->now());
    }
    // "pass pass", or what is wrong.
    std::string verdicts(const std::string& header) {
        std::string all;
        for (const auto& one : run(verify_whole(world, header + text_of_letter)))
            all += (all.empty() ? "" : " ") + std::string(name_of(one.verdict));
        return all;
    }
};

std::size_t signatures_in(std::string_view fields) {
    std::size_t count = 0;
    mime::FieldReader reader(fields);
    while (const auto field = reader.next()) count += same_ignoring_case(field->name, "DKIM-Signature");
    return count;
}

}  // namespace

TEST_CASE_FIXTURE(Office, "signer: one signature a key that signs, and each is verified") {
    CHECK(sign(letter).empty());  // no keys
    make_active(*this, *keys, "a.example", DkimKey::Algorithm::rsa2048);
    CHECK(verdicts(sign(letter) + letter) == "pass");
    make_active(*this, *keys, "a.example");
    const std::string fields = sign(letter);
    CHECK(signatures_in(fields) == 2);
    CHECK(verdicts(fields + letter) == "pass pass");
    CHECK(verdicts(fields + "Subject: another\r\n" + letter) == "fail fail");
    CHECK(verdicts(fields + "From: eve@e.example\r\n" + letter) == "fail fail");
    CHECK(verdicts(fields + "X-New: not signed\r\n" + letter) == "pass pass");
}

TEST_CASE_FIXTURE(Office, "signer: fields are those of the settings, each once more than it stands") {
    make_active(*this, *keys, "a.example");
    Settings settings;
    settings.fields = {"From", "X-Ours"};
    keys->change(settings);
    const std::string fields = sign(letter);
    CHECK(fields.contains("h=From:From:X-Ours;"));
    CHECK(verdicts(fields + letter) == "pass");
    CHECK(verdicts(fields + "Subject: another\r\n" + letter) == "pass");
    CHECK(verdicts(fields + "X-Ours: y\r\n" + letter) == "fail");
}

TEST_CASE_FIXTURE(Office,
                  "signer: the author's domain signs, and no other but for mail of the server's own") {
    make_active(*this, *keys, "a.example");
    using Domain = MessageSigner::Domain;
    struct Case {
        std::string_view header;
        Domain domain;
        bool is_signed;
    };
    const Case cases[] = {
        {"From: ann@A.Example\r\n\r\n", Domain::author, true},
        {"From: \"x@b.example\" <ann@a.example>\r\n\r\n", Domain::author, true},
        {"From: ann@a.example, eve@e.example\r\n\r\n", Domain::author, true},
        {"From: ann@a.example", Domain::author, true},
        {"From: ann@b.example\r\n\r\n", Domain::author, false},
        {"From: ann@mx.a.example\r\n\r\n", Domain::author, false},
        {"From: post@mx.a.example\r\n\r\n", Domain::author_or_above, true},
        {"From: post@xa.example\r\n\r\n", Domain::author_or_above, false},
        {"From: post@example\r\n\r\n", Domain::author_or_above, false},
        {"From: undisclosed:;\r\n\r\n", Domain::author, false},
        {"From:\r\n\r\n", Domain::author, false},
        {"Subject: x\r\n\r\nFrom: ann@a.example\r\n", Domain::author, false},
        {"", Domain::author_or_above, false},
    };
    for (const auto& [header, domain, is_signed] : cases) {
        CAPTURE(header);
        CHECK(MessageSigner::begin(*keys, header, domain).has_value() == is_signed);
    }
    CHECK(sign("From: post@mx.a.example\r\n\r\n", Domain::author_or_above).contains("d=a.example;"));
}

TEST_CASE_FIXTURE(
    Office,
    "signer: a header of too many fields or octets goes unsigned, signed_names_max and signed_header_max") {
    make_active(*this, *keys, "a.example");
    Settings settings;
    settings.fields = {"From", "To"};  // the first stands once more than it is there, and so the second
    keys->change(settings);
    std::string header = "From: ann@a.example\r\n";
    for (std::size_t i = 3; i < signed_names_max; ++i) header += "To: bob@b.example\r\n";
    CHECK(verdicts(sign(header + "\r\n") + header + "\r\n") == "pass");
    header += "To: bob@b.example\r\n";
    CHECK(sign(header + "\r\n").empty());
    const std::string front = "From: ann@a.example\r\nX-Filler: ";
    CHECK_FALSE(sign(front + std::string(signed_header_max - front.size(), 'x')).empty());
    CHECK(sign(front + std::string(signed_header_max - front.size() + 1, 'x')).empty());
}

}  // namespace heliopost::signing
