// Erasing a removed account, step by step: messages first, then all the rest at once.
//
// A step is one commit, and what it finds is the truth: nothing needs to be remembered between two, over a
// crash neither.
#include <optional>

#include "mailbox/email_record.h"
#include "mailbox/home.h"
#include "mailbox/keys.h"
#include "mailbox/local_account.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;

constexpr std::size_t memberships_a_step = 1'000;

// The email's own rows. Holders are emails, so that its reference is released as often as it has places.
void erase_email(store::Batch* batch, EmailId email) {
    const std::string pieces = key::of(Kind::email, email);
    batch->erase_range(pieces, store::after_prefix(pieces));
    batch->erase(key::of(Kind::shared, email));
    batch->erase(key::of(Kind::verdicts, email));
}

net::Task<Result<bool>> erase_step(std::shared_ptr<Core> core) {
    const Turn::Held held = CO_TRY(co_await core->turn.take());
    core->erased = true;
    co_return co_await erase_some(core.get());
}

}  // namespace

net::Task<Result<bool>> erase_some(Core* core) {
    const std::string low = key::of(Kind::membership);
    const auto rows = CO_TRY(co_await core->store.scan(core->partition(), low, store::after_prefix(low),
                                                       memberships_a_step, store::Direction::forward));
    store::Batch batch(core->partition());
    std::optional<EmailId> last;
    for (const auto& [octets, value] : rows) {
        batch.erase(octets);
        store::TupleReader parts(std::string_view(octets).substr(1));  // kind
        const EmailId email(CO_TRY(parts.u64()));
        if (last != email) erase_email(&batch, email);
        last = email;
        // A broken one must not keep the others; fsck finds the reference that it leaves.
        if (const auto membership = decode_membership(value))
            batch.release(membership->blob, email.value);
        else
            core->home.log().error(
                "mailbox.broken",
                {{"account", core->id.value}, {"email", email.value}, {"reason", membership.error().text}});
    }
    if (rows.empty()) batch.erase_all();
    CO_TRY(co_await core->store.commit(std::move(batch)));
    co_return rows.empty();
}

net::Task<Result<void>> LocalAccount::erase() {
    for (bool done = false; !done;) done = CO_TRY(co_await net::run_on(&core_->home, erase_step(core_)));
    co_return Result<void>();
}

}  // namespace heliopost::mailbox
