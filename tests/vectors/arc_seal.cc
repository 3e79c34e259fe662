// arc_seal SERVER KEY DOMAIN SELECTOR AUTHSERV-ID [SECONDS FIELDS FILE]...: the ARC set that is added to each
// message, a NUL behind it; nothing but the NUL where none is to be added. The chain that the message has is
// verified with libunbound asking SERVER; its results are those of its own Authentication-Results.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "checks/arc/seal.h"
#include "checks/arc/verify.h"
#include "proto/results/results.h"
#include "vectors/resolver.h"

namespace {

using namespace heliopost;

std::string text_of(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

net::Task<void> seal_all(net::SystemWorld* world, const crypto::PrivateKey* key,
                         std::vector<std::string> words) {
    arc_check::Sealer sealer;
    sealer.domain = words.at(0);
    sealer.selector = words.at(1);
    sealer.key = key;
    sealer.cover = arc_check::Cover::once;
    for (size_t i = 3; i + 2 < words.size(); i += 3) {
        const Time now{std::chrono::seconds(std::stoll(words[i]))};
        sealer.fields.clear();
        for (const std::string_view name : split(words[i + 1], ':')) sealer.fields.emplace_back(name);
        const std::string message = text_of(words[i + 2]);
        const size_t end = std::min(message.find("\r\n\r\n"), message.size());
        const std::string header = message.substr(0, std::min(end + 2, message.size()));
        const std::string_view body = std::string_view(message).substr(std::min(end + 4, message.size()));
        arc_check::Verifier verifier(header);
        verifier.feed(body);
        net::DnsBudget dns(world->resolver(), world->after(vectors::query_time_max));
        const arc_check::Answer found = co_await verifier.finish(&dns);
        dkim_check::BodyHash hash(dkim::Canonicalization::relaxed);
        hash.feed(body);
        const auto set = arc_check::seal(sealer, header, hash.finish(), found.verdict,
                                         results::merged_value(header, words.at(2)), now);
        if (set) std::fputs(set->c_str(), stdout);
        std::fputc('\0', stdout);
    }
    world->stop();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) return 64;
    const auto key = crypto::PrivateKey::from_pem(text_of(argv[2]));
    if (!key) return 65;
    return vectors::run_with_resolver(
        argv[1], [&](net::SystemWorld* world) { return seal_all(world, &*key, {argv + 3, argv + argc}); });
}
