// A POP3 session under any octets, before and behind a login: it must not crash, hang or leak, and a message
// is gone only after QUIT was answered in a session that had marked it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "server/pop3/test_service.h"

namespace {

using namespace heliopost;
using namespace heliopost::pop3_server;

struct Target {
    Target() : server([](LogLevel, std::string_view) {}) { fill(); }

    void fill() {
        for (const char* message : {"Subject: 1\r\n\r\n.\r\n", "Subject: 2\r\n\r\nno end", "\r\n"})
            server.file(ann, message);
    }

    enum class Begin : std::uint8_t { greeted, encrypted, logged_in };
    void run(std::string_view octets, Begin begin, std::size_t step) {
        if (server.view_of(ann)->size() < 3) fill();
        const std::size_t before = server.view_of(ann)->size();
        std::string heard;
        {
            TestClient client(server);
            if (begin == Begin::logged_in && !client.log_in("ann@a.example").starts_with("+OK")) std::abort();
            if (begin == Begin::encrypted && !client.begin_tls()) std::abort();
            for (std::size_t at = 0; at < octets.size() && !client.ended(); at += step) {
                client.send(std::string(octets.substr(at, step)));
                if (step < octets.size()) heard += client.hear();
            }
            client.end_output();
            heard += client.hear(std::chrono::hours(1));
            if (!client.ended()) std::abort();  // it hangs
        }
        const bool removed = server.view_of(ann)->size() < before;
        if (removed && (!heard.ends_with("+OK goodbye\r\n") || !heard.contains("+OK marked"))) std::abort();
    }

    TestServer server;
    AccountId ann = server.add_account("ann@a.example");
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    static std::unique_ptr<Target> target;
    static int runs = 0;
    if (!target || ++runs % 1'000 == 0) {
        target.reset();
        target = std::make_unique<Target>();
    }
    const std::string_view octets(reinterpret_cast<const char*>(data) + 2, size - 2);
    using enum Target::Begin;
    const auto begin = data[0] % 4 != 0 ? logged_in : data[0] % 8 == 0 ? greeted : encrypted;
    target->run(octets, begin, data[1] % 4 == 0 ? 1 + data[1] / 4 : size);
    return 0;
}
