#include <doctest/doctest.h>

#include <string>

#include "base/base64.h"
#include "proto/sasl/client.h"
#include "proto/sasl/server.h"

namespace heliopost::sasl {
namespace {

using namespace std::string_literals;

// A directory of one: "user" with "pencil".
ScramKeys keys_of(std::string_view name) {
    if (name != "user") return fake_scram_keys("secret", name, 4'096);
    return derive_scram_keys("pencil", "0123456789abcdef", 4'096);
}

// Answers what the server asks its caller, until it asks the client or ends.
Step settle(Server& server, Step step) {
    for (;;) {
        if (const auto* need = std::get_if<NeedPassword>(&step)) {
            const bool right = need->authcid == "user" && need->password == "pencil";
            step = server.password_checked(right ? PasswordCheck::right : PasswordCheck::wrong);
        } else if (const auto* scram = std::get_if<NeedScram>(&step)) {
            step = server.keys_found(keys_of(scram->authcid));
        } else {
            return step;
        }
    }
}

// "done authcid/authzid", or "syntax" or "denied".
std::string outcome(const Step& step) {
    if (const auto* done = std::get_if<Done>(&step)) return "done " + done->authcid + '/' + done->authzid;
    if (const auto* failed = std::get_if<Failed>(&step))
        return failed->error.fault == Fault::syntax   ? "syntax"
               : failed->error.fault == Fault::denied ? "denied"
                                                      : "?";
    return "challenge";
}

std::string meet(Mechanism mechanism, Credentials credentials, bool initial = true) {
    Client client(mechanism, std::move(credentials), "clientnonce");
    Server server(mechanism, "servernonce");
    const auto first = client.start();
    if (!first) return "unprepared";
    std::optional<std::string> held = *first;
    Step step =
        settle(server, server.start(initial && held ? std::optional<std::string_view>(*held) : std::nullopt));
    if (initial) held.reset();
    while (const auto* challenge = std::get_if<Challenge>(&step)) {
        const auto answer = held ? Result<std::string>(*held) : client.respond(challenge->text);
        held.reset();
        if (!answer) return "client: " + answer.error().text;
        step = settle(server, server.respond(*answer));
    }
    if (std::holds_alternative<Done>(step) && !client.finish()) return "unfinished";
    return outcome(step);
}

std::string plain(std::string_view message) {
    Server server(Mechanism::plain, "n");
    return outcome(settle(server, server.start(message)));
}

std::string scram_first(std::string_view message) {
    Server server(Mechanism::scram_sha_256, "servernonce");
    return outcome(settle(server, server.start(message)));
}

}  // namespace

TEST_CASE("SASL: our client and our server, all mechanisms") {
    for (const Mechanism mechanism : {Mechanism::plain, Mechanism::login, Mechanism::scram_sha_256}) {
        CAPTURE(name_of(mechanism));
        for (const bool initial : {true, false}) {
            CHECK(meet(mechanism, {"user", "", "pencil"}, initial) == "done user/");
            CHECK(meet(mechanism, {"user", "", "pen"}, initial) == "denied");
            CHECK(meet(mechanism, {"nobody", "", "pencil"}, initial) == "denied");
        }
        CHECK(meet(mechanism, {"u\xC2\xADser", "", "penc\xC2\xADil"}) == "done user/");  // SASLprep
        CHECK(meet(mechanism, {"us\x07r", "", "pencil"}) == "unprepared");
    }
    CHECK(meet(Mechanism::plain, {"user", "shared", "pencil"}) == "done user/shared");
    CHECK(meet(Mechanism::scram_sha_256, {"user", "sha=re,d", "pencil"}) == "done user/sha=re,d");
    CHECK(meet(Mechanism::plain, {"user", "user", "pencil"}) == "done user/");
}

TEST_CASE("PLAIN: RFC 4616 §2") {
    CHECK(plain("\0user\0pencil"s) == "done user/");
    CHECK(plain("boss\0user\0pencil"s) == "done user/boss");
    CHECK(plain("") == "syntax");
    CHECK(plain("user") == "syntax");
    CHECK(plain("\0user"s) == "syntax");
    CHECK(plain("\0user\0pencil\0"s) == "syntax");
    CHECK(plain("\0\0pencil"s) == "denied");
    CHECK(plain("\0user\0"s) == "denied");
    CHECK(plain("\0us\xFF\0pencil"s) == "denied");
    CHECK(plain("\0"s + std::string(name_octets_max + 1, 'u') + "\0pencil"s) == "denied");
}

TEST_CASE("LOGIN: initial response is the name") {
    Server server(Mechanism::login, "n");
    Step step = server.start("user");
    CHECK(std::get<Challenge>(step).text == "Password:");
    CHECK(outcome(settle(server, server.respond("pencil"))) == "done user/");
    Server asks(Mechanism::login, "n");
    CHECK(std::get<Challenge>(asks.start(std::nullopt)).text == "Username:");
    CHECK(outcome(asks.respond(std::string(name_octets_max + 1, 'u'))) == "denied");
}

TEST_CASE("SCRAM: the exchange of RFC 7677 §3") {
    Server server(Mechanism::scram_sha_256, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    Step step = server.start("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    CHECK(std::get<NeedScram>(step).authcid == "user");
    const std::string salt = decode_response("W22ZaJ0SNY7soEsUEjb6gQ==").value();
    step = server.keys_found(derive_scram_keys("pencil", salt, 4'096));
    CHECK(std::get<Challenge>(step).text ==
          "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    step = server.respond(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+"
        "Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    CHECK(std::get<Challenge>(step).text == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    CHECK(outcome(server.respond("")) == "done user/");
}

TEST_CASE("SCRAM: first messages, RFC 5802 §5.1, §6, §7") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"n,,n=user,r=abc", "challenge"},
        {"y,,n=user,r=abc", "challenge"},
        {"n,a=other,n=user,r=abc", "challenge"},
        {"n,,n=user,r=abc,x=ext", "challenge"},
        {"p=tls-unique,,n=user,r=abc", "syntax"},  // channel binding is not offered
        {"n,,m=must,n=user,r=abc", "syntax"},
        {"n,,n=us=er,r=abc", "syntax"},
        {"n,,n=us=2Cer,r=abc", "challenge"},
        {"n,,n=,r=abc", "syntax"},
        {"n,,n=user,r=", "syntax"},
        {"n,,n=user", "syntax"},
        {"n,,n=user,r=a\x01", "syntax"},
        {"n,,n=us\x07,r=abc", "denied"},
        {"n,a=,n=user,r=abc", "syntax"},
        {"x,,n=user,r=abc", "syntax"},
        {"n,n=user,r=abc", "syntax"},
        {"", "syntax"},
    };
    for (const auto& [message, want] : cases) {
        CAPTURE(message);
        CHECK(scram_first(message) == want);
    }
    CHECK(scram_first("n,,n=user,r=" + std::string(256, 'a')) == "challenge");
    // client_nonce_octets_max
    CHECK(scram_first("n,,n=user,r=" + std::string(257, 'a')) == "syntax");
}

TEST_CASE("SCRAM: final messages that lie") {
    const auto finish = [](std::string_view header, std::string_view final) {
        Server server(Mechanism::scram_sha_256, "S");
        settle(server, server.start(std::string(header) + "n=user,r=C"));
        return outcome(settle(server, server.respond(final)));
    };
    const std::string zero = ",p=" + std::string(43, 'A') + "=";
    // A right proof over what was said, which alone must not do.
    const auto proved = [&](std::string_view header, std::string_view unproved) {
        const std::string salt = "0123456789abcdef";
        const std::string auth_message =
            "n=user,r=C,r=CS,s=" + to_base64(salt) + ",i=4096," + std::string(unproved);
        const std::string salted = salted_password(ScramHash::sha256, "pencil", salt, 4'096);
        const std::string proof = to_base64(client_proof(ScramHash::sha256, salted, auth_message));
        return finish(header, std::string(unproved) + ",p=" + proof);
    };
    CHECK(proved("n,,", "c=biws,r=CS") == "challenge");
    CHECK(proved("y,,", "c=eSws,r=CS") == "challenge");
    CHECK(proved("n,,", "c=biws,r=CS,x=extension") == "challenge");
    CHECK(proved("y,,", "c=biws,r=CS") == "denied");  // another header than before: a downgrade
    CHECK(proved("n,,", "c=biws,r=CX") == "denied");
    CHECK(proved("n,,", "c=biws,r=C") == "denied");
    CHECK(finish("n,,", "c=biws,r=CS" + zero) == "denied");  // wrong proof
    CHECK(finish("n,,", "c=eSws,r=CS" + zero) == "denied");  // "y,,": another header than before
    CHECK(finish("n,,", "c=biws,r=CX" + zero) == "denied");
    CHECK(finish("n,,", "c=biws,r=C" + zero) == "denied");
    CHECK(finish("n,,", "c=biws,r=CS,p=AAAA") == "denied");  // a proof of another length
    CHECK(finish("n,,", "c=biws,r=CS,p=%") == "syntax");
    CHECK(finish("n,,", "c=biws,r=CS") == "syntax");
    CHECK(finish("n,,", "r=CS,c=biws" + zero) == "syntax");
    CHECK(finish("n,,", "") == "syntax");
}

TEST_CASE("SCRAM: a server that does not know the password is found out, RFC 5802 §5") {
    const auto client = [] {
        Client one(Mechanism::scram_sha_256, {"user", "", "pencil"}, "C");
        CHECK(one.start().value().value() == "n,,n=user,r=C");
        return one;
    };
    for (const std::string_view first :
         {"r=C,s=AAAA,i=4096", "r=XS,s=AAAA,i=4096", "r=CS,s=,i=4096", "r=CS,s=AAAA,i=1",
          "r=CS,s=AAAA,i=4000000000", "r=CS,s=AAAA", "e=other-error", ""})
        CHECK_FALSE(client().respond(first).has_value());
    Client cheated = client();
    CHECK(cheated.respond("r=CS,s=AAAA,i=4096").has_value());
    CHECK_FALSE(cheated.finish().has_value());  // success without a proof
    CHECK_FALSE(cheated.respond("v=" + std::string(43, 'A') + "=").has_value());
    CHECK_FALSE(cheated.finish().has_value());
}

}  // namespace heliopost::sasl
