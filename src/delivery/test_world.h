// TestDelivery: one host with a store, a directory, mailboxes and a queue, for the tests of this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "delivery/receive.h"
#include "directory/directory.h"
#include "mailbox/account.h"
#include "net/memory_world.h"
#include "store/memory_store.h"

namespace heliopost::delivery {

template <class T>
net::Task<void> keep_result(std::optional<T>* result, net::Task<T> task) {
    T value = co_await std::move(task);
    result->emplace(std::move(value));
}

struct TestDelivery {
    net::MemoryNetwork network{1};
    net::MemoryWorld* world;
    std::shared_ptr<store::MemoryDisk> disk = std::make_shared<store::MemoryDisk>();
    std::unique_ptr<store::MemoryStore> store;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<mailbox::Accounts> accounts;
    std::unique_ptr<queue::Queue> queue;
    std::unique_ptr<Delivering> delivering;

    explicit TestDelivery(Log::Sink sink = nullptr)
        : world(&network.add_host("mx.a.example", {"192.0.2.1"}, std::move(sink))) {
        store = std::make_unique<store::MemoryStore>(*world, disk, store::MemoryStore::Options{});
        directory = directory::make_directory(*store, *world);
        accounts = mailbox::make_accounts(*store, {world}, {});
        queue = queue::make_queue(*store, world->log(), {});
        delivering = std::make_unique<Delivering>(*world, *store, *queue, "mx.a.example");
        require(run(directory->load()).has_value());
        require(run(queue->load()).has_value());
        require(run(directory->add_domain("a.example")).has_value());
    }
    ~TestDelivery() { require(network.run(*world, accounts->stop())); }
    TestDelivery(const TestDelivery&) = delete;
    TestDelivery& operator=(const TestDelivery&) = delete;

    static void require(bool held) { ASSERT(held); }

    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> result;
        require(network.run(*world, keep_result(&result, std::move(task))));
        ASSERT(result.has_value());
        return std::move(*result);
    }

    AccountId add_account(std::string address, std::uint64_t quota_octets = 0) {
        const auto made = run(directory->add_account(
            {std::move(address), "", "password", quota_octets, false}, &mailbox::Accounts::create));
        require(made.has_value());
        return made->id;
    }
    void add_alias(std::string address, std::vector<std::string> targets) {
        require(run(directory->put_alias({std::move(address), std::move(targets), false})).has_value());
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
        require(network.run(*world, incoming.append(octets)));
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

    std::vector<std::string> inbox(AccountId id) {
        const auto account = accounts->open(id);
        const auto view = run(account->view(mailbox::inbox));
        require(view.has_value());
        std::vector<std::string> out;
        for (std::size_t i = 0; i < (*view)->size(); ++i) {
            const auto emails = run(account->emails({(*view)->at(i).email}));
            require(emails.has_value() && emails->size() == 1 && emails->front() != nullptr);
            const auto text = run(account->read(emails->front(), 0, store::chunk_octets));
            require(text.has_value());
            out.push_back(*text);
        }
        return out;
    }
    std::vector<queue::Shown> queued() {
        auto all = run(queue->list({}));
        require(all.has_value());
        return std::move(*all);
    }
};

}  // namespace heliopost::delivery
