// An account on a store in memory, and a loop to run it on. For tests only.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "base/assert.h"
#include "mailbox/account.h"
#include "mailbox/check.h"
#include "net/memory_world.h"
#include "proto/mime/scanner.h"
#include "store/memory_store.h"

namespace heliopost::mailbox {

inline std::string message_text(const std::string& id, std::size_t body = 20) {
    return "From: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: " + id + "\r\nMessage-ID: <" + id +
           "@a.example>\r\n\r\n" + std::string(body, 'x') + "\r\n";
}

class TestAccount {
public:
    explicit TestAccount(AccountsOptions options = {}) : options_(options) {
        store = std::make_unique<store::MemoryStore>(
            world, disk, store::MemoryStore::Options{.sync_delay = std::chrono::milliseconds(1)});
        store::Batch batch(partition);
        Accounts::create(batch, world.now());
        REQUIRE(run(store->commit(std::move(batch))).has_value());
        open();
    }
    ~TestAccount() { close(); }

    // As after a restart: nothing is in memory.
    void reopen() {
        close();
        open();
    }

    // The process ends in the middle of what it does; another opens the same disk.
    void crash() {
        store->crash();
        network.run_for(std::chrono::seconds(1));
        close();
        store = std::make_unique<store::MemoryStore>(
            world, disk, store::MemoryStore::Options{.sync_delay = std::chrono::milliseconds(1)});
        open();
    }

    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> out;
        REQUIRE(network.run(world, take(std::move(task), &out)));
        ASSERT(out.has_value());
        return std::move(*out);
    }
    template <class T>
    T get(net::Task<Result<T>> task) {
        Result<T> result = run(std::move(task));
        if (!result) FAIL(result.error().text);
        return std::move(*result);
    }
    void ok(net::Task<Result<void>> task) {
        const Result<void> result = run(std::move(task));
        if (!result) FAIL(result.error().text);
    }
    template <class T>
    Fault fault(net::Task<Result<T>> task) {
        const Result<T> result = run(std::move(task));
        REQUIRE_FALSE(result.has_value());
        return result.error().fault;
    }

    struct Staged {
        NewEmail email;
        store::StagedBlob blob;
    };
    Staged stage(const std::string& text, const std::string& prefix = "Return-Path: <>\r\n") {
        const auto writer = store->blobs().writer(std::size_t{64} << 20);
        ok(writer->append(text));
        Staged staged{{}, get(writer->finish())};
        mime::Scanner scanner;
        scanner.feed(text);
        staged.email = {.blob = staged.blob.ref,
                        .prefix = prefix,
                        .received = world.now(),
                        .structure = std::make_shared<const mime::Structure>(scanner.finish()),
                        .preview = "a preview",
                        .verdicts = {}};
        return staged;
    }

    // As a delivery does.
    Uid deliver(MailboxId mailbox, const std::string& text, imap::Flags flags = {}) {
        Staged staged = stage(text);
        store::Batch batch(partition);
        const Filed filed = file(batch, mailbox, staged.email, flags, world.now(), Quota{});
        std::vector<store::Batch> batches;
        batches.push_back(std::move(batch));
        const auto committed = get(store->commit(std::move(batches), {staged.blob}));
        return Uid(static_cast<std::uint32_t>(committed.parts[0].of(filed.uid)));
    }
    Result<Appended> append(MailboxId mailbox, const std::string& text, imap::Flags flags = {},
                            Quota quota = {}) {
        Staged staged = stage(text);
        return run(account->append(mailbox, {staged.email}, {staged.blob}, std::move(flags), quota));
    }
    std::shared_ptr<const View> view(MailboxId mailbox = inbox) { return get(account->view(mailbox)); }
    MailboxId make(const std::string& name) { return get(account->create(name, Role::none)).id; }
    std::vector<std::string> problems() {
        std::vector<std::string> lines;
        for (const store::Problem& problem : get(check(store.get(), id))) lines.push_back(problem.line());
        return lines;
    }

    static constexpr AccountId id{7};
    static constexpr store::PartitionId partition = store::account_partition(id);
    net::MemoryNetwork network{1};
    net::MemoryWorld& world = network.add_host("a.example", {"192.0.2.1"});
    std::shared_ptr<store::MemoryDisk> disk = std::make_shared<store::MemoryDisk>();
    std::unique_ptr<store::MemoryStore> store;
    std::unique_ptr<Accounts> accounts;
    std::shared_ptr<Account> account;

private:
    template <class T>
    static net::Task<void> take(net::Task<T> task, std::optional<T>* out) {
        out->emplace(co_await std::move(task));
    }
    void open() {
        accounts = make_accounts(*store, {&world}, options_);
        account = accounts->open(id);
    }
    void close() {
        account.reset();
        if (accounts) network.run(world, accounts->stop());
        accounts.reset();
    }
    AccountsOptions options_;
};

inline imap::Flags flags_of(std::initializer_list<imap::SystemFlag> system,
                            std::vector<std::string> keywords = {}) {
    imap::Flags flags;
    for (const imap::SystemFlag flag : system) flags.add(flag);
    for (const std::string& keyword : keywords) flags.add(keyword);
    return flags;
}

inline FlagChange adding(imap::Flags flags) {
    return {imap::command::Store::Mode::add, std::move(flags), std::nullopt};
}

inline const imap::UidSet everything({{1, UINT32_MAX}});

}  // namespace heliopost::mailbox
