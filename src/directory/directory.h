// Directory: domains, accounts, aliases and groups, and what an address resolves to.
//
// Addresses are compared without case; domains are A-labels in lower case. Every domain has postmaster
// and abuse (RFC 5321 §4.5.1, RFC 2142): where no alias names them they go to the domain's first account.
// Safe to call on any loop, but for what hashes a password (add_account, set_password), which runs on
// the World that the Directory was made with. Kept in the store's directory partition and held whole in
// memory, about 700 octets an account, as an immutable snapshot that every change replaces: a RCPT
// reads nothing from disk and sees one moment. Changes are one commit on condition that nothing changed
// since the snapshot they were made from. Formats: docs/format-directory.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "net/task.h"
#include "net/world.h"
#include "store/store.h"

namespace heliopost::directory {

inline constexpr std::size_t alias_targets_max = 1000;            // of one alias or group
inline constexpr std::size_t alias_depth_max = 10;                // alias to alias
inline constexpr std::size_t recipients_expanded_max = 10'000;    // of one address
inline constexpr std::size_t addresses_expected_max = 1'000'000;  // past it a warning is logged at load
inline constexpr std::size_t display_name_octets_max = 255;
inline constexpr std::size_t changes_waiting_max = 1'000;  // of this process; past it temporary
inline constexpr int change_attempts_max = 100;            // of one change, against other processes
inline constexpr std::size_t changes_kept_max = 1'000;     // rows by which another process catches up

struct Domain {
    DomainId id;
    std::string name;
    std::string catch_all;  // an address; empty: unknown users are refused
};

struct Account {
    AccountId id;
    std::string address;  // the login name, "you@example.org"
    std::string display_name;
    std::uint64_t quota_octets = 0;  // 0: no limit
    bool disabled = false;
    std::string password_hash;  // argon2id
    // SCRAM-SHA-256 keys; empty where the account has none.
    std::string scram_salt, scram_stored_key, scram_server_key;
    unsigned scram_iterations = 0;
};

struct Alias {
    std::string address;
    std::vector<std::string> targets;  // local or foreign addresses
    bool group = false;  // a group: members are told apart by `group list`, delivery is the same
};

// What became of one RCPT address.
struct Resolution {
    enum class Kind : std::uint8_t {
        local,         // accounts and/or forwards below
        not_local,     // the domain is not ours
        no_such_user,  // ours, but nobody
    };
    Kind kind = Kind::not_local;
    struct Mailbox {
        AccountId account;
        std::string address;  // the account's
        std::string detail;   // subaddress after '+', empty if none (RFC 5233)
        std::uint64_t quota_octets = 0;
    };
    std::vector<Mailbox> accounts;      // each once
    std::vector<std::string> forwards;  // foreign addresses, each once
};

struct NewAccount {
    std::string address;
    std::string display_name;
    std::string password;
    std::uint64_t quota_octets = 0;
    bool scram = true;  // keep SCRAM keys too
};

class Directory {
public:
    virtual ~Directory() = default;

    // Loads what it caches. Call once, before the servers start.
    virtual net::Task<Result<void>> load() = 0;

    // local_part as unquoted text, domain as sent. An empty domain is the bare <postmaster> and resolves
    // to the first domain's. An exact name wins over its subaddress form, then come postmaster and abuse,
    // then the catch-all. Fails with Fault::temporary where aliases pass alias_depth_max or
    // recipients_expanded_max; a loop alone ends where it closes.
    virtual net::Task<Result<Resolution>> resolve(std::string local_part, std::string domain) = 0;
    virtual bool is_local_domain(std::string domain) const = 0;

    virtual net::Task<Result<Account>> account(std::string address) = 0;
    virtual net::Task<Result<Account>> account(AccountId id) = 0;
    // May the account send as this address (its own, with any subaddress, or an alias to it)? Never as what
    // it only gets through a catch-all, nor as a postmaster or abuse that no alias names.
    virtual net::Task<Result<bool>> may_send_as(AccountId id, std::string address) = 0;

    virtual net::Task<Result<Domain>> add_domain(std::string name) = 0;
    virtual net::Task<Result<void>> set_catch_all(std::string domain, std::string address) = 0;
    // Fault::denied while it has accounts or aliases.
    virtual net::Task<Result<void>> remove_domain(std::string name) = 0;
    virtual std::vector<Domain> domains() const = 0;

    // Also writes the account's mailboxes, in the same commit: `mailboxes` is mailbox::Accounts::create,
    // handed in because mailbox/ stands above this layer.
    using WriteMailboxes = void (*)(store::Batch& batch, Time now);
    virtual net::Task<Result<Account>> add_account(NewAccount account, WriteMailboxes mailboxes) = 0;
    virtual net::Task<Result<void>> set_password(std::string address, std::string password) = 0;
    virtual net::Task<Result<void>> set_quota(std::string address, std::uint64_t octets) = 0;
    virtual net::Task<Result<void>> set_disabled(std::string address, bool disabled) = 0;
    // Removes the login at once; its partition is erased in steps by who knows what is in it: the account
    // stands in removed_accounts() until erased() says that nothing is left.
    virtual net::Task<Result<void>> remove_account(std::string address) = 0;
    virtual net::Task<Result<std::vector<AccountId>>> removed_accounts() = 0;
    virtual net::Task<Result<void>> erased(AccountId account) = 0;
    virtual net::Task<Result<std::vector<Account>>> accounts(std::string domain) = 0;  // empty: all

    // Adds or replaces. Fault::exists where the address is an account's, Fault::too_large past
    // alias_targets_max or 90,000 octets in all.
    virtual net::Task<Result<void>> put_alias(Alias alias) = 0;
    virtual net::Task<Result<void>> remove_alias(std::string address) = 0;
    virtual net::Task<Result<std::vector<Alias>>> aliases(std::string domain) = 0;

    // 32 octets, constant over restarts and never shown: what is made up for unknown users comes from it.
    virtual std::string secret() const = 0;
};

std::unique_ptr<Directory> make_directory(store::Store& store, net::World& world);

}  // namespace heliopost::directory
