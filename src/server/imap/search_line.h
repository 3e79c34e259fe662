// SearchLine: the searches of one loop take turns at the pool, one job at a time.
//
//   SearchLine::Turn turn(line, account);
//   co_await turn.wait();
//   co_await world.on_pool(a job that is short: search.h);
//
// So however many search, no more than a job of each loop stands between a login and the pool. Accounts come
// in rotation, the turns of one account in order: one that searches a lot holds up itself.
//
// One loop. The line outlives its turns. wait() throws Stopped.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <utility>

#include "base/id.h"
#include "net/event.h"
#include "net/task.h"
#include "net/world.h"

namespace heliopost::imap_server {

// What waits holds some pieces of messages.
inline constexpr std::size_t search_turns_of_account_max = 64;

class SearchLine {
public:
    // A place in the line, and the turn once it has come; given back at the end, come or not.
    class Turn {
    public:
        // Throws Overloaded when search_turns_of_account_max of the account wait.
        Turn(SearchLine& line, AccountId account);
        ~Turn();
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

        net::Task<void> wait();

    private:
        friend class SearchLine;
        SearchLine& line_;
        const AccountId account_;
        net::Event come_;
        std::list<Turn*>::iterator place_;  // until it has come
    };

    explicit SearchLine(net::World& world) : world_(world) {}
    SearchLine(const SearchLine&) = delete;
    SearchLine& operator=(const SearchLine&) = delete;

    std::size_t waiting() const;

private:
    using Waiting = std::pair<AccountId, std::list<Turn*>>;  // never empty
    void next();
    void leave(const Turn& turn);

    net::World& world_;
    bool taken_ = false;
    std::list<Waiting> accounts_;  // in the order of their turns
    std::map<AccountId, std::list<Waiting>::iterator> places_;
};

}  // namespace heliopost::imap_server
