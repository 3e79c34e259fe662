// What one message costs from its first octet to the commit, without network and disk: microseconds each.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "delivery/test_world.h"

namespace {

using namespace heliopost;
using namespace heliopost::delivery;

std::string message_of(std::size_t octets, int number) {
    std::string text = "From: Ann <ann@b.example>\r\nTo: bob@a.example\r\nSubject: number " +
                       std::to_string(number) + "\r\nDate: Mon, 23 Nov 2026 08:15:30 +0000\r\nMessage-ID: <" +
                       std::to_string(number) +
                       "@b.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
    while (text.size() < octets)
        text += "The quick brown fox jumps over the lazy dog, again and again. " +
                std::to_string(text.size()) + "\r\n";
    return text;
}

double cpu_microseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

}  // namespace

int main() {
    for (const std::size_t octets : {std::size_t{2'000}, std::size_t{50'000}, std::size_t{1'000'000}}) {
        TestDelivery host([](LogLevel, std::string_view) {});
        host.add_account("ann@a.example");
        const int count = octets < 10'000 ? 5'000 : octets < 100'000 ? 1'000 : 50;
        double in = 0, commit = 0;
        for (int i = 0; i < count; ++i) {
            const auto envelope = host.envelope({"ann@a.example"});
            const std::string text = message_of(octets, i);
            const double start = cpu_microseconds();
            const auto message = host.message(text);
            const double middle = cpu_microseconds();
            if (!host.run(receive(host.delivering.get(), envelope, message))) return 1;
            in += middle - start;
            commit += cpu_microseconds() - middle;
        }
        std::printf("%8zu octets: incoming %7.1f us, plan and commit %7.1f us\n", octets, in / count,
                    commit / count);
    }
    return 0;
}
