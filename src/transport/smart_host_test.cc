// All mail through one host: its TLS and its AUTH.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/base64.h"
#include "proto/sasl/scram.h"
#include "proto/sasl/server.h"
#include "transport/test_site.h"

namespace heliopost::transport {
namespace {

struct Relay : Site {
    ScriptedServer relay{network, "relay.isp.example", {"198.51.100.50"}, 587};

    Relay() {
        network.zone().add_address("relay.isp.example", "198.51.100.50");
        relay.extensions = {"PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN"};
        options.smart_host = SmartHost{
            .host = "relay.isp.example", .user = "ann", .password = Secret("pa ss"), .roots_file = {}};
    }
};

std::string decoded(std::string_view base64) {
    const auto octets = from_base64(base64);
    ASSERT(octets.has_value());
    return *octets;
}

// The server's half of an AUTH, between lines of base64.
class ScriptedLogin {
public:
    std::string password = "pa ss";
    bool proves = true;  // false: SCRAM says 235 without the proof that it knows the password

    std::optional<std::string> answer(const std::string& line) {
        if (line.starts_with("AUTH ")) return begin(line.substr(5));
        if (!exchange_) return std::nullopt;
        return tell(exchange_->respond(decoded(line)));
    }

private:
    std::string begin(const std::string& rest) {
        const auto space = rest.find(' ');
        const auto mechanism = sasl::find_mechanism(rest.substr(0, space));
        ASSERT(mechanism.has_value());
        std::optional<std::string> initial;
        if (space != std::string::npos) initial = decoded(rest.substr(space + 1));
        exchange_.emplace(*mechanism, "nonce-of-the-server");
        return tell(exchange_->start(initial));
    }
    std::string tell(sasl::Step step) {
        ASSERT(exchange_.has_value());
        sasl::Server& exchange = *exchange_;
        if (const auto* asked = std::get_if<sasl::NeedPassword>(&step)) {
            const bool right = asked->authcid == "ann" && asked->password == password;
            step = exchange.password_checked(right ? sasl::PasswordCheck::right : sasl::PasswordCheck::wrong);
        }
        if (std::holds_alternative<sasl::NeedScram>(step))
            step = exchange.keys_found(sasl::derive_scram_keys(password, "saltsaltsaltsalt", 4096));
        if (const auto* challenge = std::get_if<sasl::Challenge>(&step)) {
            const bool last = challenge->text.starts_with("v=");
            if (last && !proves) return "235 2.7.0 trust me\r\n";
            return "334 " + to_base64(challenge->text) + "\r\n";
        }
        exchange_ = std::nullopt;
        return std::holds_alternative<sasl::Done>(step) ? "235 2.7.0 welcome\r\n" : "535 5.7.8 no\r\n";
    }
    std::optional<sasl::Server> exchange_;
};

}  // namespace

TEST_CASE("smart host: the best mechanism that it offers is used, to its end, RFC 4954 §4") {
    struct Case {
        std::string offered;
        std::string first;  // what the client says
        std::size_t lines;  // of AUTH and what follows it
    };
    const Case cases[] = {{"AUTH PLAIN LOGIN SCRAM-SHA-256", "AUTH SCRAM-SHA-256 ", 3},
                          {"AUTH LOGIN", "AUTH LOGIN", 3},
                          {"AUTH LOGIN PLAIN", "AUTH PLAIN AGFubgBwYSBzcw==", 1}};
    for (const auto& [offered, first, lines] : cases) {
        CAPTURE(offered);
        Relay site;
        ScriptedLogin login;
        site.relay.extensions = {"STARTTLS", offered};
        site.relay.answer = [&](const std::string& line) { return login.answer(line); };
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until_empty(1min));
        REQUIRE(site.relay.taken.size() == 1);
        CHECK(site.relay.taken[0].tls);
        const auto said = std::ranges::find_if(
            site.relay.lines, [](const std::string& line) { return line.starts_with("AUTH"); });
        REQUIRE(said != site.relay.lines.end());
        CHECK(said->starts_with(first));
        const auto mail = std::ranges::find_if(
            site.relay.lines, [](const std::string& line) { return line.starts_with("MAIL"); });
        CHECK(static_cast<std::size_t>(mail - said) == lines);
        CHECK_FALSE(site.logged("pa ss"));
        CHECK_FALSE(site.logged("cGEgc3M="));
    }
}

TEST_CASE("smart host: a wrong password, and a SCRAM server that proves nothing, leave the mail waiting") {
    Relay site;
    ScriptedLogin login;
    std::string reason = "535";
    SUBCASE("SCRAM, wrong") {
        site.relay.extensions = {"STARTTLS", "AUTH SCRAM-SHA-256"};
        login.password = "another";
    }
    SUBCASE("LOGIN, wrong") {
        site.relay.extensions = {"STARTTLS", "AUTH LOGIN"};
        login.password = "another";
    }
    SUBCASE("no proof: RFC 5802 §5") {
        site.relay.extensions = {"STARTTLS", "AUTH SCRAM-SHA-256"};
        login.proves = false;
        reason = "did not prove itself";
    }
    site.relay.answer = [&](const std::string& line) { return login.answer(line); };
    site.start();
    const QueueId id = site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("status=deferred"); }));
    CHECK(site.log_line("status=deferred").contains(reason));
    CHECK(site.relay.count("MAIL") == 0);
    CHECK(site.show(id).recipients[0].state == queue::State::pending);
}

TEST_CASE("smart host: everything goes there, over TLS, logged in, on one connection") {
    Relay site;
    site.options.per_destination_max = 1;
    site.start();
    site.submit({"bob@b.example"});
    site.submit({"cat@c.example"});
    REQUIRE(site.until_empty(1min));
    REQUIRE(site.relay.taken.size() == 2);
    CHECK(site.relay.taken[0].tls);
    CHECK(site.relay.connections == 1);
    CHECK(site.relay.count("AUTH PLAIN AGFubgBwYSBzcw==") == 1);  // \0ann\0pa ss
    CHECK_FALSE(site.logged("pa ss"));
}

TEST_CASE("smart host: TLS from the start") {
    Relay site;
    site.relay.tls_from_start = true;
    ASSERT(site.options.smart_host.has_value());
    site.options.smart_host->tls_from_start = true;
    site.start();
    site.submit({"bob@b.example"});
    REQUIRE(site.until_empty(1min));
    REQUIRE(site.relay.taken.size() == 1);
    CHECK(site.relay.taken[0].tls);
}

TEST_CASE("smart host: a connection made under other options is not used again") {
    Relay site;
    site.relay.extensions = {"PIPELINING"};
    site.options.cached_for = 1h;
    ASSERT(site.options.smart_host.has_value());
    site.options.smart_host->user = "";
    TransportOptions strict = site.options;
    site.options.smart_host->require_tls = false;
    SUBCASE("that is idle") {
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until_empty(1min));
        REQUIRE(site.relay.open == 1);
        site.transport->change(strict);
    }
    SUBCASE("on which a message is on its way") {
        site.relay.answer = [&](const std::string& line) -> std::optional<std::string> {
            if (line == "." && site.relay.taken.empty()) site.transport->change(strict);
            return std::nullopt;
        };
        site.start();
        site.submit({"bob@b.example"});
        REQUIRE(site.until_empty(1min));
    }
    REQUIRE(site.until([&] { return site.relay.open == 0; }, 1min));
    CHECK(site.relay.count("QUIT") == 1);
    site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("status=deferred"); }, 1min));
    CHECK(site.log_line("status=deferred").contains("offers no STARTTLS"));
    CHECK(site.relay.taken.size() == 1);
    CHECK(site.relay.count("MAIL") == 1);
}

TEST_CASE(
    "smart host: without TLS, without AUTH or with a wrong password the mail waits, it is not bounced") {
    Relay site;
    std::string reason;
    SUBCASE("no STARTTLS") {
        site.relay.extensions = {"AUTH PLAIN"};
        reason = "offers no STARTTLS";
    }
    SUBCASE("broken handshake: never in the clear") {
        site.relay.breaks_tls = true;
        reason = "TLS handshake";
    }
    SUBCASE("no AUTH") {
        site.relay.extensions = {"STARTTLS"};
        reason = "offers no AUTH";
    }
    SUBCASE("wrong password") {
        site.relay.answer = [](const std::string& line) -> std::optional<std::string> {
            return line.starts_with("AUTH") ? std::optional<std::string>("535 5.7.8 no\r\n") : std::nullopt;
        };
        reason = "535";
    }
    site.start();
    const QueueId id = site.submit({"bob@b.example"});
    REQUIRE(site.until([&] { return site.logged("status=deferred"); }));
    CHECK(site.log_line("status=deferred").contains(reason));
    CHECK(site.relay.taken.empty());
    CHECK(site.relay.count("MAIL") == 0);
    CHECK(site.relay.connections == 1);
    CHECK(site.show(id).recipients[0].state == queue::State::pending);
}

}  // namespace heliopost::transport
