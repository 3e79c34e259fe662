#include "mailbox/places.h"

#include "mailbox/base_record.h"
#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.h"

namespace heliopost::mailbox {

net::Task<Result<std::vector<Place>>> places_of(store::Store* store, AccountId account, EmailId email) {
    const auto partition = store::account_partition(account);
    const std::string low = key::of(key::Kind::membership, email);
    const auto rows = CO_TRY(co_await store->scan(partition, low, store::after_prefix(low), rows_a_page,
                                                  store::Direction::forward));
    std::vector<Place> places;
    for (const auto& [row, value] : rows) {
        const MailboxId id(CO_TRY(store::TupleReader(std::string_view(row).substr(low.size())).u32()));
        const Membership membership = CO_TRY(decode_membership(value));
        const auto record = CO_TRY(co_await store->get(partition, key::of(key::Kind::mailbox, id)));
        std::string name = std::to_string(id.value);
        if (record) name = CO_TRY(decode_mailbox(id, *record)).name;
        places.push_back({std::move(name), membership.uid});
    }
    co_return places;
}

}  // namespace heliopost::mailbox
