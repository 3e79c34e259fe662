// TestDelivery: a host with accounts, mailboxes and a queue, for the tests of this folder and above. Test
// only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "delivery/receive.h"
#include "mailbox/test_mail_host.h"

namespace heliopost::delivery {

struct TestDelivery : mailbox::TestMailHost {
    std::unique_ptr<queue::Queue> queue;
    std::unique_ptr<Delivering> delivering;

    explicit TestDelivery(Log::Sink sink = nullptr, queue::QueueOptions options = {})
        : TestMailHost("mx.a.example", std::move(sink)),
          queue(queue::make_queue(*store, world->log(), std::move(options))),
          delivering(std::make_unique<Delivering>(*world, *store, *queue, "mx.a.example")) {
        require(run(queue->load()).has_value());
    }

    std::shared_ptr<Envelope> envelope(const std::vector<std::string>& recipients) {
        auto out = std::make_shared<Envelope>();
        out->id = queue->next_id(*world);
        out->arrived = world->now();
        out->client.address = boost::asio::ip::make_address("192.0.2.2");
        out->client.helo = "client.b.example";
        out->reverse_path = {"x", "b.example"};
        for (const std::string& one : recipients) {
            const smtp::Address address = smtp::parse_address(one).value();
            const auto resolved = run(directory->resolve(address.local_part, address.domain));
            require(resolved.has_value());
            Recipient& recipient = out->recipients.emplace_back();
            recipient.address = address;
            recipient.resolution = *resolved;
        }
        return out;
    }
    std::shared_ptr<const Message> message(const std::string& octets) {
        Incoming incoming(*store, octets.size());
        run_task(incoming.append(octets));
        auto message = run(incoming.finish());
        require(message.has_value());
        return std::make_shared<const Message>(*std::move(message));
    }
    Result<void> receive(const std::vector<std::string>& recipients, const std::string& octets) {
        return run(delivery::receive(delivering.get(), envelope(recipients), message(octets)));
    }
    std::vector<Result<void>> receive_each(const std::vector<std::string>& recipients,
                                           const std::string& octets) {
        return run(delivery::receive_each(delivering.get(), envelope(recipients), message(octets)));
    }

    std::vector<queue::Shown> queued() {
        auto all = run(queue->list({}));
        require(all.has_value());
        return std::move(*all);
    }
};

}  // namespace heliopost::delivery
