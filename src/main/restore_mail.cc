#include "main/restore_mail.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "directory/directory.h"
#include "mailbox/account.h"
#include "main/interrupt.h"
#include "main/restored_name.h"

namespace heliopost {
namespace {

constexpr std::size_t emails_a_read = 100;

// The blob of one message of the backup; its prefix travels apart, so that equal blobs are found again.
class BlobOctets final : public admin::OctetSource {
public:
    BlobOctets(mailbox::Account* account, std::shared_ptr<const mailbox::Email> email)
        : account_(account), email_(std::move(email)), at_(email_->prefix.size()) {}

    net::Task<Result<std::string>> next() override {
        if (at_ == email_->octets()) co_return std::string();
        std::string piece = CO_TRY(co_await account_->read(email_, at_, store::BlobStore::read_octets_max));
        if (piece.empty()) co_return fail(Fault::internal, "a message of the backup is cut off");
        at_ += piece.size();
        co_return piece;
    }

private:
    mailbox::Account* account_;
    std::shared_ptr<const mailbox::Email> email_;
    std::uint64_t at_;
};

std::string without_brackets(std::string_view id) {
    id = trim(id);
    if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
    return std::string(id);
}

bool has_message_id(const mailbox::Email& email, const std::string& wanted) {
    const mime::Structure& structure = *email.structure;
    if (structure.parts.empty()) return false;
    const auto& place = structure.parts.front().envelope;
    if (!place) return false;
    const auto& envelope = structure.envelopes.at(*place);
    return envelope.message_id && without_brackets(*envelope.message_id) == wanted;
}

class MailRestoring {
public:
    MailRestoring(mailbox::Account* from, MailTarget* to, MailChoice choice, TellFailed tell_failed)
        : from_(from), to_(to), choice_(std::move(choice)), tell_failed_(std::move(tell_failed)) {
        choice_.message_id = without_brackets(choice_.message_id);
    }

    net::Task<Result<MailRestored>> run() {
        const mailbox::Listing listing = CO_TRY(co_await from_->list());
        bool found = choice_.mailbox.empty();
        for (const mailbox::Mailbox& mailbox : listing.mailboxes) {
            if (!choice_.mailbox.empty() && mailbox.name != choice_.mailbox) continue;
            found = true;
            const auto restored = co_await restore(&mailbox);
            if (restored) continue;
            if (ends_all(restored.error())) co_return std::unexpected(restored.error());
            failed("mailbox " + mailbox.name, restored.error().text);
        }
        if (!found)
            co_return fail(Fault::not_found,
                           "the backup's account has no mailbox \"" + choice_.mailbox + "\"");
        const bool one = !choice_.message_id.empty() || choice_.uid.has_value();
        if (one && done_.messages + done_.present + done_.failed == 0)
            co_return fail(Fault::not_found, "the backup has no such message");
        co_return done_;
    }

private:
    admin::Request request(const std::string& operation) const {
        return {operation, {{"account", choice_.account}, {"mailbox", target_}}};
    }

    // The disk is full, or somebody stopped it: all that is left would fail too.
    static bool ends_all(const Error& error) { return error.fault == Fault::temporary; }

    net::Task<Result<void>> restore(const mailbox::Mailbox* mailbox) {
        target_ = choice_.in_place ? mailbox->name : restored_name(choice_.date, mailbox->name);
        begun_ = false;
        const auto view = CO_TRY(co_await from_->view(mailbox->id));
        const bool all = choice_.message_id.empty() && !choice_.uid;
        if (all) CO_TRY(co_await begin());
        std::size_t at = choice_.uid ? view->lower_bound(Uid(*choice_.uid)) : 0;
        std::size_t count = choice_.uid ? 1 : emails_a_read;
        while (at < view->size() && (!choice_.uid || view->at(at).uid.value == *choice_.uid)) {
            std::vector<EmailId> ids;
            for (std::size_t i = at; i < std::min(view->size(), at + count); ++i)
                ids.push_back(view->at(i).email);
            const auto emails = co_await from_->emails(ids);
            if (!emails && ends_all(emails.error())) co_return std::unexpected(emails.error());
            if (!emails && ids.size() > 1) {
                count = 1;  // one of them is damaged
                continue;
            }
            if (!emails) {
                failed(name_of(*mailbox, *view, at++), emails.error().text);
                continue;
            }
            for (const auto& email : *emails) CO_TRY(co_await restore_one(mailbox, view, at++, email));
            count = std::min(2 * count, emails_a_read);
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> restore_one(const mailbox::Mailbox* mailbox,
                                        std::shared_ptr<const mailbox::View> view, std::size_t index,
                                        std::shared_ptr<const mailbox::Email> email) {
        if (interrupted()) co_return fail(Fault::temporary, "stopped");
        if (email == nullptr) {
            failed(name_of(*mailbox, *view, index), "its record is lost");
            co_return Result<void>();
        }
        if (!is_wanted(*email)) co_return Result<void>();
        CO_TRY(co_await begin());
        const auto added = co_await add(view, index, email);
        if (added) co_return Result<void>();
        if (ends_all(added.error())) co_return std::unexpected(added.error());
        failed(name_of(*mailbox, *view, index), added.error().text);
        co_return Result<void>();
    }

    static std::string name_of(const mailbox::Mailbox& mailbox, const mailbox::View& view,
                               std::size_t index) {
        return "UID " + std::to_string(view.at(index).uid.value) + " of " + mailbox.name;
    }

    void failed(const std::string& what, const std::string& why) {
        ++done_.failed;
        tell_failed_("not restored: " + what + ": " + why);
    }

    bool is_wanted(const mailbox::Email& email) const {
        return choice_.message_id.empty() || has_message_id(email, choice_.message_id);
    }

    // Only once there is something to put there.
    net::Task<Result<void>> begin() {
        if (std::exchange(begun_, true)) co_return Result<void>();
        CO_TRY(co_await to_->ask(request("restore.mailbox"), nullptr));
        present_.clear();
        admin::Request asked = request("restore.present");
        for (bool more = true; more;) {
            const auto present = CO_TRY(co_await to_->ask(asked, nullptr));
            for (const auto& row : present.rows)
                if (!row.empty())
                    if (const auto* hash = std::get_if<std::string>(row.data())) ++present_[*hash];
            more = !present.next.empty();
            asked.fields["after"] = present.next;
        }
        ++done_.mailboxes;
        co_return Result<void>();
    }

    net::Task<Result<void>> add(std::shared_ptr<const mailbox::View> view, std::size_t index,
                                std::shared_ptr<const mailbox::Email> email) {
        const auto known = present_.find(to_hex(email->blob.sha256));
        if (known != present_.end() && known->second > 0) {
            --known->second;
            ++done_.present;
            co_return Result<void>();
        }
        // Before its request goes out: within it a failure would end the conversation.
        BlobOctets looked_at(from_, email);
        while (!CO_TRY(co_await looked_at.next()).empty()) {
        }
        const mailbox::Row& row = view->at(index);
        admin::Request message = request("restore.message");
        std::string& flags = message.fields["flags"];
        imap::append_flags(flags, view->flags_of(row));
        message.fields["received"] = std::to_string(std::max<std::int64_t>(row.received, 0));
        message.fields["prefix"] = to_base64(email->prefix);
        message.fields["octets"] = std::to_string(email->blob.octets);
        BlobOctets octets(from_, email);
        CO_TRY(co_await to_->ask(std::move(message), &octets));
        ++done_.messages;
        co_return Result<void>();
    }

    mailbox::Account* from_;
    MailTarget* to_;
    MailChoice choice_;
    TellFailed tell_failed_;
    std::string target_;
    bool begun_ = false;
    std::map<std::string, std::size_t> present_;  // of the mailbox, by hash; each is passed over once
    MailRestored done_;
};

}  // namespace

net::Task<Result<MailRestored>> restore_mail(net::World* world, store::RocksStore* from, MailTarget* to,
                                             MailChoice choice, TellFailed tell_failed) {
    const auto directory = directory::make_directory(*from, *world);
    CO_TRY(co_await directory->load());
    const auto known = co_await directory->account(choice.account);
    if (!known) co_return fail(known.error().fault, "the backup has no account " + choice.account);
    mailbox::AccountsOptions options;
    options.upkeep = false;
    const auto accounts = mailbox::make_accounts(*from, {world}, options);
    const auto account = accounts->open(known->id);
    MailRestoring restoring(account.get(), to, std::move(choice), std::move(tell_failed));
    auto done = co_await restoring.run();
    co_await accounts->stop();
    co_return done;
}

}  // namespace heliopost
