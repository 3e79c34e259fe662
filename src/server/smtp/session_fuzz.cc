// An SMTP session under any octets, behind a valid beginning: it must not crash, hang or leak, and every
// message that it acknowledged is delivered once, none that it did not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "server/smtp/test_service.h"

namespace {

using namespace heliopost;
using namespace heliopost::smtp_server;

// What the first octet chooses.
constexpr std::string_view beginnings[] = {
    "",
    "EHLO b.example\r\n",
    "EHLO b.example\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\n",
    "EHLO b.example\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\nDATA\r\n",
    "EHLO b.example\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\nBDAT 10\r\nSubject: x",
    "LHLO b.example\r\nMAIL FROM:<>\r\nRCPT TO:<ann@a.example>\r\nRCPT TO:<bob@a.example>\r\nDATA\r\n",
};

std::size_t count(std::string_view text, std::string_view word) {
    std::size_t times = 0;
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
        ++times;
    return times;
}

// One role's server, kept over runs: making the directory costs far more than a session.
struct Target {
    explicit Target(Role role) : server(role, [](LogLevel, std::string_view) {}) {}

    void run(std::string_view octets, std::size_t step) {
        std::string heard;
        {
            TestClient client(server);
            for (std::size_t at = 0; at < octets.size() && !client.ended(); at += step) {
                client.send(std::string(octets.substr(at, step)));
                if (step < octets.size()) heard += client.hear();
            }
            client.end_output();
            heard += client.hear(std::chrono::hours(3));
            if (!client.ended()) std::abort();  // it hangs
        }
        acknowledged += count(heard, "accepted as ");
        const std::size_t delivered = server.view_of(ann)->size() + server.view_of(bob)->size();
        // Each reply of LMTP is one recipient's; MX may reach both of them with one reply, never none.
        if (server.service.role == Role::lmtp ? delivered > acknowledged
                                              : delivered < acknowledged || delivered > 2 * acknowledged)
            std::abort();
    }

    TestServer server;
    AccountId ann = server.add_account("ann@a.example");
    AccountId bob = server.add_account("bob@a.example");
    std::size_t acknowledged = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    static std::unique_ptr<Target> targets[2];
    const bool lmtp = data[0] % std::size(beginnings) == std::size(beginnings) - 1;
    auto& target = targets[lmtp ? 1 : 0];
    if (!target || target->acknowledged > 1'000) {
        target.reset();
        target = std::make_unique<Target>(lmtp ? Role::lmtp : Role::mx);
    }
    std::string octets(beginnings[data[0] % std::size(beginnings)]);
    octets.append(reinterpret_cast<const char*>(data) + 2, size - 2);
    target->run(octets, data[1] % 4 == 0 ? 1 + data[1] / 4 : octets.size());
    return 0;
}
