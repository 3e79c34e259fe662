// SMTP commands, made from their grammar: each gets one reply of three digits, and a message as many as it
// may; said at once or cut anywhere they get the same replies as one after the other.
//
// An input is a first octet, which chooses the role and how the octets are cut, and lines. "BDAT {text}" is a
// chunk with its size, unless it stands in a message; what follows DATA goes up to a line with a dot.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/fuzz_lines.h"
#include "server/smtp/test_service.h"

namespace {

using namespace heliopost;
using namespace heliopost::smtp_server;

constexpr std::string_view commands[] = {
    "EHLO b.example",
    "HELO b.example",
    "LHLO b.example",
    "EHLO `",
    "MAIL FROM:<`>",
    "MAIL FROM:<`> ` `",
    "RCPT TO:<`>",
    "RCPT TO:<`> `",
    "DATA",
    "`",
    ".",
    "..",
    "BDAT {Subject: x}",
    "BDAT LAST {`}",
    "BDAT LAST {}",
    "RSET",
    "NOOP `",
    "VRFY `",
    "EXPN `",
    "HELP",
    "QUIT",
    "AUTH PLAIN AGFubkBhLmV4YW1wbGUAY29ycmVjdCBob3JzZQ==",
    "AUTH LOGIN",
    "AUTH SCRAM-SHA-256 biwsbj1hLHI9eA==",
    "*",
    "STARTTLS",
    "Subject: `",
    "Received: by x; Mon, 23 Nov 2026 08:15:30 +0000",
    "Bcc: <`>",
    "From: <`>",
    "",
};

constexpr std::string_view words[] = {
    "ann@a.example",
    "bob@a.example",
    "nobody@a.example",
    "x@b.example",
    "postmaster",
    "abuse@mx.a.example",
    "postmaster@[192.0.2.1]",
    "full@a.example",
    "ann+tag@a.example",
    "\"a b\"@a.example",
    "@x:ann@a.example",
    "j\u00FCrg@a.example",
    "",
    "a@[192.0.2.1]",
    "SIZE=100",
    "SIZE=99999999999",
    "BODY=8BITMIME",
    "BODY=BINARYMIME",
    "SMTPUTF8",
    "RET=HDRS",
    "ENVID=x",
    "AUTH=<>",
    "NOTIFY=NEVER",
    "NOTIFY=SUCCESS,DELAY",
    "ORCPT=rfc822;x@y",
    "X=1",
    "x@bank.example",
    "x@shop.example",
    "x@slow.example",
    "b.example",
    "[192.0.2.1]",
    "hello",
    "MAIL",
    "=",
    "LAST",
};

std::string a_line(fuzz::Random& random) {
    return fuzz::fill(random, std::string(fuzz::one_of(random, commands)), words);
}

void must(bool holds) {
    if (!holds) std::abort();
}

// "250 250 354 ": the codes of whole replies; each has one code, and its lines have a hyphen but the last.
std::string codes_of(std::string_view heard) {
    std::string codes;
    std::string_view code;
    while (!heard.empty()) {
        const std::size_t end = heard.find("\r\n");
        must(end != std::string_view::npos && end <= 998);
        const std::string_view line = heard.substr(0, end);
        heard.remove_prefix(end + 2);
        must(line.size() >= 4 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]));
        must(line[3] == ' ' || line[3] == '-');
        must(code.empty() || code == line.substr(0, 3));
        code = line[3] == '-' ? line.substr(0, 3) : std::string_view();
        if (line[3] == ' ') codes += std::string(line.substr(0, 3)) + ' ';
    }
    must(code.empty());
    return codes;
}

bool is_chunk(std::string_view line) {
    return line.starts_with("BDAT") && line.contains('{') && line.ends_with('}');
}

std::string octets_of(std::string_view line) {
    if (!is_chunk(line)) return std::string(line) + "\r\n";
    const std::size_t open = line.find('{');
    const std::string_view text = line.substr(open + 1, line.size() - open - 2);
    return "BDAT " + std::to_string(text.size()) + (line.contains("LAST {") ? " LAST" : "") + "\r\n" +
           std::string(text);
}

constexpr std::size_t input_octets_bound = 3'000;
constexpr std::size_t lines_bound = 60;
// Less than twice that: an endless message is refused in its middle, wherever what has come so far ends.
constexpr std::size_t message_octets_max = 1'600;
constexpr std::size_t reply_octets_bound = 4'096;
constexpr std::chrono::seconds answer_wait{30};  // behind errors a server takes its time

// One role's server, kept over runs: making the directory costs far more than a session.
struct Target {
    explicit Target(Role role) : server(role, [](LogLevel, std::string_view) {}) {
        server.add_account("ann@a.example");
        server.add_account("bob@a.example");
        server.add_account("full@a.example", 1);
        must(server.receive({"full@a.example"}, "Subject: 1\r\n\r\n").has_value());
        server.service.message_octets_max = message_octets_max;
        server.service.recipients_max = 6;
        server.service.arriving = &arriving;
        if (role == Role::mx) judge();
    }
    ~Target() {
        tasks.stop();
        server.network.finish_turns();
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    void judge() {
        auto checks = std::make_shared<message_check::Settings>();
        checks->server = "mx.a.example";
        judging = {.checks = std::move(checks), .tasks = &tasks, .names = {"mx.a.example"}};
        server.service.judging = &judging;
        auto& zone = server.network.zone();
        zone.add_txt("_dmarc.bank.example", "v=DMARC1; p=reject");
        zone.add_txt("_dmarc.shop.example", "v=DMARC1; p=quarantine");
        zone.add_txt("_dmarc.slow.example", "v=DMARC1; p=reject");
        zone.add_txt("slow.example", "v=spf1 include:down.example -all");
        zone.set_failing("down.example");
    }

    // Line after line, each with its own answer; the codes of all. The octets go to sent.
    std::string one_by_one(const std::vector<std::string_view>& lines, std::string* sent) {
        TestClient client(server);
        std::string codes = codes_of(client.hear(answer_wait));
        must(arriving.octets() == 0);  // those before it have ended
        bool in_message = false;
        for (const std::string_view line : lines) {
            if (client.ended()) break;
            const std::string octets = in_message ? std::string(line) + "\r\n" : octets_of(line);
            *sent += octets;
            const std::string heard = client.say(octets, answer_wait);
            must(heard.size() <= reply_octets_bound);
            const std::string got = codes_of(heard);
            const bool hung_up = client.ended() && (got.empty() || got.ends_with("421 "));
            if (in_message && line != ".") {
                must(got.empty() || hung_up);
            } else if (server.service.role != Role::lmtp) {
                must(got.size() == 4 || hung_up);
            } else {
                must(got.size() >= 4 || hung_up);  // one for each recipient
            }
            if (!in_message && got == "220 ") {  // of STARTTLS
                secured = true;
                must(client.start_tls());
            }
            in_message = in_message ? line != "." : got == "354 ";
            codes += got;
        }
        return codes;
    }

    std::string at_once(const std::string& octets, std::size_t lines, std::size_t step) {
        TestClient client(server);
        std::string heard = client.hear(answer_wait);
        for (std::size_t at = 0; at < octets.size() && !client.ended(); at += step) {
            client.send(octets.substr(at, step));
            if (step < octets.size()) heard += client.hear();
        }
        heard += client.hear(answer_wait * static_cast<int>(lines + 1));
        return codes_of(heard);
    }

    Arriving arriving{18 * share_step};  // an address has two steps: a hundred parts are too many
    TestServer server;
    net::TaskGroup tasks{*server.world, "checks"};
    Judging judging;
    bool secured = false;
};

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(std::uint8_t* data, size_t size, size_t size_max, unsigned seed) {
    return fuzz::mutate_lines(data, size, size_max, seed, a_line);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2 || size > input_octets_bound) return 0;
    static std::unique_ptr<Target> targets[3];
    static int runs = 0;
    const auto role = static_cast<Role>(data[0] % 3);
    auto& target = targets[data[0] % 3];
    if (!target || ++runs % 500 == 0) {
        target.reset();
        target = std::make_unique<Target>(role);
    }
    auto lines = split({reinterpret_cast<const char*>(data) + 1, size - 1}, '\n');
    for (const std::string_view line : lines)
        if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos)
            return 0;  // session_fuzz
    for (const std::string_view line : lines)
        if (!is_chunk(line) && to_lower(line).contains("bdat"))
            return 0;  // its octets would be the next lines
    if (lines.size() > lines_bound) lines.resize(lines_bound);
    target->secured = false;
    std::string octets;
    const std::string codes = target->one_by_one(lines, &octets);
    if (target->secured) return 0;  // what stands behind STARTTLS in one piece is an injection
    std::string same = target->at_once(octets, lines.size(), data[0] < 128 ? size * 2 : data[0] % 16 + 1U);
    // It was listened to for longer: until it was late.
    if (same.ends_with("421 ") && same.size() == codes.size() + 4) same.resize(codes.size());
    must(same == codes);
    return 0;
}
