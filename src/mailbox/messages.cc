// Octets of messages, and messages as they are appended: on the caller's loop, without the account's turn.
#include <algorithm>

#include "mailbox/keys.h"
#include "mailbox/local_account.h"
#include "mailbox/operation.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;

net::Task<Result<void>> check_append(Core* core, MailboxId mailbox, std::size_t count) {
    const auto messages =
        CO_TRY(co_await core->store.counter(core->partition(), key::of(key::Counter::messages, mailbox)));
    if (messages + count > messages_max)
        co_return fail(Fault::too_large, "too many messages in this mailbox");
    co_return Result<void>();
}

Result<> check_keywords(const View& view, const imap::Flags& flags) {
    std::size_t count = view.keywords().size();
    for (const std::string& keyword : flags.keywords)
        if (!find_keyword(view.keywords(), keyword)) ++count;
    if (count > keywords_max) return fail(Fault::too_large, "too many different keywords in this mailbox");
    return {};
}

}  // namespace

net::Task<Result<std::string>> LocalAccount::read(std::shared_ptr<const Email> email, std::uint64_t from,
                                                  std::uint64_t count) {
    count = std::min<std::uint64_t>(count, store::BlobStore::read_octets_max);
    if (from >= email->octets() || count == 0) co_return std::string();
    const std::uint64_t prefix = email->prefix.size();
    std::string out;
    if (from < prefix) {
        out = email->prefix.substr(from, count);
        count -= out.size();
        from = prefix;
    }
    if (count == 0 || from - prefix >= email->blob.octets) co_return out;
    std::string rest = CO_TRY(co_await core_->store.blobs().read(email->blob.id, from - prefix, count));
    if (out.empty()) co_return rest;
    co_return out += rest;
}

// Other appends and deliveries may run beside this one; that the mailbox is still there is asserted.
net::Task<Result<Appended>> LocalAccount::append(MailboxId mailbox, std::vector<NewEmail> emails,
                                                 std::vector<store::StagedBlob> blobs, imap::Flags flags,
                                                 Quota quota) {
    constexpr int tries_max = 10;  // one more each time the mailbox is renamed or subscribed to meanwhile
    CO_TRY(co_await check_append(core_.get(), mailbox, emails.size()));
    if (!flags.keywords.empty()) {
        const auto newest = CO_TRY(co_await view(mailbox));
        CO_TRY(check_keywords(*newest, flags));
    }
    Result<store::Committed> committed = fail(Fault::temporary, "this mailbox keeps changing");
    const std::string row_key = key::of(Kind::mailbox, mailbox);
    for (int tries = 0; tries < tries_max; ++tries) {
        const auto row = CO_TRY(co_await core_->store.get(core_->partition(), row_key));
        if (!row) co_return fail(Fault::not_found, "no such mailbox");
        store::Batch batch(core_->partition());
        batch.assert_equal(row_key, row);
        std::vector<store::Slot> uids;
        for (const NewEmail& email : emails)
            uids.push_back(file(batch, mailbox, email, flags, core_->home.now(), quota).uid);
        std::vector<store::Batch> batches;
        batches.push_back(std::move(batch));
        committed = co_await core_->store.commit(std::move(batches), blobs);
        if (committed) {
            Appended appended;
            const auto known = CO_TRY(co_await mailboxes());
            if (const Mailbox* found = known->find(mailbox)) appended.uid_validity = found->uid_validity;
            for (const store::Slot uid : uids)
                appended.uids.add(Uid(static_cast<std::uint32_t>(committed->parts[0].of(uid))));
            co_return appended;
        }
        // A conflict over the blob is not ours to try again.
        const auto now = CO_TRY(co_await core_->store.get(core_->partition(), row_key));
        if (committed.error().fault != Fault::conflict || now == row) break;
    }
    co_return std::unexpected(committed.error());
}

}  // namespace heliopost::mailbox
