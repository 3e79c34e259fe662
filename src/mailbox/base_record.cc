#include "mailbox/base_record.h"

#include "base/assert.h"
#include "base/text.h"
#include "mailbox/broken_record.h"
#include "mailbox/mailbox.pb.h"

namespace heliopost::mailbox {
namespace {}  // namespace

std::string encode_base(const Base& base) {
    ASSERT(base.keywords.size() <= keywords_max);
    record::Base out;
    out.set_mod_sequence(base.mod_sequence.value);
    out.set_uid_next(base.uid_next.value);
    for (const std::string& keyword : base.keywords) out.add_keywords(keyword);
    out.set_expunged_floor(base.expunged_floor.value);
    return out.SerializeAsString();
}

Result<Base> decode_base(const std::optional<std::string>& octets) {
    if (!octets) return Base{};
    record::Base in;
    if (!in.ParseFromString(*octets) || in.uid_next() == 0) return broken_record("a mailbox");
    if (static_cast<std::size_t>(in.keywords_size()) > keywords_max) return broken_record("a mailbox");
    return Base{ModSequence(in.mod_sequence()), Uid(in.uid_next()),
                std::vector<std::string>(in.keywords().begin(), in.keywords().end()),
                ModSequence(in.expunged_floor())};
}

std::string encode_mailbox(const Mailbox& mailbox) {
    ASSERT(!mailbox.name.empty());
    ASSERT(mailbox.name.size() <= name_octets_max);
    record::Mailbox out;
    out.set_name(mailbox.name);
    out.set_role(static_cast<std::uint32_t>(mailbox.role));
    out.set_subscribed(mailbox.subscribed);
    out.set_uid_validity(mailbox.uid_validity.value);
    return out.SerializeAsString();
}

Result<Mailbox> decode_mailbox(MailboxId id, std::string_view octets) {
    record::Mailbox in;
    if (!in.ParseFromArray(octets.data(), static_cast<int>(octets.size()))) return broken_record("a mailbox");
    if (in.name().empty() || in.name().size() > name_octets_max || !is_utf8(in.name()))
        return broken_record("a mailbox");
    if (in.role() > static_cast<std::uint32_t>(Role::archive) || in.uid_validity() == 0)
        return broken_record("a mailbox");
    return Mailbox{id, in.name(), static_cast<Role>(in.role()), in.subscribed(),
                   UidValidity(in.uid_validity())};
}

}  // namespace heliopost::mailbox
