// How fast DATA is decoded: a 1 MB body, whole and in 16 KiB reads.
#include <chrono>
#include <cstdio>
#include <string>

#include "proto/smtp/data.h"
#include "proto/smtp/dot_stuff.h"

int main() {
    using namespace heliopost::smtp;
    using Clock = std::chrono::steady_clock;
    const auto report = [](const char* name, size_t octets, Clock::duration took) {
        const double seconds = std::chrono::duration<double>(took).count();
        std::printf("%-28s %6.2f GB/s\n", name, static_cast<double>(octets) / seconds / 1e9);
    };
    const auto decode = [&](const char* name, const std::string& body, size_t chunk) {
        constexpr int rounds = 2'000;
        size_t total = 0;
        const auto from = Clock::now();
        for (int round = 0; round < rounds; ++round) {
            DataDecoder decoder;
            for (size_t at = 0; at < body.size(); at += chunk)
                decoder.feed(std::string_view(body).substr(at, chunk),
                             [&](std::string_view piece) { total += piece.size(); });
            if (!decoder.done()) return;
        }
        report(name, body.size() * rounds, Clock::now() - from);
        if (total == 0) std::puts("nothing");
    };
    std::string body;
    while (body.size() < 1'000'000) body += std::string(76, 'x') + "\r\n";
    std::string dotted;
    while (dotted.size() < 1'000'000) dotted += "." + std::string(75, '.') + "\r\n";
    std::string bare(1'000'000, '\n');
    decode("76-octet lines, whole", body + ".\r\n", body.size() + 3);
    decode("76-octet lines, 16 KiB", body + ".\r\n", 16'384);
    decode("every line a dot, 16 KiB", dotted + ".\r\n", 16'384);
    decode("nothing but bare LF", bare + "\r\n.\r\n", 16'384);

    size_t total = 0;
    const auto from = Clock::now();
    for (int round = 0; round < 500; ++round) {
        DotStuffer stuffer;
        stuffer.feed(body, [&](std::string_view piece) { total += piece.size(); });
    }
    report("dot stuffing", total, Clock::now() - from);
}
