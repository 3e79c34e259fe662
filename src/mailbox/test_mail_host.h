// TestMailHost: a host with accounts of a.example, their logins and their mailboxes, for the tests and fuzz
// targets of the layers above. Test only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "directory/directory.h"
#include "directory/login.h"
#include "mailbox/account.h"
#include "store/test_host.h"

namespace heliopost::mailbox {

struct TestMailHost : store::TestHost {
    static constexpr const char* password = "correct horse";  // of every account

    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<directory::Login> login;
    std::unique_ptr<Accounts> accounts;
    int logins = 0;  // passwords that were verified

    explicit TestMailHost(std::string name, Log::Sink sink = nullptr)
        : TestHost(std::move(name), {"192.0.2.1", "2001:db8::1"}, std::move(sink)),
          directory(directory::make_directory(*store, *world)),
          accounts(make_accounts(*store, {world}, {})) {
        directory::LoginOptions options;
        options.verify = [this](std::string_view given, std::string_view hash) {
            ++logins;
            return hash != directory::dummy_hash() && given == password;
        };
        login = directory::make_login(*directory, *world, options);
        require(run(directory->load()).has_value());
        require(run(directory->add_domain("a.example")).has_value());
    }
    ~TestMailHost() { run_task(accounts->stop()); }
    TestMailHost(const TestMailHost&) = delete;
    TestMailHost& operator=(const TestMailHost&) = delete;

    // SCRAM keys cost 100,000 iterations: only where a test logs in with them.
    AccountId add_account(std::string address, std::uint64_t quota_octets = 0, bool scram = false) {
        const auto made = run(directory->add_account({std::move(address), "", password, quota_octets, scram},
                                                     &Accounts::create));
        require(made.has_value());
        return made->id;
    }
    void add_alias(std::string address, std::vector<std::string> targets) {
        require(run(directory->put_alias({std::move(address), std::move(targets), false})).has_value());
    }

    std::shared_ptr<const View> view_of(AccountId id, MailboxId mailbox = inbox) {
        auto view = run(accounts->open(id)->view(mailbox));
        require(view.has_value());
        return *std::move(view);
    }
    std::shared_ptr<const Email> email(AccountId id, std::size_t index, MailboxId mailbox = inbox) {
        const auto emails = run(accounts->open(id)->emails({view_of(id, mailbox)->at(index).email}));
        require(emails.has_value() && emails->size() == 1 && emails->front() != nullptr);
        return emails->front();
    }
    // What stands in the account's INBOX, or another mailbox: prefix and blob of each message.
    std::vector<std::string> messages(AccountId id, MailboxId mailbox = inbox) {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < view_of(id, mailbox)->size(); ++i) {
            const auto one = email(id, i, mailbox);
            std::string text;
            while (text.size() < one->octets()) {
                const auto piece = run(accounts->open(id)->read(one, text.size(), store::chunk_octets));
                require(piece.has_value() && !piece->empty());
                text += *piece;
            }
            out.push_back(std::move(text));
        }
        return out;
    }
};

}  // namespace heliopost::mailbox
