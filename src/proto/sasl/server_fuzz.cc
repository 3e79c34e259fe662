#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proto/sasl/server.h"

// Any sequence of responses (0xFF between them) ends, and nobody logs in without the caller's word.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost::sasl;
    if (size == 0) return 0;
    std::string_view rest(reinterpret_cast<const char*>(octets) + 1, size - 1);
    const auto take = [&] {
        const auto piece = rest.substr(0, rest.find('\xFF'));
        rest.remove_prefix(piece.size() < rest.size() ? piece.size() + 1 : rest.size());
        return piece;
    };
    Server server(static_cast<Mechanism>(octets[0] % 3), "servernonce");
    bool accepted = false;
    Step step = (octets[0] & 0x80) != 0 ? server.start(take()) : server.start({});
    for (int steps = 0; steps < 16; ++steps) {
        if (std::holds_alternative<Challenge>(step)) {
            step = server.respond(take());
        } else if (std::holds_alternative<NeedPassword>(step)) {
            accepted = (octets[0] & 0x40) != 0;
            step = server.password_checked(accepted ? PasswordCheck::right : PasswordCheck::wrong);
        } else if (const auto* need = std::get_if<NeedScram>(&step)) {
            step = server.keys_found(fake_scram_keys("secret", need->authcid));
        } else {
            if (std::holds_alternative<Done>(step) && !accepted) std::abort();
            return 0;
        }
    }
    std::abort();
}
