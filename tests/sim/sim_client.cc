#include "sim/sim_client.h"

#include <utility>

#include "base/base64.h"
#include "main/dialog.h"
#include "sim/sim_server.h"

namespace heliopost::sim {
namespace {

net::Task<void> talk(net::MemoryWorld* world, net::Endpoint to, std::string from, std::string recipient,
                     int id) {
    auto smtp = co_await Dialog::dial(world, std::move(to), false);
    co_await smtp->read_reply("220");
    co_await smtp->expect_reply("EHLO client.example", "250");
    co_await smtp->expect_reply("STARTTLS", "220");
    co_await smtp->start_tls();
    co_await smtp->expect_reply("EHLO client.example", "250");
    const std::string login =
        std::string(1, '\0') + from + std::string(1, '\0') + std::string(SimServer::password);
    co_await smtp->expect_reply("AUTH PLAIN " + to_base64(login), "235");
    co_await smtp->expect_reply("MAIL FROM:<" + from + ">", "250");
    co_await smtp->expect_reply("RCPT TO:<" + recipient + ">", "250");
    co_await smtp->expect_reply("DATA", "354");
    const std::string text = "From: <" + from + ">\r\nTo: <" + recipient +
                             ">\r\nSubject: message\r\nX-Id: " + std::to_string(id) + ".\r\n\r\n" +
                             std::string(static_cast<std::size_t>(id % 7) * 400, 'x') + "\r\n.";
    co_await smtp->expect_reply(text, "250");
}

}  // namespace

net::Task<void> submit(net::MemoryWorld* world, std::string address, std::string from_domain,
                       std::string to_domain, int id, Ledger* ledger) {
    (*ledger)[id] = {to_domain, false};
    const net::Endpoint to{boost::asio::ip::make_address(address), 587, {}};
    try {
        co_await talk(world, to, "user@" + from_domain, "user@" + to_domain, id);
        (*ledger)[id].acknowledged = true;
    } catch (const net::Gone&) {
        co_return;  // ambiguous
    } catch (const net::TimedOut&) {
        co_return;
    }
}

}  // namespace heliopost::sim
