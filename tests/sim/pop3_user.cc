#include "sim/pop3_user.h"

#include <cstdlib>

#include "base/text.h"

namespace heliopost::sim {
namespace {

constexpr std::chrono::minutes between_sessions_max{3};
constexpr int retrieved_max = 3;  // a session

}  // namespace

net::Task<void> Pop3User::run() {
    for (; sessions_ > 0 && !stage_.closing; --sessions_) {
        co_await stage_.users->sleep_until(stage_.users->after(random_.up_to(between_sessions_max)));
        try {
            co_await session();
        } catch (const net::Gone&) {
        } catch (const net::TimedOut&) {
        }
        connection_.close();
    }
}

net::Task<std::string> Pop3User::say(std::string line) {
    co_await connection_.write(std::move(line) + "\r\n");
    const std::string got = co_await connection_.line();
    if (!got.starts_with("+OK")) throw net::Gone("refused: " + got);
    co_return got.substr(3);
}

net::Task<std::string> Pop3User::text() {
    std::string all;
    for (;;) {
        std::string got = co_await connection_.line();
        if (got == ".") co_return all;
        if (got.starts_with('.')) got.erase(0, 1);
        all += got + "\r\n";
    }
}

net::Task<void> Pop3User::session() {
    marked_.clear();
    co_await connection_.open(endpoint(address_, pop3_port), true);
    co_await connection_.line();
    co_await say("USER " + user_);
    const Instant asked = stage_.now();  // the snapshot is of the login
    co_await say("PASS " + std::string(password));
    co_await say("UIDL");
    const std::string ids = co_await text();
    std::vector<std::pair<std::string, std::string>> all;
    std::vector<Listed> listed;
    MailboxTruth* inbox = nullptr;
    for (const std::string_view line : split(ids, '\n')) {
        const auto blank = line.find(' ');
        const auto dot = line.find('.');
        if (blank == std::string_view::npos || dot == std::string_view::npos) continue;
        all.emplace_back(line.substr(0, blank), trim(line.substr(blank + 1)));
        const auto validity =
            static_cast<std::uint32_t>(std::atol(std::string(line.substr(blank + 1)).c_str()));
        inbox = &truth_.at("INBOX", validity);
        const auto uid = static_cast<std::uint32_t>(std::atol(std::string(line.substr(dot + 1)).c_str()));
        inbox->there(uid, stage_.now());
        listed.push_back({.uid = uid, .flags = std::nullopt, .mod_sequence = 0});
    }
    if (inbox != nullptr) inbox->listed(listed, asked);
    for (int i = 0; i < retrieved_max && !all.empty(); ++i) {
        const auto [number, unique_id] = all[random_.below(all.size())];
        co_await retrieve(number, unique_id);
    }
    if (random_.one_in(4)) co_return;  // hangs up: nothing may go
    const Instant quit = stage_.now();
    for (const auto& [mailbox, uid] : marked_) mailbox->asked_away(uid, quit, true);
    co_await say("QUIT");
    for (const auto& [mailbox, uid] : marked_) mailbox->gone(uid, stage_.now());
}

net::Task<void> Pop3User::retrieve(std::string number, std::string unique_id) {
    co_await connection_.write("RETR " + number + "\r\n");
    const std::string first = co_await connection_.line();
    if (!first.starts_with("+OK")) co_return;  // another client took it away, or it is marked already
    const std::string stored = co_await text();
    const int id = id_of(stored);
    if (id == 0) co_return;
    const auto dot = unique_id.find('.');
    MailboxTruth& inbox = truth_.at("INBOX", static_cast<std::uint32_t>(std::atol(unique_id.c_str())));
    const auto uid = static_cast<std::uint32_t>(std::atol(unique_id.c_str() + dot + 1));
    inbox.id_told(uid, id);
    if (!stage_.letters.is_as_sent(stored, id))
        stage_.findings.add(user_ + " POP3 " + unique_id + ": message " + std::to_string(id) +
                            " is not as it was sent");
    if (!random_.one_in(2)) co_return;
    co_await say("DELE " + number);
    marked_.emplace_back(&inbox, uid);
}

}  // namespace heliopost::sim
