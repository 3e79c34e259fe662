#include "reports/inbox.h"

#include <utility>

#include "base/base64.h"
#include "base/text.h"

namespace heliopost::reports {

Inbox::Inbox(net::World& home, store::Store& store, Received& received,
             const std::vector<std::string>& addresses)
    : home_(home), store_(store), received_(received), offered_(home) {
    for (const std::string& one : addresses) addresses_.insert(to_lower(one));
}

std::string Inbox::text_of(const smtp::Address& address) {
    return to_lower(smtp::to_string(address));
}

void Inbox::offer(store::BlobRef blob) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= inbox_waiting_max) {
            home_.log().warning("report.not_read", {{"reason", "too many wait"}});
            return;
        }
        waiting_.push_back(std::move(blob));
    }
    home_.post([this] { offered_.set(); });
}

bool Inbox::waits() const {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty();
}

std::optional<store::BlobRef> Inbox::next() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    store::BlobRef blob = std::move(waiting_.front());
    waiting_.pop_front();
    return blob;
}

net::Task<Result<Taken>> Inbox::read(store::BlobRef blob) {
    if (blob.octets > inbox_message_octets_max) co_return fail(Fault::too_large, "the message is too large");
    std::string text;
    while (text.size() < blob.octets) {
        const std::string piece =
            CO_TRY(co_await store_.blobs().read(blob.id, text.size(), store::BlobStore::read_octets_max));
        if (piece.empty()) co_return fail(Fault::internal, "the message ends too early");
        text += piece;
    }
    auto report =
        CO_TRY(co_await home_.on_pool([text = std::move(text)] { return feedback::read_report(text); }));
    co_return co_await received_.keep(std::move(report), home_.now());
}

net::Task<void> Inbox::run() {
    for (;;) {
        offered_.clear();
        while (auto blob = next()) {
            const std::string id = to_hex(blob->id.view());
            Result<Taken> taken = Taken::kept;
            try {
                taken = co_await read(*std::move(blob));
            } catch (const net::Stopped&) {
                throw;
            } catch (const std::exception& error) {  // the pool is full
                taken = fail(Fault::temporary, error.what());
            }
            if (taken)
                home_.log().info("report.received", {{"blob", id}, {"state", name_of(*taken)}});
            else
                home_.log().warning("report.not_read", {{"blob", id}, {"reason", taken.error().text}});
        }
        co_await offered_.wait(Deadline::max());
    }
}

}  // namespace heliopost::reports
