#include "directory/login.h"

#include <atomic>

#include "base/secret.h"
#include "directory/login_delay.h"
#include "directory/names.h"
#include "directory/remembered_passwords.h"
#include "net/address.h"
#include "proto/sasl/mechanism.h"
#include "proto/sasl/scram.h"

namespace heliopost::directory {
namespace {

constexpr std::size_t table_key_octets = 32;
constexpr const char* accepted = "ok";          // the verdict
constexpr std::size_t logged_octets_max = 320;  // of a user name

// One of the places in the line for the pool, given back at the end.
class Place {
public:
    Place(std::shared_ptr<std::atomic<std::size_t>> taken, std::size_t places)
        : taken_(std::move(taken)), ok_(taken_->fetch_add(1) < places) {}
    ~Place() { taken_->fetch_sub(1); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    bool ok() const { return ok_; }

private:
    std::shared_ptr<std::atomic<std::size_t>> taken_;
    bool ok_;
};

// Who is asked for, found or not.
struct Subject {
    LoginSubject counted;
    std::string key;  // Name::key(), or the user as sent
    std::optional<Account> account;
};

std::unexpected<Error> wrong() {
    return fail(Fault::denied, "wrong user name or password");
}
std::unexpected<Error> busy() {
    return fail(Fault::temporary, "too many logins, try again later");
}

std::string key_of(const std::string& user) {
    const auto name = parse_name(user);
    return name ? name->key() : user.substr(0, login_name_octets_max);
}

class StoredLogin final : public Login {
public:
    StoredLogin(Directory& directory, net::World& world, LoginOptions options)
        : directory_(directory),
          options_(std::move(options)),
          delay_(world.random_octets(table_key_octets)),
          remembered_(world.random_octets(table_key_octets)) {}

    net::Task<Result<Account>> password(net::World* world, std::string user, std::string authorize_as,
                                        std::string password, LoginSource source) override;
    net::Task<Result<ScramKeys>> scram_keys(net::World* world, std::string user, LoginSource source) override;
    net::Task<Result<Account>> scram_finished(net::World* world, std::string user, std::string authorize_as,
                                              bool good, LoginSource source) override;

private:
    net::Task<Subject> find(std::string user, LoginSource source);
    using SharedSecret = std::shared_ptr<const Secret>;
    net::Task<Result<bool>> verify(net::World* world, Subject subject, SharedSecret password);
    static const char* verdict(const Subject& subject, const std::string& authorize_as, bool good);
    Result<Account> end(net::World& world, Subject subject, const std::string& user,
                        const std::string& authorize_as, bool good, const LoginSource& source);
    static void log(const net::World& world, const std::string& user, const char* result,
                    const LoginSource& source);

    Directory& directory_;
    LoginOptions options_;
    LoginDelay delay_;
    RememberedPasswords remembered_;
    std::shared_ptr<std::atomic<std::size_t>> hashing_ = std::make_shared<std::atomic<std::size_t>>(0);
};

void StoredLogin::log(const net::World& world, const std::string& user, const char* result,
                      const LoginSource& source) {
    const std::string shown = user.substr(0, logged_octets_max);
    world.log().info("login", {{"service", source.service},
                               {"user", shown},
                               {"mechanism", source.mechanism},
                               {"result", result},
                               {"rip", source.address.to_string()},
                               {"tls", source.tls ? "yes" : "no"}});
}

net::Task<Subject> StoredLogin::find(std::string user, LoginSource source) {
    Subject subject;
    subject.key = key_of(user);
    auto account = co_await directory_.account(std::move(user));
    if (account) subject.account = std::move(*account);
    subject.counted = {subject.key, subject.account.has_value(), net::limit_key(source.address)};
    co_return subject;
}

// Unknown users, accounts without a password and wrong ones cost one hash each.
net::Task<Result<bool>> StoredLogin::verify(net::World* world, Subject subject, SharedSecret password) {
    const bool real = subject.account && !subject.account->password_hash.empty();
    if (real && remembered_.knows(*subject.account, password->view(), world->tick())) co_return true;
    auto place = std::make_shared<Place>(hashing_, options_.hashes_waiting_max);
    if (!place->ok()) co_return busy();
    std::string hash(real ? subject.account->password_hash : dummy_hash());
    bool right = false;
    try {
        // The place goes with the work: a login that is stopped meanwhile still occupies the pool.
        right = co_await world->on_pool(
            [place, verify = options_.verify, password, hash] { return verify(password->view(), hash); });
    } catch (const net::Overloaded&) {
        co_return busy();
    }
    if (!real || !right) co_return false;
    remembered_.remember(*subject.account, password->view(), world->tick());
    co_return true;
}

const char* StoredLogin::verdict(const Subject& subject, const std::string& authorize_as, bool good) {
    if (!good || !subject.account) return "denied";
    if (subject.account->disabled) return "disabled";
    // Nobody may act as another: RFC 4616 §2.
    if (!authorize_as.empty() && key_of(authorize_as) != subject.key) return "not_authorized";
    return accepted;
}

Result<Account> StoredLogin::end(net::World& world, Subject subject, const std::string& user,
                                 const std::string& authorize_as, bool good, const LoginSource& source) {
    const char* result = verdict(subject, authorize_as, good);
    const bool ok = result == accepted;
    if (ok)
        delay_.succeeded(subject.counted, world.tick());
    else
        delay_.failed(subject.counted, world.tick());
    log(world, user, result, source);
    if (!ok || !subject.account) return wrong();
    return std::move(*subject.account);
}

net::Task<Result<Account>> StoredLogin::password(net::World* world, std::string user,
                                                 std::string authorize_as, std::string password,
                                                 LoginSource source) {
    Subject subject = co_await find(user, source);
    const LoginDelay::Turn turn = delay_.begin(subject.counted, world->tick());
    // What cannot be prepared cannot be a password, and costs as much as one.
    auto prepared = sasl::prepare(password);
    wipe(password);
    const auto tried = std::make_shared<const Secret>(prepared ? Secret::take(*prepared) : Secret());
    if (turn.early) {
        if (*turn.early > world->tick()) co_await world->sleep_until(*turn.early);
        subject = co_await find(user, source);  // it may have changed
        const Result<bool> right = co_await verify(world, subject, tried);
        if (right && verdict(subject, authorize_as, *right) == accepted)
            co_return end(*world, std::move(subject), user, authorize_as, true, source);
        // Everything else is looked at once more below, when it is for those who may not be early, and as
        // long.
    }
    if (turn.answer > world->tick()) co_await world->sleep_until(turn.answer);
    if (turn.full) {
        log(*world, user, "delayed", source);
        co_return busy();
    }
    subject = co_await find(user, source);
    const Result<bool> right = co_await verify(world, subject, tried);
    if (!right) {
        log(*world, user, "busy", source);
        co_return std::unexpected(right.error());
    }
    co_return end(*world, std::move(subject), user, authorize_as, *right, source);
}

net::Task<Result<ScramKeys>> StoredLogin::scram_keys(net::World* /*world*/, std::string user,
                                                     LoginSource source) {
    const Subject subject = co_await find(user, source);
    // Both are made, so that both take as long.
    const sasl::ScramKeys fake = sasl::fake_scram_keys(directory_.secret(), subject.key, scram_iterations);
    ScramKeys keys{fake.salt, fake.iterations, fake.stored_key, fake.server_key, false};
    if (subject.account && subject.account->scram_iterations != 0) {
        const Account& account = *subject.account;
        keys = {account.scram_salt, account.scram_iterations, account.scram_stored_key,
                account.scram_server_key, true};
    }
    co_return keys;
}

// The wait is here and not before the keys, which nobody is to get sooner than another.
net::Task<Result<Account>> StoredLogin::scram_finished(net::World* world, std::string user,
                                                       std::string authorize_as, bool good,
                                                       LoginSource source) {
    Subject subject = co_await find(user, source);
    const LoginDelay::Turn turn = delay_.begin(subject.counted, world->tick());
    const bool early = turn.early && verdict(subject, authorize_as, good) == accepted;
    const Instant until = early ? *turn.early : turn.answer;
    if (until > world->tick()) co_await world->sleep_until(until);
    if (turn.full && !early) {
        log(*world, user, "delayed", source);
        co_return busy();
    }
    subject = co_await find(user, source);  // it may have changed
    co_return end(*world, std::move(subject), user, authorize_as, good, source);
}

}  // namespace

std::unique_ptr<Login> make_login(Directory& directory, net::World& world) {
    return make_login(directory, world, LoginOptions{});
}

std::unique_ptr<Login> make_login(Directory& directory, net::World& world, LoginOptions options) {
    return std::make_unique<StoredLogin>(directory, world, std::move(options));
}

}  // namespace heliopost::directory
