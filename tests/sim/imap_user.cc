#include "sim/imap_user.h"

#include <utility>

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds pause_max{20};  // between two operations
constexpr int session_operations_max = 12;
constexpr std::string_view shared[] = {"INBOX", "Shared", "INBOX", "Kept"};

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

}  // namespace

ImapUser::ImapUser(Stage* stage, AccountTruth* truth, Place place, std::uint64_t seed)
    : stage_(*stage),
      truth_(*truth),
      place_(std::move(place)),
      random_(seed, 100 + static_cast<std::uint64_t>(place_.number)),
      link_(stage_.users, patience),
      model_(&stage_.findings, truth, place_.user + " client " + std::to_string(place_.number)) {
    link_.traced = stage_.traced == place_.number;
    link_.heard = [this](const imap::Response& response) {
        if (!response.code.empty() && response.code[0].is("COPYUID")) copied_ = response.code;
        model_.hear(response, now());
    };
}

net::Task<void> ImapUser::run() {
    while (!stage_.closing && counts_.operations < place_.operations) {
        try {
            co_await session();
        } catch (const net::Gone&) {
        } catch (const net::TimedOut&) {
        }
        model_.leave();
        link_.close();
        co_await stage_.users->sleep_until(stage_.users->after(random_.up_to(pause_max)));
    }
}

net::Task<bool> ImapUser::ask(std::string line) {
    answered_ = co_await link_.command(std::move(line));
    model_.hear(answered_, now());
    if (answered_.status == "BAD")
        stage_.findings.add(place_.user + ": the server calls a command BAD: " + answered_.text);
    ++(answered_.status == "OK" ? counts_.acknowledged : counts_.refused);
    co_return answered_.status == "OK";
}

net::Task<void> ImapUser::log_in() {
    co_await link_.open(endpoint(place_.address, imap_port));
    ++counts_.sessions;
    const bool in = co_await ask("LOGIN " + quoted(place_.user) + " " + quoted(password));
    if (!in) throw net::Gone("no login");
    if (place_.dialect == Dialect::plain) co_return;
    co_await ask(place_.dialect == Dialect::qresync ? "ENABLE QRESYNC" : "ENABLE CONDSTORE");
}

net::Task<void> ImapUser::make_mailboxes() {
    bool all = true;
    for (const std::string& name : {std::string("Shared"), std::string("Kept"), own(), copies()}) {
        const bool made = co_await ask("CREATE " + name);
        const bool there = !answered_.code.empty() && answered_.code[0].is("ALREADYEXISTS");
        all = all && (made || there);
    }
    made_ = all;
}

net::Task<bool> ImapUser::select(std::string mailbox) {
    const bool resynchronise = place_.dialect == Dialect::qresync && model_.name() != mailbox &&
                               model_.remembers(mailbox) && !random_.one_in(4);
    std::string line = "SELECT " + mailbox;
    if (resynchronise)
        line += " (QRESYNC (" + std::to_string(model_.remembered_validity(mailbox)) + " " +
                std::to_string(model_.remembered_highest(mailbox)) + "))";
    const Instant asked = now();
    model_.begin_select(mailbox, resynchronise);
    const bool selected = co_await ask(std::move(line));
    if (!selected) {
        model_.leave();
        made_ = false;
        copies_known_ &= mailbox != copies();
        co_return false;
    }
    co_await whole(asked);
    if (mailbox == copies()) check_copies();
    co_return true;
}

net::Task<void> ImapUser::whole(Instant asked) {
    model_.begin_whole();
    const bool got = co_await ask(place_.dialect == Dialect::plain ? "FETCH 1:* (UID FLAGS)"
                                                                   : "FETCH 1:* (UID FLAGS MODSEQ)");
    if (got) model_.end_whole(asked);
}

net::Task<void> ImapUser::session() {
    co_await log_in();
    if (!made_) co_await make_mailboxes();
    const auto count = random_.below(session_operations_max) + 1;
    for (std::uint64_t i = 0; i < count && !stage_.closing; ++i) {
        if (counts_.operations >= place_.operations) break;
        if (!model_.selected() || random_.one_in(4)) {
            const auto which = random_.below(6);
            const std::string name = which < 4 ? std::string(shared[which]) : which == 4 ? own() : copies();
            const bool selected = co_await select(name);
            if (!selected) continue;
        }
        ++counts_.operations;
        co_await operate();
        co_await stage_.users->sleep_until(stage_.users->after(random_.up_to(pause_max)));
    }
    if (random_.one_in(2)) co_await link_.command("LOGOUT");
}

net::Task<void> ImapUser::operate() {
    switch (random_.below(12)) {
        case 0:
        case 1:
            return append();
        case 2:
        case 3:
            return mark();
        case 4:
            return remove();
        case 5:
            return move();
        case 6:
            return copy();
        case 7:
        case 8:
            return read_one();
        case 9:
            return synchronise();
        case 10:
            return idle();
        default:
            return random_.one_in(3) ? renew_copies() : status();
    }
}

net::Task<void> ImapUser::watch(std::string mailbox) {
    while (!stage_.closing) {
        try {
            co_await log_in();
            const bool selected = co_await select(mailbox);
            if (!selected) throw net::Gone("no such mailbox");
            co_await link_.begin_idle();
            watching_ = true;
            while (!stage_.closing) co_await link_.listen(5s);
        } catch (const net::Gone&) {
        } catch (const net::TimedOut&) {
        }
        watching_ = false;
        if (!stage_.closing) model_.leave();
        link_.close();
        if (stage_.closing) co_return;
        co_await stage_.users->sleep_until(stage_.users->after(1s));
    }
}

}  // namespace heliopost::sim
