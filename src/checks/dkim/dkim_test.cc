#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/assert.h"
#include "base/base64.h"
#include "base/text.h"
#include "checks/dkim/sign.h"
#include "checks/dkim/verify.h"
#include "net/memory_world.h"

namespace heliopost::dkim_check {
namespace {

using namespace std::chrono_literals;

const std::string head = "From: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: Hello\r\n";
const std::string text = "Hello,  Bob \r\nhow are you?\r\n\r\n";
const Time now{std::chrono::seconds(1'700'000'000)};

net::Task<void> verify_all(net::World* world, std::string header, std::string body, Time at,
                           std::vector<SignatureVerdict>* verdicts, int* queries) {
    net::DnsBudget dns(world->resolver(), world->after(20s));
    Verifier verifier(std::move(header));
    for (size_t i = 0; i < body.size(); i += 7) verifier.feed(std::string_view(body).substr(i, 7));
    *verdicts = co_await verifier.finish(&dns, at);
    *queries = dns.queries();
}

struct Receiver {
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    int queries = 0;

    std::vector<SignatureVerdict> verify(const std::string& header, const std::string& body, Time at = now) {
        std::vector<SignatureVerdict> verdicts;
        network.run(world, verify_all(&world, header, body, at, &verdicts, &queries));
        return verdicts;
    }
    void publish(const crypto::PrivateKey& key, std::string_view selector, std::string_view more = "") {
        const std::string name = std::string(selector) + "._domainkey.a.example";
        network.zone().remove(name);
        network.zone().add_txt(name, std::string("v=DKIM1; k=") + (key.is_rsa() ? "rsa" : "ed25519") +
                                         std::string(more) + "; p=" + to_base64(key.public_octets()));
    }
};

std::string signed_with(const crypto::PrivateKey& key, std::string_view selector,
                        std::optional<std::chrono::seconds> lifetime = std::nullopt) {
    BodyHash hash(dkim::Canonicalization::relaxed);
    hash.feed(text);
    Signer signer;
    signer.domain = "a.example";
    signer.selector = selector;
    signer.key = &key;
    signer.lifetime = lifetime;
    return signature_field(signer, head, hash.finish(), now);
}

Verdict verdict_of(const std::vector<SignatureVerdict>& verdicts) {
    ASSERT(verdicts.size() == 1);
    return verdicts.front().verdict;
}

std::string file(const std::string& name) {
    std::ifstream in(std::string(HELIOPOST_SHARED_DATA) + "/" + name, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    std::string octets = out.str(), lines;
    for (size_t i = 0; i < octets.size(); ++i) {
        if (octets[i] == '\n' && (i == 0 || octets[i - 1] != '\r')) lines += '\r';
        lines += octets[i];
    }
    return lines;
}

}  // namespace

TEST_CASE("dkim: both kinds of keys, side by side") {
    const auto rsa = crypto::PrivateKey::make_rsa(2048).value();
    const auto ed25519 = crypto::PrivateKey::make_ed25519().value();
    Receiver it;
    it.publish(rsa, "r");
    it.publish(ed25519, "e");
    const std::string header = signed_with(rsa, "r") + signed_with(ed25519, "e") + head;
    for (size_t at = 0; (at = header.find("\r\n", at)) != std::string::npos; at += 2)
        CHECK(at - (at == 0 ? 0 : header.rfind('\n', at) + 1) < 78);
    const auto verdicts = it.verify(header, text);
    ASSERT(verdicts.size() == 2);
    CHECK(verdicts[0].verdict == Verdict::pass);
    CHECK(verdicts[0].reason == "rsa-sha256, 2048 bits");
    CHECK(verdicts[0].domain == "a.example");
    CHECK(verdicts[0].mark.size() == 8);
    CHECK(verdicts[1].verdict == Verdict::pass);
    CHECK(verdicts[1].reason == "ed25519-sha256, 256 bits");
    CHECK(it.verify(header, "Hello, Bob\r\nhow are they?\r\n").at(0).verdict == Verdict::fail);
    CHECK(it.verify(header, "Hello, Bob\r\nhow are you?").at(0).verdict == Verdict::pass);  // relaxed
    CHECK(it.verify(head, text).empty());
}

TEST_CASE("dkim: a changed header, a second From, another key, a late or an early signature") {
    const auto key = crypto::PrivateKey::make_ed25519().value();
    const auto other = crypto::PrivateKey::make_ed25519().value();
    Receiver it;
    it.publish(key, "k");
    const std::string header = signed_with(key, "k", 1h) + head;
    CHECK(verdict_of(it.verify(header, text)) == Verdict::pass);
    CHECK(verdict_of(it.verify("From: evil@c.example\r\n" + header, text)) == Verdict::fail);
    CHECK(verdict_of(it.verify(header + "From: evil@c.example\r\n", text)) == Verdict::fail);
    CHECK(verdict_of(it.verify(header + "Cc: evil@c.example\r\n", text)) == Verdict::fail);  // over-signed
    CHECK(verdict_of(it.verify(header + "X-Other: is not signed\r\n", text)) == Verdict::pass);
    CHECK(verdict_of(it.verify(header, text, now + 1h + clock_error_max)) == Verdict::pass);
    CHECK(verdict_of(it.verify(header, text, now + 1h + clock_error_max + 1s)) == Verdict::fail);
    CHECK(verdict_of(it.verify(header, text, now - clock_error_max)) == Verdict::pass);
    CHECK(verdict_of(it.verify(header, text, now - clock_error_max - 1s)) == Verdict::policy);
    it.publish(other, "k");
    CHECK(verdict_of(it.verify(header, text)) == Verdict::fail);
}

TEST_CASE("dkim: a signature without end, as far as a clock goes") {
    const auto key = crypto::PrivateKey::make_ed25519().value();
    Receiver it;
    it.publish(key, "k");
    // The selector ends in the tag: signature_field() writes no such x=.
    for (const std::string tag : {"999999999999", "9223372036854775807", "9223372036854775808"}) {
        const std::string header = signed_with(key, "k; x=" + tag) + head;
        CHECK(verdict_of(it.verify(header, text)) == Verdict::pass);
        CHECK(verdict_of(it.verify(header, text, Time(std::chrono::seconds(1)))) == Verdict::policy);
    }
}

TEST_CASE("dkim: what the key record and the DNS say") {
    const auto key = crypto::PrivateKey::make_ed25519().value();
    Receiver it;
    const std::string header = signed_with(key, "k") + head;
    const std::string name = "k._domainkey.a.example";
    CHECK(verdict_of(it.verify(header, text)) == Verdict::perm_error);  // no key
    it.network.zone().set_failing(name);
    CHECK(verdict_of(it.verify(header, text)) == Verdict::temp_error);
    it.network.zone().set_failing(name, false);
    for (const std::string_view more : {"; h=sha1", "; s=tlsrpt"}) {
        it.publish(key, "k", more);
        CHECK(verdict_of(it.verify(header, text)) == Verdict::perm_error);
    }
    it.publish(key, "k", "; t=y:s; h=sha1:sha256; s=*");
    CHECK(verdict_of(it.verify(header, text)) == Verdict::pass);
    CHECK(it.verify(header, text).at(0).testing);
    it.network.zone().add_txt(name, "nonsense");  // beside the good one
    CHECK(verdict_of(it.verify(header, text)) == Verdict::pass);
    it.network.zone().remove(name);
    for (size_t i = 0; i < key_records_max; ++i)
        it.network.zone().add_txt(name, "other text " + std::to_string(i));
    it.network.zone().add_txt(name,
                              "k=ed25519; p=" + to_base64(key.public_octets()));  // one too many before it
    CHECK(verdict_of(it.verify(header, text)) == Verdict::perm_error);
    it.network.zone().remove(name);
    it.network.zone().add_txt(name, "p=");
    CHECK(it.verify(header, text).at(0).reason == "the key was revoked");
    it.network.zone().remove(name);
    it.network.zone().add_txt(name, "k=rsa; p=" + to_base64(key.public_octets()));
    CHECK(it.verify(header, text).at(0).reason == "the key is of another kind");
}

TEST_CASE("dkim: as many signatures as are looked at, and floods of them") {
    const auto key = crypto::PrivateKey::make_ed25519().value();
    Receiver it;
    it.publish(key, "k");
    std::string header;
    for (size_t i = 0; i < signatures_max; ++i) header += signed_with(key, "k");
    CHECK(it.verify(header + head, text).back().verdict == Verdict::pass);
    for (size_t i = 0; i < 1000; ++i) header += signed_with(key, "k");
    const auto verdicts = it.verify(header + head, text);
    CHECK(verdicts.size() == signatures_max + 1);
    CHECK(verdicts.back().verdict == Verdict::policy);
    CHECK(it.queries == static_cast<int>(signatures_max));
}

// A file of the shared data: lines "name record" for the DNS, an empty line, the signed message.
TEST_CASE("dkim: messages that others signed, RFC 6376 §A.2 and RFC 8463 §A.3 among them") {
    if (file("mail-auth/dkim/001.txt").empty()) {
        MESSAGE("skipped: the shared data is not there");
        return;
    }
    const Time then{std::chrono::seconds(1'667'870'000)};  // before the last of them expired
    int passed = 0;
    for (int number = 1; number <= 6; ++number) {
        Receiver it;
        const std::string octets = file("mail-auth/dkim/00" + std::to_string(number) + ".txt");
        const size_t zone_end = octets.find("\r\n\r\n"), end = octets.find("\r\n\r\n", zone_end + 4);
        for (const std::string_view line : split(std::string_view(octets).substr(0, zone_end), '\n')) {
            const std::string_view record = trim(line);
            const size_t space = record.find(' ');
            it.network.zone().add_txt(record.substr(0, space), record.substr(space + 1));
        }
        for (const auto& one :
             it.verify(octets.substr(zone_end + 4, end - zone_end - 2), octets.substr(end + 4), then)) {
            CHECK_MESSAGE(one.verdict == Verdict::pass, number << ", " << one.domain << ": " << one.reason);
            ++passed;
        }
    }
    CHECK(passed >= 6);
    MESSAGE("counted: DKIM signatures of others that pass: " << passed);
}

namespace {

// Header with its last line end, and body.
std::pair<std::string, std::string> parts_of(const std::string& message) {
    const size_t end = message.find("\r\n\r\n");
    return {message.substr(0, end + 2), message.substr(end + 4)};
}

SignatureVerdict judged_under(const std::string& record, const std::string& signed_message) {
    Receiver it;
    it.network.zone().add_txt("test._domainkey.example.com", record);
    const auto [header, body] = parts_of(signed_message);
    const auto verdicts = it.verify(header, body);
    ASSERT(verdicts.size() == 1);
    return verdicts.front();
}

std::string signed_by(const crypto::PrivateKey& key, const std::string& message) {
    const auto [header, body] = parts_of(message);
    BodyHash hash(dkim::Canonicalization::relaxed);
    hash.feed(body);
    Signer signer;
    signer.domain = "example.com";
    signer.selector = "test";
    signer.key = &key;
    return signature_field(signer, header, hash.finish(), now) + message;
}

// Thirty-two octets in base64, as the PKCS #8 key that OpenSSL reads.
std::string pem_of(const std::string& seed) {
    const std::string_view front("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
    const auto octets = from_base64(trim(seed));
    ASSERT(octets.has_value());
    return "-----BEGIN PRIVATE KEY-----\n" + to_base64(std::string(front) + *octets) +
           "\n-----END PRIVATE KEY-----\n";
}

}  // namespace

TEST_CASE("dkim: the messages, keys and records of dkimpy's own tests") {
    const std::string folder = "dkim/dkimpy/";
    if (file(folder + "test.message").empty()) {
        MESSAGE("skipped: the shared data is not there");
        return;
    }
    int cases = 0;
    Receiver it;
    it.network.zone().add_txt("brisbane._domainkey.football.example.com",
                              "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    it.network.zone().add_txt("test._domainkey.football.example.com", file(folder + "test.txt"));
    it.network.zone().add_txt("sed._domainkey.test.ex", file(folder + "eximtest.dns"));
    for (const std::string name : {"rfc6376.signed.msg", "ed25519test2.msg"}) {
        const auto [header, body] = parts_of(file(folder + name));
        for (const auto& one : it.verify(header, body)) {
            CHECK_MESSAGE(one.verdict == Verdict::pass, name << ", " << one.selector << ": " << one.reason);
            ++cases;
        }
    }
    const auto rsa = crypto::PrivateKey::from_pem(file(folder + "test.private"));
    REQUIRE(rsa.has_value());
    const std::string message = signed_by(*rsa, file(folder + "test.message"));
    const std::pair<std::string, Verdict> records[] = {{"test.txt", Verdict::pass},
                                                       {"test2.txt", Verdict::pass},
                                                       {"badversion.txt", Verdict::perm_error},
                                                       {"badk.txt", Verdict::perm_error},
                                                       {"test_bad.txt", Verdict::perm_error},
                                                       {"test_tlsrpt.txt", Verdict::perm_error}};
    for (const auto& [name, wanted] : records) {
        const SignatureVerdict one = judged_under(file(folder + name), message);
        CHECK_MESSAGE(one.verdict == wanted, name << ": " << name_of(one.verdict) << ", " << one.reason);
        ++cases;
    }
    const auto ed25519 = crypto::PrivateKey::from_pem(pem_of(file(folder + "ed25519test.key")));
    REQUIRE(ed25519.has_value());
    for (const std::string name : {"ed25519test.msg", "test_extra.message"}) {
        const SignatureVerdict one =
            judged_under(file(folder + "ed25519test.dns"), signed_by(*ed25519, file(folder + name)));
        CHECK_MESSAGE(one.verdict == Verdict::pass, name << ": " << one.reason);
        ++cases;
    }
    MESSAGE("counted: DKIM cases of dkimpy: " << cases);
    CHECK(cases == 11);
}

}  // namespace heliopost::dkim_check
