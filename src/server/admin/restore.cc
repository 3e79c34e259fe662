#include "server/admin/restore.h"

#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "delivery/incoming.h"
#include "proto/imap/flag.h"

namespace heliopost::admin {
namespace {

constexpr std::uint64_t present_octets_a_page = std::uint64_t{1} << 30;

net::Task<Result<std::shared_ptr<mailbox::Account>>> account_of(Administered* of, std::string address) {
    const auto account = CO_TRY(co_await of->directory->account(std::move(address)));
    co_return of->accounts->open(account.id);
}

net::Task<Result<Answer>> make_mailbox(std::shared_ptr<mailbox::Account> account, std::string name) {
    const auto found = co_await account->find(name);
    if (!found && found.error().fault != Fault::not_found) co_return std::unexpected(found.error());
    if (!found) {
        CO_TRY(co_await account->create(name, mailbox::Role::none));
        CO_TRY(co_await account->subscribe(name, true));
    }
    co_return Answer{"", {"made"}, {{!found}}};
}

// Its octets can be had; else they are to be stored again when they come.
net::Task<Result<bool>> is_whole(store::BlobStore* blobs, store::BlobRef blob) {
    for (std::uint64_t at = 0; at < blob.octets; at += store::BlobStore::read_octets_max) {
        const auto piece = co_await blobs->read(blob.id, at, store::BlobStore::read_octets_max);
        if (piece) continue;
        if (piece.error().fault != Fault::internal && piece.error().fault != Fault::not_found)
            co_return std::unexpected(piece.error());
        CO_TRY(co_await blobs->distrust(blob.id));
        co_return false;
    }
    co_return true;
}

// A page is what is read within the time that its asker waits, on a slow disk too.
net::Task<Result<Answer>> list_present(store::BlobStore* blobs, std::shared_ptr<mailbox::Account> account,
                                       Request request) {
    Answer answer{"", {"sha256"}, {}};
    const auto after = to_number(request.fields.contains("after") ? request.field("after") : "0");
    if (!after || *after > UINT32_MAX) co_return fail(Fault::syntax, "after is no UID");
    const auto found = CO_TRY(co_await account->find(CO_TRY(request.required("mailbox"))));
    const auto view = CO_TRY(co_await account->view(found.id));
    std::uint64_t octets = 0;
    for (std::size_t at = view->lower_bound(Uid(static_cast<std::uint32_t>(*after)));
         at < view->size() && octets < present_octets_a_page; ++at) {
        const mailbox::Row& row = view->at(at);
        if (row.uid.value <= *after) continue;
        if (answer.rows.size() >= rows_a_page) break;
        const auto emails = CO_TRY(co_await account->emails({row.email}));
        answer.next = std::to_string(row.uid.value);
        if (emails[0] == nullptr) continue;
        octets += emails[0]->blob.octets;
        if (CO_TRY(co_await is_whole(blobs, emails[0]->blob)))
            answer.rows.push_back({to_hex(emails[0]->blob.sha256)});
    }
    if (view->size() == 0 || answer.next == std::to_string(view->largest_uid().value)) answer.next.clear();
    co_return answer;
}

net::Task<Result<Answer>> add_message(Administered* of, std::shared_ptr<mailbox::Account> account,
                                      Request request, OctetSource* octets) {
    const std::string name = CO_TRY(request.required("mailbox"));
    const auto found = CO_TRY(co_await account->find(name));
    const std::string flag_text = CO_TRY(request.required("flags"));
    Cursor in(flag_text);
    imap::Flags flags = CO_TRY(imap::parse_flag_list(in));
    const auto prefix = from_base64(request.field("prefix"));
    const auto received = to_number(CO_TRY(request.required("received")));
    if (!prefix || prefix->size() > mailbox::prefix_octets_max || !received)
        co_return fail(Fault::syntax, "a message with a broken prefix or date");
    delivery::Incoming incoming(*of->store, restored_octets_max);
    for (;;) {
        const std::string piece = CO_TRY(co_await octets->next());
        if (piece.empty()) break;
        co_await incoming.append(piece);
    }
    auto message = CO_TRY(co_await incoming.finish());
    std::vector<mailbox::NewEmail> emails(1);
    emails[0].blob = message.blob.ref;
    emails[0].prefix = *prefix;
    emails[0].received = from_unix_milliseconds(static_cast<std::int64_t>(*received));
    emails[0].structure = std::move(message.structure);
    emails[0].preview = std::move(message.preview);
    std::vector<store::StagedBlob> blobs;
    blobs.push_back(std::move(message.blob));
    const auto appended = CO_TRY(co_await account->append(found.id, std::move(emails), std::move(blobs),
                                                          std::move(flags), mailbox::Quota()));
    Answer answer{"", {"uid"}, {}};
    for (const auto& range : appended.uids.ranges())
        answer.rows.push_back({static_cast<std::int64_t>(range.first)});
    co_return answer;
}

}  // namespace

Result<std::uint64_t> octets_behind(const Request& request) {
    if (request.operation != "restore.message") return std::uint64_t{0};
    const auto octets = to_number(TRY(request.required("octets")));
    if (!octets) return fail(Fault::syntax, "octets is no number");
    if (*octets > restored_octets_max) return fail(Fault::too_large, "the message is too large");
    return *octets;
}

net::Task<Result<Answer>> run_restore(Administered* of, Request request, OctetSource* octets) {
    auto account = CO_TRY(co_await account_of(of, CO_TRY(request.required("account"))));
    if (request.operation == "restore.message" && octets != nullptr)
        co_return co_await add_message(of, std::move(account), std::move(request), octets);
    if (request.operation == "restore.mailbox")
        co_return co_await make_mailbox(std::move(account), CO_TRY(request.required("mailbox")));
    if (request.operation == "restore.present")
        co_return co_await list_present(&of->store->blobs(), std::move(account), std::move(request));
    co_return std::unexpected(unknown_operation(request));
}

}  // namespace heliopost::admin
