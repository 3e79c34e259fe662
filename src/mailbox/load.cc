// From the store to a View: chunks, then the operation log above them.
#include <google/protobuf/arena.h>

#include "mailbox/base_record.h"
#include "mailbox/core.h"
#include "mailbox/keys.h"
#include "mailbox/rows_record.h"
#include "mailbox/view_builder.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;

// So that a page holds at most 10 MB: values have store::value_octets_max.

class Loading {
public:
    Loading(Core* core, MailboxId mailbox) : core_(core), mailbox_(mailbox) {}

    net::Task<Result<LoadedPtr>> load(Mailbox mailbox) {
        auto loaded = std::make_shared<LoadedView>();
        const ModSequence highest = CO_TRY(co_await highest_of(core_, mailbox_));
        loaded->base = CO_TRY(co_await core_->store.get(core_->partition(), key::of(Kind::base, mailbox_)));
        const Base base = CO_TRY(decode_base(loaded->base));
        loaded->base_mod_sequence = base.mod_sequence;
        ViewBuilder builder(std::move(mailbox), base.uid_next, base.keywords,
                            std::max(highest, base.mod_sequence));
        CO_TRY(co_await read_chunks(&builder, loaded.get()));
        CO_TRY(co_await replay(&builder, base.mod_sequence, loaded.get()));
        loaded->view = builder.finish();
        co_return loaded;
    }

    net::Task<Result<LoadedPtr>> catch_up(LoadedPtr from, ModSequence highest) {
        auto loaded = std::make_shared<LoadedView>(*from);
        ViewBuilder builder(*from->view);
        CO_TRY(co_await replay(&builder, from->view->status().highest_mod_sequence, loaded.get()));
        if (loaded->operations == from->operations) builder.set_highest(highest);
        loaded->view = builder.finish();
        co_return loaded;
    }

private:
    net::Task<Result<void>> read_chunks(ViewBuilder* builder, LoadedView* loaded) {
        std::string low = key::of(Kind::chunk, mailbox_);
        const std::string high = store::after_prefix(low);
        for (bool more = true; more;) {
            const auto page = CO_TRY(co_await core_->store.scan(core_->partition(), low, high, rows_a_page,
                                                                store::Direction::forward));
            for (const auto& [key, value] : page) {
                DecodedChunk decoded = CO_TRY(decode_chunk(value));
                store::TupleReader parts(std::string_view(key).substr(5));  // kind, mailbox
                const Uid first(CO_TRY(parts.u32()));
                loaded->stored.push_back({first, decoded.chunk});
                CO_TRY(builder->add_chunk(first, decoded.chunk, decoded.as_of));
            }
            more = page.size() == rows_a_page;
            if (more) low = page.back().first + '\0';
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> replay(ViewBuilder* builder, ModSequence above, LoadedView* loaded) {
        std::string low = key::at(Kind::operation, mailbox_, ModSequence(above.value + 1));
        const std::string high = store::after_prefix(key::of(Kind::operation, mailbox_));
        for (bool more = true; more;) {
            const auto page = CO_TRY(co_await core_->store.scan(core_->partition(), low, high, rows_a_page,
                                                                store::Direction::forward));
            for (const auto& [key, value] : page) {
                const Operation operation = CO_TRY(decode_operation(key, value));
                CO_TRY(builder->apply(operation));
                loaded->operation_octets += key.size() + value.size();
            }
            loaded->operations += page.size();
            more = page.size() == rows_a_page;
            if (more) low = page.back().first + '\0';
        }
        loaded->rows_touched += builder->rows_touched();
        co_return Result<void>();
    }

    Core* core_;
    MailboxId mailbox_;
};

// Broken records are the store's owner's concern too, not only the reader's.
void report(Core* core, MailboxId mailbox, const Error& error) {
    if (error.fault == Fault::internal)
        core->home.log().error(
            "mailbox.broken",
            {{"account", core->id.value}, {"mailbox", mailbox.value}, {"reason", error.text}});
}

}  // namespace

net::Task<Result<ModSequence>> highest_of(Core* core, MailboxId mailbox) {
    const auto row = CO_TRY(co_await core->store.get(core->partition(), key::of(Kind::highest, mailbox)));
    if (!row) co_return ModSequence();
    store::TupleReader in(*row);
    co_return ModSequence(CO_TRY(in.u64()));
}

net::Task<Result<LoadedPtr>> removed_view(Core* core, Mailbox mailbox) {
    Loading loading(core, mailbox.id);
    Result<LoadedPtr> loaded = co_await loading.load(mailbox);
    if (!loaded) report(core, mailbox.id, loaded.error());
    co_return loaded;
}

net::Task<Result<LoadedPtr>> current_view(Core* core, MailboxId mailbox) {
    const LoadedPtr cached = core->cache.find(core->id, mailbox);
    if (!cached) co_return nullptr;
    const ModSequence highest = CO_TRY(co_await highest_of(core, mailbox));
    co_return highest == cached->view->status().highest_mod_sequence ? cached : nullptr;
}

net::Task<Result<LoadedPtr>> newest_view(Core* core, MailboxId mailbox) {
    const LoadedPtr cached = core->cache.find(core->id, mailbox);
    Loading loading(core, mailbox);
    Result<LoadedPtr> loaded = cached;
    if (cached) {
        const ModSequence highest = CO_TRY(co_await highest_of(core, mailbox));
        if (highest == cached->view->status().highest_mod_sequence) co_return cached;
        if (highest.value == 0) co_return fail(Fault::not_found, "no such mailbox");
        loaded = co_await loading.catch_up(cached, highest);
    } else {
        const auto mailboxes = CO_TRY(co_await mailboxes_of(core));
        const Mailbox* found = mailboxes->find(mailbox);
        if (found == nullptr) co_return fail(Fault::not_found, "no such mailbox");
        loaded = co_await loading.load(*found);
    }
    if (!loaded) {
        report(core, mailbox, loaded.error());
        co_return loaded;
    }
    core->cache.put(core->id, mailbox, *loaded);
    if (is_due(*core, **loaded) && core->wants_rewrite) core->wants_rewrite(mailbox);
    co_return loaded;
}

}  // namespace heliopost::mailbox
