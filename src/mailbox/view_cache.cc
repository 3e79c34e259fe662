#include "mailbox/view_cache.h"

namespace heliopost::mailbox {
namespace {

std::size_t octets_of(const LoadedView& loaded) {
    std::size_t octets = sizeof(LoadedView) + sizeof(View);
    for (const auto& chunk : loaded.view->chunks())
        octets += sizeof(Chunk) + chunk->rows.capacity() * sizeof(Row) + 2 * sizeof(chunk);
    return octets;
}

}  // namespace

std::shared_ptr<const LoadedView> ViewCache::find(AccountId account, MailboxId mailbox) {
    const std::lock_guard lock(mutex_);
    const auto place = places_.find({account, mailbox});
    if (place == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, place->second);
    return place->second->view;
}

void ViewCache::put(AccountId account, MailboxId mailbox, std::shared_ptr<const LoadedView> view) {
    const std::size_t octets = octets_of(*view);
    const std::lock_guard lock(mutex_);
    const auto [place, added] = places_.try_emplace({account, mailbox});
    if (added) {
        entries_.push_front({{account, mailbox}, nullptr, 0});
        place->second = entries_.begin();
    } else {
        entries_.splice(entries_.begin(), entries_, place->second);
    }
    Entry& entry = entries_.front();
    memory_ += octets - entry.octets;
    entry.octets = octets;
    entry.view = std::move(view);
    trim();
}

void ViewCache::erase(AccountId account, MailboxId mailbox) {
    const std::lock_guard lock(mutex_);
    const auto place = places_.find({account, mailbox});
    if (place == places_.end()) return;
    memory_ -= place->second->octets;
    entries_.erase(place->second);
    places_.erase(place);
}

std::size_t ViewCache::memory() const {
    const std::lock_guard lock(mutex_);
    return memory_;
}

void ViewCache::trim() {
    // A look at each, so that held ones at the end of the list do not make this quadratic.
    constexpr std::size_t looks_max = 64;
    std::size_t looks = 0;
    while (memory_ > memory_max_ && entries_.size() > 1 && looks++ < looks_max) {
        const auto last = std::prev(entries_.end());
        if (last->view.use_count() > 1 || last->view->view.use_count() > 1) {
            entries_.splice(std::next(entries_.begin()), entries_, last);
            continue;
        }
        memory_ -= last->octets;
        places_.erase(last->key);
        entries_.erase(last);
    }
}

}  // namespace heliopost::mailbox
