#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "checks/dkim/fuzz_fields.h"
#include "checks/dkim/sign.h"
#include "checks/dkim/verify.h"
#include "net/memory_world.h"

namespace {

using namespace heliopost;
using namespace heliopost::dkim_check;
using namespace std::chrono_literals;

const Time now{std::chrono::seconds(1'700'000'000)};

net::Task<void> verify_all(net::World* world, std::string header, std::string_view body, size_t step,
                           std::vector<SignatureVerdict>* verdicts) {
    net::DnsBudget dns(world->resolver(), world->after(20s));
    Verifier verifier(std::move(header));
    for (size_t at = 0; at < body.size(); at += step) verifier.feed(body.substr(at, step));
    *verdicts = co_await verifier.finish(&dns, now);
    if (dns.queries() > static_cast<int>(signatures_max)) std::abort();
}

// Keys for all runs: making one costs more than a run.
struct Sender {
    crypto::PrivateKey key;
    std::string selector;

    std::string record() const {
        return std::string("v=DKIM1; k=") + (key.is_rsa() ? "rsa" : "ed25519") +
               "; p=" + to_base64(key.public_octets());
    }
    std::string field(std::string_view header, std::string_view body) const {
        BodyHash hash(dkim::Canonicalization::relaxed);
        hash.feed(body);
        Signer signer;
        signer.domain = "a.example";
        signer.selector = selector;
        signer.key = &key;
        return signature_field(signer, header, hash.finish(), now);
    }
};

const std::vector<Sender>& senders() {
    static const std::vector<Sender> all = [] {
        std::vector<Sender> made;
        made.push_back({crypto::PrivateKey::make_ed25519().value(), "e"});
        made.push_back({crypto::PrivateKey::make_rsa(crypto::rsa_bits_min).value(), "r"});
        return made;
    }();
    return all;
}

// "bh=?" becomes the body's hash, so that what comes after it is looked at, too.
std::string with_body_hash(std::string header, std::string_view body) {
    for (const auto how : {dkim::Canonicalization::relaxed, dkim::Canonicalization::simple}) {
        const size_t at = header.find("bh=?");
        if (at == std::string::npos) break;
        BodyHash hash(how);
        hash.feed(body);
        header.replace(at + 3, 1, to_base64(hash.finish()));
    }
    return header;
}

std::vector<SignatureVerdict> verify(std::string header, std::string_view body, size_t step,
                                     std::string_view record) {
    net::MemoryNetwork network(1);
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    network.zone().add_txt("s._domainkey.a.example", record);
    for (const Sender& sender : senders())
        network.zone().add_txt(sender.selector + "._domainkey.a.example", sender.record());
    network.zone().set_failing("f._domainkey.a.example");
    std::vector<SignatureVerdict> verdicts;
    if (!network.run(world, verify_all(&world, std::move(header), body, step, &verdicts))) std::abort();
    return verdicts;
}

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

// The first octet says how the body is cut and who signs, the first line is a key record, the rest a message.
// Each signature that is looked at has a verdict with its reason; what we sign passes, and not with another
// From in front.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2 || size > 8'000) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const size_t line = std::min(text.find('\n'), text.size() - 1);
    const std::string_view message = text.substr(line + 1);
    const size_t end = std::min(message.find("\r\n\r\n"), message.size());
    const std::string_view body = message.substr(std::min(end + 4, message.size()));
    const std::string header = with_body_hash(fields_of(message.substr(0, end)), body);
    const std::string_view record = text.substr(0, line);
    const size_t step = data[0] / 2 + size_t{1};

    for (const SignatureVerdict& one : verify(header, body, step, record)) {
        must(one.verdict != Verdict::none && !one.reason.empty() && !name_of(one.verdict).empty());
        must(one.verdict != Verdict::pass || (!one.domain.empty() && !one.selector.empty()));
    }
    const std::string signed_header = senders()[data[0] % 2].field(header, body) + header;
    const auto ours = verify(signed_header, body, step, record);
    must(!ours.empty() && ours.front().verdict == Verdict::pass);
    const auto forged = verify("From: eve@c.example\r\n" + signed_header, body, step, record);
    must(!forged.empty() && forged.front().verdict == Verdict::fail);
    return 0;
}
