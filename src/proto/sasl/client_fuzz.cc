#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "base/base64.h"
#include "proto/sasl/client.h"
#include "proto/sasl/server.h"

namespace {

using namespace heliopost::sasl;

// The words of one line of the input, LF between them.
class Words {
public:
    explicit Words(std::string_view text) : rest_(text) {}
    std::string_view next() {
        const auto word = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(word.size() < rest_.size() ? word.size() + 1 : rest_.size());
        return word;
    }

private:
    std::string_view rest_;
};

// Our own two ends agree about every name and password that either of them takes.
void agree(Mechanism mechanism, const Credentials& given) {
    Client client(mechanism, given, "clientnonce");
    const auto initial = client.start();
    if (!initial) return;
    const auto& first = *initial;
    Server server(mechanism, "servernonce");
    Step step = server.start(first ? std::optional<std::string_view>(*first) : std::nullopt);
    for (int steps = 0; steps < 8; ++steps) {
        if (const auto* challenge = std::get_if<Challenge>(&step)) {
            const auto response = client.respond(challenge->text);
            if (!response) std::abort();
            step = server.respond(*response);
        } else if (const auto* need = std::get_if<NeedPassword>(&step)) {
            const auto password = prepare(given.password);
            if (!password || need->password != *password) std::abort();
            step = server.password_checked(PasswordCheck::right);
        } else if (std::holds_alternative<NeedScram>(step)) {
            const auto password = prepare(given.password);
            if (!password) std::abort();
            step = server.keys_found(derive_scram_keys(*password, "salt", scram_iterations_min));
        } else {
            const auto* done = std::get_if<Done>(&step);
            // What is too long or has a NUL is the server's to refuse.
            const auto is_long = [](const std::string& text) { return text.size() > name_octets_max / 4; };
            if (done == nullptr && !is_long(given.authcid) && !is_long(given.authzid) &&
                !is_long(given.password))
                std::abort();
            if (done != nullptr && (done->authcid != prepare(given.authcid).value() || !client.finish()))
                std::abort();
            return;
        }
    }
    std::abort();
}

// Whatever a server says to SCRAM, it is not believed: it does not know the password.
void be_lied_to(Words words) {
    Client client(Mechanism::scram_sha_256, {"ann", "", "secret"}, "clientnonce");
    if (!client.start()) std::abort();
    for (int rounds = 0; rounds < 4; ++rounds) {
        const std::string_view challenge = words.next();
        if (challenge.contains("i=1") || challenge.contains("i=2")) return;  // slow, and nothing new
        if (!client.respond(challenge)) break;
    }
    if (client.finish()) std::abort();
}

}  // namespace

// The first octet says what is tried; then lines: name, other name, password; or what the server says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(octets) + 1, size - 1);
    Words words(text);
    if (octets[0] % 4 == 3) {
        be_lied_to(words);
        if (decode_response(text) && !heliopost::from_base64(text)) std::abort();
        if (decode_initial_response(text) && text != "=" && !heliopost::from_base64(text)) std::abort();
        const std::string announced[] = {std::string(words.next()), std::string(words.next())};
        if (const auto best = choose_mechanism(announced); best && !find_mechanism(name_of(*best)))
            std::abort();
        return 0;
    }
    Credentials given;
    given.authcid = words.next();
    given.authzid = words.next();
    given.password = words.next();
    if (text.contains('\0')) return 0;  // PLAIN cannot say it: RFC 4616 §2
    agree(static_cast<Mechanism>(octets[0] % 4), given);
    return 0;
}
