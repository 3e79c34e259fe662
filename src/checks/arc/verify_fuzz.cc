#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "checks/arc/verify.h"
#include "checks/dkim/fuzz_fields.h"
#include "crypto/public_key.h"
#include "crypto/sha256.h"
#include "net/memory_world.h"
#include "proto/dkim/covered.h"

namespace {

using namespace heliopost;
using namespace heliopost::arc_check;

const crypto::PrivateKey& our_key() {
    static const crypto::PrivateKey key = crypto::PrivateKey::make_ed25519().value();
    return key;
}

net::Task<void> verify_all(net::World* world, std::string header, std::string_view body, size_t step,
                           Answer* answer) {
    net::DnsBudget dns(world->resolver(), world->after(std::chrono::seconds(20)));
    Verifier verifier(std::move(header));
    for (size_t at = 0; at < body.size(); at += step) verifier.feed(body.substr(at, step));
    *answer = co_await verifier.finish(&dns);
    if (verifier.has_chain() && answer->verdict == arc::Chain::none) std::abort();
}

Answer verify(std::string header, std::string_view body, size_t step, std::string_view record) {
    net::MemoryNetwork network(1);
    net::MemoryWorld& world = network.add_host("mx.b.example", {"192.0.2.2"});
    network.zone().add_txt("s._domainkey.a.example", record);
    network.zone().add_txt("ours._domainkey.a.example",
                           "v=DKIM1; k=ed25519; p=" + to_base64(our_key().public_octets()));
    Answer answer;
    if (!network.run(world, verify_all(&world, std::move(header), body, step, &answer))) std::abort();
    return answer;
}

std::string signature_over(std::string_view text) {
    crypto::Sha256 hash;
    hash.add(text);
    return to_base64(our_key().sign(hash.finish()));
}

// A chain of so many hops in front of the header, each of them ours.
std::string sealed(std::string header, std::string_view body, unsigned hops) {
    dkim_check::BodyHash hash(dkim::Canonicalization::relaxed);
    hash.feed(body);
    const std::string body_hash = to_base64(hash.finish());
    for (unsigned hop = 1; hop <= hops; ++hop) {
        const std::string i = "i=" + std::to_string(hop) + "; ";
        const std::string key = "a=ed25519-sha256; d=a.example; s=ours; ";
        const std::string results = "ARC-Authentication-Results: " + i + "a.example; none\r\n";
        const std::string draft = "ARC-Message-Signature: " + i + key +
                                  "c=relaxed/relaxed; h=from:subject; bh=" + body_hash + "; b=";
        const std::string covered = dkim::covered_header(header, {"from", "subject"}, draft + "\r\n",
                                                         dkim::Canonicalization::relaxed);
        const std::string signature = draft + signature_over(covered) + "\r\n";
        const std::string seal = "ARC-Seal: " + i + key + "cv=" + (hop == 1 ? "none" : "pass") + "; b=";
        const auto sets = arc::collect_sets(results + signature + seal + "AAAA\r\n" + header);
        if (!sets) std::abort();
        header =
            results + signature + seal + signature_over(arc::sealed_header(*sets, hop)) + "\r\n" + header;
    }
    return header;
}

}  // namespace

// The first octet says how the body is cut and how many hops seal, the first line is a key record, the rest a
// message: any chain has a verdict with a reason; ours holds, and not once a field that it covers is there
// twice.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2 || size > 8'000) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const size_t line = std::min(text.find('\n'), text.size() - 1);
    const std::string_view message = text.substr(line + 1);
    const size_t end = std::min(message.find("\r\n\r\n"), message.size());
    const std::string_view body = message.substr(std::min(end + 4, message.size()));
    const std::string header = dkim_check::fields_of(message.substr(0, end));
    const size_t step = data[0] / 4 + size_t{1};

    const Answer answer = verify(header, body, step, text.substr(0, line));
    if (answer.reason.empty() || answer.sealers.empty() == (answer.verdict == arc::Chain::pass)) std::abort();
    if (answer.verdict != arc::Chain::none || !arc::collect_sets(header)) return 0;
    const unsigned hops = data[0] % 4 + 1U;
    const std::string ours = sealed(header, body, hops);
    const Answer good = verify(ours, body, step, "");
    if (good.verdict != arc::Chain::pass || good.sealers.size() != hops) std::abort();
    if (verify(ours + "From: eve@c.example\r\n", body, step, "").verdict != arc::Chain::fail) std::abort();
    if (verify(ours, std::string(body) + "x", step, "").verdict != arc::Chain::fail) std::abort();
    return 0;
}
