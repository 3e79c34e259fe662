// STAT, LIST and UIDL: RFC 1939 §5, §7.
#include "server/pop3/session.h"

namespace heliopost::pop3_server {

const mailbox::Row* Session::find(std::optional<std::uint32_t> number) const {
    if (!number || *number == 0 || *number > view_->size() || marked_[*number - 1]) return nullptr;
    return &view_->at(*number - 1);
}

// UIDVALIDITY in front: an id is never used again, not even after a restore.
std::string Session::unique_id(const mailbox::Row& row) const {
    return std::to_string(view_->status().uid_validity.value) + "." + std::to_string(row.uid.value);
}

bool Session::stat() {
    std::uint64_t octets = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < view_->size(); ++i) {
        if (marked_[i]) continue;
        ++count;
        octets += view_->at(i).octets;
    }
    return say(std::to_string(count) + " " + std::to_string(octets));
}

net::Task<bool> Session::list(std::optional<std::uint32_t> number) {
    if (number) {
        const mailbox::Row* row = find(number);
        if (row == nullptr) co_return refuse("no such message");
        co_return say(std::to_string(*number) + " " + std::to_string(row->octets));
    }
    say("sizes follow");
    for (std::size_t i = 0; i < view_->size(); ++i)
        if (!marked_[i])
            co_await put(std::to_string(i + 1) + " " + std::to_string(view_->at(i).octets) + "\r\n");
    output_ += ".\r\n";
    co_return true;
}

net::Task<bool> Session::unique_ids(std::optional<std::uint32_t> number) {
    if (number) {
        const mailbox::Row* row = find(number);
        if (row == nullptr) co_return refuse("no such message");
        co_return say(std::to_string(*number) + " " + unique_id(*row));
    }
    say("ids follow");
    for (std::size_t i = 0; i < view_->size(); ++i)
        if (!marked_[i]) co_await put(std::to_string(i + 1) + " " + unique_id(view_->at(i)) + "\r\n");
    output_ += ".\r\n";
    co_return true;
}

}  // namespace heliopost::pop3_server
