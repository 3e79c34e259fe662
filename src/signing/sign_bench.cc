// What a signature on a message costs, beside the bare operation of its key, and what a verification costs
// beside its own: microseconds of the processor, the median of rounds that take turns.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "crypto/sha256.h"
#include "signing/message_signer.h"
#include "signing/test_keys.h"

namespace {

using namespace heliopost;
using namespace heliopost::signing;
using Algorithm = directory::DkimKey::Algorithm;

constexpr std::size_t message_octets = 50'000;
// OpenSSL makes the blinding of an RSA key anew at every 32nd use: a round of 32 has that once, whoever's
// turn it is.
constexpr int rounds = 15, operations = 32;

double cpu_microseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

const std::string header =
    "From: Ann <ann@a.example>\r\nTo: Bob <bob@b.example>\r\nSubject: The figures of November\r\n"
    "Date: Mon, 23 Nov 2026 08:15:30 +0000\r\nMessage-ID: <20261123081530@a.example>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";

std::string body_of(std::size_t octets) {
    std::string text;
    while (text.size() < octets)
        text += "The quick brown fox jumps over the lazy dog, again and again. " +
                std::to_string(text.size()) + "\r\n";
    return text;
}

double median(std::vector<double> times) {
    std::ranges::sort(times);
    return times[times.size() / 2];
}

struct Measured {
    std::function<void()> work;
    std::vector<double> times;
};

void measure(std::vector<Measured*> all) {
    for (int round = 0; round < rounds; ++round)
        for (Measured* one : all) {
            const double start = cpu_microseconds();
            for (int i = 0; i < operations; ++i) one->work();
            one->times.push_back((cpu_microseconds() - start) / operations);
        }
}

std::string sign(const Keys& keys, const std::string& body, Time now) {
    auto signer = MessageSigner::begin(keys, header);
    ASSERT(signer.has_value());
    signer->feed(body);
    return signer->finish(now);
}

void bench(const char* name, Algorithm algorithm) {
    store::TestHost host;
    const TestFolder folder;
    const auto directory = directory::make_directory(*host.store, *host.world);
    ASSERT(host.run(directory->load()).has_value());
    ASSERT(host.run(directory->add_domain("a.example")).has_value());
    Keys keys(*host.store, *directory, *host.world, folder.file("server.key"));
    ASSERT(host.run(keys.load()).has_value());
    make_active(host, keys, "a.example", algorithm);
    const auto snapshot = keys.snapshot();
    const crypto::PrivateKey& key = *snapshot->signing("a.example").front()->opened;
    const std::string octets = key.public_octets();
    const auto open = key.is_rsa() ? crypto::PublicKey::rsa(octets) : crypto::PublicKey::ed25519(octets);
    ASSERT(open.has_value());
    crypto::Sha256 sha;
    sha.add(header);
    const std::string hash = sha.finish(), bare = key.sign(hash), body = body_of(message_octets);
    const std::string whole = sign(keys, body, host.world->now()) + header + body;

    Measured raw_sign{[&] { (void)key.sign(hash); }, {}};
    Measured flow_sign{[&] { (void)sign(keys, body, host.world->now()); }, {}};
    Measured raw_verify{[&] { ASSERT(open->verifies(hash, bare)); }, {}};
    Measured flow_verify{[&] {
                             const auto verdicts = host.run(verify_whole(host.world, whole));
                             ASSERT(verdicts.front().verdict == dkim_check::Verdict::pass);
                         },
                         {}};
    measure({&raw_sign, &flow_sign, &raw_verify, &flow_verify});
    const double rs = median(raw_sign.times), fs = median(flow_sign.times), rv = median(raw_verify.times),
                 fv = median(flow_verify.times);
    std::printf("%-8s sign: key alone %7.1f us, message of %zu octets %7.1f us, ratio %.2f\n", name, rs,
                body.size(), fs, fs / rs);
    std::printf("%-8s verify: key alone %5.1f us, message %7.1f us, apart from the key %7.1f us\n", name, rv,
                fv, fv - rv);
}

}  // namespace

int main() {
    bench("rsa2048", Algorithm::rsa2048);
    bench("ed25519", Algorithm::ed25519);
    return 0;
}
