#include "server/sasl/exchange.h"

#include <utility>
#include <variant>

#include "base/base64.h"
#include "proto/sasl/server.h"

namespace heliopost::server_sasl {
namespace {

constexpr std::size_t nonce_octets = 18;  // RFC 5802 §5.1 leaves it to us; 144 bits in 24 characters
constexpr int steps_max = 16;             // the longest mechanism takes 6

class Exchange {
public:
    Exchange(Credentials with, Prompt* prompt, sasl::Mechanism mechanism, std::string nonce)
        : with_(std::move(with)), prompt_(prompt), server_(mechanism, std::move(nonce)) {}

    net::Task<Result<directory::Account>> run(std::optional<std::string> initial) {
        std::optional<std::string> decoded;
        if (initial) decoded = CO_TRY(sasl::decode_initial_response(*initial));
        sasl::Step step = server_.start(decoded);
        for (int steps = 0; steps < steps_max; ++steps) {
            if (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
                if (proof_asked_) account_ = CO_TRY(co_await finish());
                proof_asked_ = asked_;
                const std::string line = CO_TRY(co_await prompt_->ask(to_base64(challenge->text)));
                const std::string response = CO_TRY(sasl::decode_response(line));
                step = server_.respond(response);
            } else if (auto* need = std::get_if<sasl::NeedPassword>(&step)) {
                co_return co_await with_.login->password(with_.world, need->authcid, need->authzid,
                                                         need->password, with_.source);
            } else if (auto* scram = std::get_if<sasl::NeedScram>(&step)) {
                const sasl::NeedScram wanted = *scram;
                step = CO_TRY(co_await give_keys(wanted));
            } else if (std::holds_alternative<sasl::Done>(step)) {
                if (!account_) co_return fail(Fault::internal, "an exchange without its proof");
                co_return *std::move(account_);
            } else {
                const Error error = std::get<sasl::Failed>(step).error;
                if (asked_ && !account_) co_await tell_failure();
                co_return std::unexpected(error);
            }
        }
        co_return fail(Fault::syntax, "the exchange does not end");
    }

private:
    net::Task<Result<sasl::Step>> give_keys(sasl::NeedScram wanted) {
        user_ = wanted.authcid;
        authorize_as_ = wanted.authzid;
        asked_ = true;
        const auto keys = CO_TRY(co_await with_.login->scram_keys(with_.world, user_, with_.source));
        real_ = keys.real;
        co_return server_.keys_found({keys.salt, keys.iterations, keys.stored_key, keys.server_key});
    }

    // The challenge behind the proof says that it was right: it waits as long as a failure does, where it has
    // to.
    net::Task<Result<directory::Account>> finish() {
        co_return co_await with_.login->scram_finished(with_.world, user_, authorize_as_, real_,
                                                       with_.source);
    }

    net::Task<void> tell_failure() {
        const auto told =
            co_await with_.login->scram_finished(with_.world, user_, authorize_as_, false, with_.source);
        static_cast<void>(told);  // it is a failure already; this counts and logs it
    }

    Credentials with_;
    Prompt* prompt_;
    sasl::Server server_;
    std::string user_, authorize_as_;
    bool asked_ = false;        // for keys
    bool proof_asked_ = false;  // the challenge with the salt was sent
    std::optional<directory::Account> account_;
    bool real_ = false;
};

}  // namespace

net::Task<Result<directory::Account>> authenticate(Credentials with, Prompt* prompt,
                                                   sasl::Mechanism mechanism,
                                                   std::optional<std::string> initial) {
    std::string nonce = to_base64(with.world->random_octets(nonce_octets));
    Exchange exchange(std::move(with), prompt, mechanism, std::move(nonce));
    co_return co_await exchange.run(std::move(initial));
}

}  // namespace heliopost::server_sasl
