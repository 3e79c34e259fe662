// A server that judges mail from outside by SPF, DKIM and DMARC, with one zone for all tests.
#pragma once

#include <memory>
#include <string>

#include "server/smtp/test_dialogue.h"

namespace heliopost::smtp_server {

struct Judge : TestServer {
    Judge() {
        auto checks = std::make_shared<message_check::Settings>();
        checks->server = "mx.a.example";
        judging.names = {"mx.a.example", "mail.a.example"};
        checks->iprev = false;
        judging.checks = std::move(checks);
        judging.tasks = &tasks;
        service.judging = &judging;
        auto& zone = network.zone();
        zone.add_txt("bank.example", "v=spf1 ip4:192.0.2.2 -all");
        zone.add_txt("_dmarc.bank.example", "v=DMARC1; p=reject");
        zone.add_txt("shop.example", "v=spf1 -all");
        zone.add_txt("_dmarc.shop.example", "v=DMARC1; p=quarantine");
        zone.add_txt("slow.example", "v=spf1 include:down.example -all");
        zone.add_txt("_dmarc.slow.example", "v=DMARC1; p=reject");
        zone.set_failing("down.example");
        zone.set_failing("_dmarc.dark.example");
    }
    ~Judge() {
        tasks.stop();
        network.finish_turns();
    }

    // The answer to the final dot.
    std::string send(const std::string& path, const std::string& author, const std::string& more = "") {
        TestClient client(*this);
        client.hear();
        client.say("EHLO client.example\r\n");
        client.say("MAIL FROM:<" + path + ">\r\n");
        client.say("RCPT TO:<ann@a.example>\r\n");
        client.say("DATA\r\n");
        return client.say(more + "From: " + author + "\r\nSubject: s\r\n\r\nhi\r\n.\r\n");
    }

    AccountId ann = add_account("ann@a.example");
    net::TaskGroup tasks{*world, "checks"};
    Judging judging;
};

}  // namespace heliopost::smtp_server
