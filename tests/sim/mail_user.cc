#include "sim/mail_user.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "sim/connection.h"
#include "sim/sim_server.h"

namespace heliopost::sim {
namespace {

std::string stuffed(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        if (text[at] == '.') out += '.';
        out += text.substr(at, end - at);
        at = end;
    }
    return out + ".\r\n";
}

class Handing {
public:
    Handing(Stage* stage, Ledger* ledger, Errand errand)
        : stage_(*stage),
          errand_(std::move(errand)),
          connection_(stage_.users, patience),
          id_(stage_.letters.write(errand_.from, errand_.recipients.front())),
          sent_((*ledger)[id_]) {
        sent_ = {errand_.from, {}, errand_.server, errand_.way == Way::lmtp};
        for (const std::string& address : errand_.recipients) sent_.recipients.push_back({address});
    }

    net::Task<void> run() {
        const std::uint16_t port = errand_.way == Way::submission ? submission_port
                                   : errand_.way == Way::lmtp     ? lmtp_port
                                                                  : mx_port;
        co_await connection_.open(endpoint(errand_.server_address, port), false);
        co_await expect(220);
        co_await say(errand_.way == Way::lmtp ? "LHLO client.example" : "EHLO client.example", 250);
        if (errand_.way == Way::submission) co_await log_in();
        if (errand_.chunks) co_await send_too_much();
        const bool any = co_await envelope();
        if (!any) co_return;
        if (errand_.chunks)
            co_await send_chunks();
        else
            co_await send_text();
        co_await answers();
        co_await connection_.write("QUIT\r\n");
    }

private:
    net::Task<void> expect(int code) {
        std::string last;
        const int got = co_await connection_.reply(&last);
        if (got != code) throw net::Gone("unexpected reply: " + last);
    }
    net::Task<void> say(std::string line, int code) {
        co_await connection_.write(std::move(line) + "\r\n");
        co_await expect(code);
    }

    net::Task<void> log_in() {
        co_await say("STARTTLS", 220);
        co_await connection_.start_tls();
        co_await say("EHLO client.example", 250);
        const std::string plain =
            std::string(1, '\0') + errand_.from + std::string(1, '\0') + std::string(password);
        co_await say("AUTH PLAIN " + to_base64(plain), 235);
    }

    // False: nobody was accepted.
    net::Task<bool> envelope() {
        co_await say("MAIL FROM:<" + errand_.from + ">", 250);
        for (Sent::Recipient& recipient : sent_.recipients) {
            co_await connection_.write("RCPT TO:<" + recipient.address + ">\r\n");
            const int code = co_await connection_.reply();
            recipient.refused = code != 250;
            if (code == 250) accepted_.push_back(&recipient);
        }
        co_return !accepted_.empty();
    }

    // A message past the server's limit, to the first recipient alone: of it nothing may be left behind.
    net::Task<void> send_too_much() {
        co_await say("MAIL FROM:<" + errand_.from + ">", 250);
        co_await connection_.write("RCPT TO:<" + errand_.recipients.front() + ">\r\n");
        const int code = co_await connection_.reply();
        if (code != 250) {
            co_await say("RSET", 250);
            co_return;
        }
        const std::string octets(SimServer::message_octets_max + 1, 'x');
        co_await connection_.write("BDAT " + std::to_string(octets.size()) + " LAST\r\n" + octets);
        co_await expect(552);
    }

    net::Task<void> send_text() {
        co_await say("DATA", 354);
        co_await connection_.write(stuffed(stage_.letters.text(id_)));
    }

    net::Task<void> send_chunks() {
        std::string rest = stage_.letters.text(id_);
        Random random(errand_.random);
        while (rest.size() > 1 && !random.one_in(3)) {
            const std::string part = rest.substr(0, 1 + random.below(rest.size() - 1));
            rest.erase(0, part.size());
            co_await connection_.write("BDAT " + std::to_string(part.size()) + "\r\n" + part);
            co_await expect(250);
        }
        co_await connection_.write("BDAT " + std::to_string(rest.size()) + " LAST\r\n" + rest);
    }

    net::Task<void> answers() {
        const bool each = errand_.way == Way::lmtp;
        for (std::size_t i = 0; i < (each ? accepted_.size() : 1); ++i) {
            std::string last;
            const int code = co_await connection_.reply(&last);
            if (code == 552 && last.contains("5.3.4"))
                stage_.findings.add("message " + std::to_string(id_) +
                                    " is below the limit and was refused: " + last);
            for (std::size_t n = 0; n < accepted_.size(); ++n) {
                if (each && n != i) continue;
                accepted_[n]->acknowledged = code == 250;
                accepted_[n]->refused = code >= 400;
            }
        }
    }

    Stage& stage_;
    const Errand errand_;
    Connection connection_;
    const int id_;
    Sent& sent_;
    std::vector<Sent::Recipient*> accepted_;
};

}  // namespace

net::Task<void> hand_over(Stage* stage, Ledger* ledger, Errand errand) {
    Handing handing(stage, ledger, std::move(errand));
    try {
        co_await handing.run();
    } catch (const net::Gone&) {  // ambiguous, unless it was answered before
    } catch (const net::TimedOut&) {
    }
}

}  // namespace heliopost::sim
