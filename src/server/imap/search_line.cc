#include "server/imap/search_line.h"

namespace heliopost::imap_server {

SearchLine::Turn::Turn(SearchLine& line, AccountId account)
    : line_(line), account_(account), come_(line.world_) {
    if (!line_.taken_) {
        line_.taken_ = true;
        come_.set();
        return;
    }
    auto found = line_.places_.find(account);
    if (found == line_.places_.end()) {
        line_.accounts_.emplace_back(account, std::list<Turn*>());
        found = line_.places_.emplace(account, std::prev(line_.accounts_.end())).first;
    }
    std::list<Turn*>& turns = found->second->second;
    if (turns.size() >= search_turns_of_account_max)
        throw net::Overloaded("too many searches of one account");
    place_ = turns.insert(turns.end(), this);
}

SearchLine::Turn::~Turn() {
    if (come_.is_set())
        line_.next();
    else
        line_.leave(*this);
}

net::Task<void> SearchLine::Turn::wait() {
    co_await come_.wait(Deadline::max());
}

std::size_t SearchLine::waiting() const {
    std::size_t count = 0;
    for (const auto& [account, turns] : accounts_) count += turns.size();
    return count;
}

// The account whose turn it is goes behind the others.
void SearchLine::next() {
    taken_ = !accounts_.empty();
    if (!taken_) return;
    Turn* const turn = accounts_.front().second.front();
    accounts_.splice(accounts_.end(), accounts_, accounts_.begin());
    leave(*turn);
    turn->come_.set();
}

void SearchLine::leave(const Turn& turn) {
    const auto found = places_.find(turn.account_);
    std::list<Turn*>& turns = found->second->second;
    turns.erase(turn.place_);
    if (!turns.empty()) return;
    accounts_.erase(found->second);
    places_.erase(found);
}

}  // namespace heliopost::imap_server
