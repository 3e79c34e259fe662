#include "transport/untold.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/assert.h"

namespace heliopost::transport {

Told take_told(queue::Lease& lease, Settled& settled) {
    Told told;
    std::vector<bool> chosen(settled.outcomes.size());
    std::vector<std::uint32_t> indices;
    for (const std::size_t i : settled.told_of) {
        chosen[i] = true;
        indices.push_back(settled.outcomes[i].index);
        told.settled.told_of.push_back(told.settled.told_of.size());
        told.settled.outcomes.push_back(std::move(settled.outcomes[i]));
    }
    told.settled.told = std::move(settled.told);
    std::vector<queue::Outcome> rest;
    for (std::size_t i = 0; i < chosen.size(); ++i)
        if (!chosen[i]) rest.push_back(std::move(settled.outcomes[i]));
    told.lease = rest.empty() ? std::move(lease) : lease.split(indices);
    settled = {.outcomes = std::move(rest), .told = {}, .told_of = {}};
    return told;
}

std::shared_ptr<Untold> AllUntold::add(Told told) {
    const QueueId id = told.lease.entry->id;
    const std::size_t of_message = told.lease.entry->recipient_count;
    const std::size_t more = told.lease.recipients.size();
    if (const auto at = waiting_.find(id); at != waiting_.end()) {
        const std::shared_ptr<Untold> before = at->second;
        Told& so_far = before->told;
        if (so_far.lease.recipients.size() + more <= joined_recipients_max) {
            so_far.lease.join(std::move(told.lease));
            for (const std::size_t i : told.settled.told_of)
                so_far.settled.told_of.push_back(so_far.settled.outcomes.size() + i);
            std::ranges::move(told.settled.outcomes, std::back_inserter(so_far.settled.outcomes));
            std::ranges::move(told.settled.told, std::back_inserter(so_far.settled.told));
            recipients_ += more;
            if (recipients_ >= untold_max || so_far.lease.recipients.size() == of_message)
                before->ready.set();
            return nullptr;
        }
        leave(at);
        before->ready.set();
    }
    auto one = std::make_shared<Untold>(world_, std::move(told));
    if (hurried_ || more == of_message || recipients_ + more > untold_max) {
        one->ready.set();
    } else {
        waiting_.emplace(id, one);
        recipients_ += more;
    }
    return one;
}

void AllUntold::remove(const std::shared_ptr<Untold>& one) {
    const auto at = waiting_.find(one->told.lease.entry->id);
    if (at != waiting_.end() && at->second == one) leave(at);
}

void AllUntold::leave(Waiting::iterator at) {
    recipients_ -= at->second->told.lease.recipients.size();
    waiting_.erase(at);
}

void AllUntold::hurry() {
    hurried_ = true;
    for (const auto& [id, one] : waiting_) one->ready.set();
}

}  // namespace heliopost::transport
