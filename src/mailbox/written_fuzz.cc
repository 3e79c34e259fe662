// Records as this program writes them, and with an octet changed: what is written is read as it was, what is
// changed is read as something sound or not at all.
//
// The first octet chooses: a message, kept as an Email's record; or rows and what is done to them, six octets
// a step.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mailbox/base_record.h"
#include "mailbox/email_record.h"
#include "mailbox/envelope_record.h"
#include "mailbox/keys.h"
#include "mailbox/rows_record.h"
#include "mailbox/structure_record.h"
#include "mailbox/view_builder.h"
#include "proto/mime/scanner.h"

namespace {

using namespace heliopost;
using namespace heliopost::mailbox;

void must(bool holds) {
    if (!holds) std::abort();
}

void check_email(std::string_view message, std::uint8_t changed) {
    NewEmail email;
    email.blob.octets = message.size();
    email.blob.sha256 = std::string(32, 'h');
    email.prefix = "Received: x\r\n";
    email.preview = "preview";
    email.structure = std::make_shared<const mime::Structure>(mime::scan(message));
    std::string record;
    for (const std::string& piece : encode_email(email, 7)) record += piece;
    const auto read = decode_email(EmailId(1), record);
    must(read && *(*read)->structure == *email.structure && (*read)->prefix == email.prefix);
    mime::EnvelopeView shown;
    must(read_envelope(record, shown).has_value());
    const mime::Structure less = reduced(*email.structure);
    must(less.parts.size() == 1 && less.octets == email.structure->octets);

    record[changed * record.size() / 256] ^= static_cast<char>(1U << changed % 8);
    const auto other = decode_email(EmailId(1), record);
    (void)read_envelope(record, shown).has_value();
    if (!other) return;
    for (const mime::Part& part : (*other)->structure->parts)
        must(part.header_begin <= part.body_begin && part.body_begin <= part.body_end &&
             part.body_end <= (*other)->structure->octets);
}

// Octets of the input as numbers, zeros behind its end.
class Numbers {
public:
    explicit Numbers(std::string_view octets) : rest_(octets) {}
    bool done() const { return rest_.empty(); }
    std::uint32_t next() {
        if (rest_.empty()) return 0;
        const auto octet = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return octet;
    }

private:
    std::string_view rest_;
};

std::string operation_key(std::uint64_t at) {
    return key::at(key::Kind::operation, MailboxId(1), ModSequence(at)) + std::string(4, '\0');
}

// Reads back what it writes, and the view holds what a plain list of rows does.
class Mailboxes {
public:
    void step(Numbers& in) {
        const std::uint32_t kind = in.next();
        const std::uint32_t first = in.next();
        const std::uint32_t count = in.next() % 8 + 1;
        const std::string keyword = "k" + std::to_string(in.next() % 4);
        const auto system = static_cast<std::uint8_t>(in.next() % 32);
        ++at_;
        if (kind % 3 == 0) {
            append(count, system);
        } else if (kind % 3 == 1) {
            const auto mode = static_cast<imap::command::Store::Mode>(in.next() % 3);
            const SetFlags flags{mode, system, {keyword}, {{first + 1, first + count}}};
            const auto read = decode_operation(operation_key(at_), encode(flags));
            must(read && std::get<SetFlags>(read->what).system == system);
            must(builder_.apply(*read).has_value());
        } else {
            const ExpungeRows rows{{{first + 1, first + count}}};
            const auto read = decode_operation(operation_key(at_), encode(rows));
            must(read && std::get<ExpungeRows>(read->what).uids == rows.uids);
            must(builder_.apply(*read).has_value());
            std::erase_if(uids_, [&](std::uint32_t uid) { return uid > first && uid <= first + count; });
        }
    }

    void finish(std::uint8_t changed) {
        const auto view = builder_.finish();
        must(view->size() == uids_.size() && view->status().messages == uids_.size());
        for (std::size_t i = 0; i < uids_.size(); ++i) must(view->at(i).uid.value == uids_[i]);
        ViewBuilder again(Mailbox{}, Uid(last_ + 1), view->keywords(), ModSequence(at_));
        for (const auto& chunk : view->chunks()) {
            std::string octets = encode_chunk(chunk->rows, ModSequence(at_));
            const auto read = decode_chunk(octets);
            must(read && read->chunk->rows == chunk->rows);
            must(again.add_chunk(chunk->rows.front().uid, read->chunk, read->as_of).has_value());
            octets[changed * octets.size() / 256] ^= static_cast<char>(1U << changed % 8);
            if (const auto other = decode_chunk(octets))
                for (std::size_t i = 1; i < other->chunk->rows.size(); ++i)
                    must(other->chunk->rows[i - 1].uid < other->chunk->rows[i].uid);
        }
        const auto same = again.finish();
        must(same->size() == uids_.size());
        ViewBuilder more(*same);
        more.set_highest(ModSequence(at_ + 1));
        must(more.apply({ModSequence(at_ + 1), ExpungeRows{{{1, changed + 1U}}}}).has_value());
        std::erase_if(uids_, [&](std::uint32_t uid) { return uid <= changed + 1U; });
        must(more.finish()->size() == uids_.size());
        must(key::chunk(inbox, Uid(1)) < key::chunk(inbox, Uid(2)) &&
             key::email(EmailId(1), 1) < key::email(EmailId(2), 0));
        must(key::of(key::Kind::mailbox) < key::of(key::Kind::base, inbox) &&
             key::of(key::Kind::email, EmailId(1)) < key::membership(EmailId(1), inbox));
        must(key::of(key::Counter::uid) < key::of(key::Counter::uid, inbox));
        Base base{ModSequence(at_), Uid(last_ + 1), view->keywords(), ModSequence(1)};
        const auto base_read = decode_base(encode_base(base));
        must(base_read && base_read->uid_next == base.uid_next && base_read->keywords == base.keywords);
        Mailbox mailbox;
        mailbox.name = "a/\u00e4";
        mailbox.uid_validity = UidValidity(1);
        const auto mailbox_read = decode_mailbox(MailboxId(1), encode_mailbox(mailbox));
        must(mailbox_read && mailbox_read->name == mailbox.name);
    }

private:
    void append(std::uint32_t count, std::uint8_t system) {
        std::vector<Row> rows(count);
        for (Row& row : rows) {
            row.flags = system;
            row.octets = at_ * 1'000;
            row.received = row.saved = static_cast<std::int64_t>(at_);
        }
        const std::vector<std::string> keywords;
        store::Tuple tuple = encode(NewRows{rows, keywords, store::Slot{0}, 0, store::Slot{1}, 0});
        tuple.fill({last_ + 1, last_ + 1});
        const auto read = decode_operation(operation_key(at_), tuple.str());
        must(read && std::get<AppendRows>(read->what).rows.size() == count);
        must(builder_.apply(*read).has_value());
        for (std::uint32_t i = 0; i < count; ++i) uids_.push_back(++last_);
    }

    ViewBuilder builder_{Mailbox{}, Uid(1), {}, ModSequence()};
    std::vector<std::uint32_t> uids_;
    std::uint32_t last_ = 0;
    std::uint64_t at_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    if (size < 2 || size > 10'000) return 0;
    const std::string_view in(reinterpret_cast<const char*>(octets + 2), size - 2);
    if (octets[0] % 2 == 0) {
        check_email(in, octets[1]);
        return 0;
    }
    Mailboxes mailboxes;
    Numbers numbers(in.substr(0, 1'200));
    while (!numbers.done()) mailboxes.step(numbers);
    mailboxes.finish(octets[1]);
    return 0;
}
