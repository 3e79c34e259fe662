// DELE, and QUIT, which is the UPDATE state: RFC 1939 §6.
#include <utility>

#include "server/pop3/session.h"

namespace heliopost::pop3_server {

bool Session::mark(std::uint32_t number) {
    if (find(number) == nullptr) return refuse("no such message");
    marked_[number - 1] = true;
    return say("marked");
}

net::Task<bool> Session::quit() {
    if (state_ != pop3::State::transaction) co_return say("goodbye");
    imap::UidSet uids;
    for (std::size_t i = 0; i < marked_.size(); ++i)
        if (marked_[i]) uids.add(view_->at(i).uid);
    if (!uids.empty()) {
        const auto expunged = co_await account_->expunge(mailbox::inbox, std::move(uids), false);
        if (!expunged) {
            refuse("some messages were not removed", "SYS/TEMP");
            co_return true;  // the session ends all the same
        }
    }
    lock_.reset();
    co_return say("goodbye");
}

}  // namespace heliopost::pop3_server
