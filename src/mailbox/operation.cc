#include "mailbox/operation.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "mailbox/broken_record.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/rows_record.h"

namespace heliopost::mailbox {
namespace {

using Mode = imap::command::Store::Mode;

template <class Names>
void write_keywords(record::Operation& out, const Names& keywords) {
    ASSERT(keywords.size() <= keywords_max);
    for (const std::string& keyword : keywords) out.add_keywords(keyword);
}

Result<std::vector<std::string>> read_keywords(const record::Operation& in) {
    if (static_cast<std::size_t>(in.keywords_size()) > keywords_max)
        return broken_record("the mailbox's changes");
    return std::vector<std::string>(in.keywords().begin(), in.keywords().end());
}

Result<AppendRows> read_append(const record::Operation& in) {
    AppendRows out{TRY(read_columns(in.rows())), TRY(read_keywords(in))};
    const bool counted = in.rows().emails_size() == 0;
    if (in.first_uid() == 0 || in.first_uid() > UINT32_MAX - (out.rows.size() - 1))
        return broken_record("the mailbox's changes");
    if (counted != (in.first_email() != 0)) return broken_record("the mailbox's changes");
    std::uint64_t uid = in.first_uid();
    std::uint64_t email = in.first_email();
    for (Row& row : out.rows) {
        row.uid = Uid(static_cast<std::uint32_t>(uid++));
        if (counted) row.email = EmailId(email++);
    }
    return out;
}

Result<SetFlags> read_flags(const record::Operation& in) {
    if (in.set_flags().mode() > 2 || (in.set_flags().system() & ~0U << 5) != 0)
        return broken_record("the mailbox's changes");
    return SetFlags{static_cast<Mode>(in.set_flags().mode()),
                    static_cast<std::uint8_t>(in.set_flags().system()), TRY(read_keywords(in)),
                    TRY(unpack(in.set_flags().uids()))};
}

}  // namespace

static_assert(static_cast<int>(Mode::replace) == 0 && static_cast<int>(Mode::add) == 1 &&
              static_cast<int>(Mode::remove) == 2);

std::string encode(const SetFlags& operation) {
    ASSERT(!operation.uids.empty());
    record::Operation out;
    out.mutable_set_flags()->set_mode(static_cast<std::uint32_t>(operation.mode));
    out.mutable_set_flags()->set_system(operation.system);
    pack(operation.uids, out.mutable_set_flags()->mutable_uids());
    write_keywords(out, operation.keywords);
    return out.SerializeAsString();
}

std::string encode(const ExpungeRows& operation) {
    ASSERT(!operation.uids.empty());
    record::Operation out;
    pack(operation.uids, out.mutable_expunged());
    return out.SerializeAsString();
}

store::Tuple encode(const NewRows& rows) {
    record::Operation out;
    write_columns(*out.mutable_rows(), rows.rows,
                  rows.first_email ? EmailColumn::none : EmailColumn::written);
    write_keywords(out, rows.keywords);
    store::Tuple octets(out.SerializeAsString());
    octets.field(record::Operation::kFirstUidFieldNumber, rows.first_uid, rows.uid_plus);
    if (rows.first_email)
        octets.field(record::Operation::kFirstEmailFieldNumber, *rows.first_email, rows.email_plus);
    return octets;
}

Result<Operation> decode_operation(std::string_view key, std::string_view octets) {
    store::TupleReader parts(key);
    TRY(parts.u8());
    TRY(parts.u32());
    Operation out;
    out.at = ModSequence(TRY(parts.u64()));
    TRY(parts.u32());
    record::Operation in;
    if (!parts.done() || !in.ParseFromArray(octets.data(), static_cast<int>(octets.size())))
        return broken_record("the mailbox's changes");
    if (int{in.has_rows()} + int{in.has_set_flags()} + int{in.expunged_size() > 0} != 1)
        return broken_record("the mailbox's changes");
    if (in.has_rows()) {
        out.what = TRY(read_append(in));
    } else if (in.has_set_flags()) {
        out.what = TRY(read_flags(in));
    } else {
        out.what = ExpungeRows{TRY(unpack(in.expunged()))};
    }
    return out;
}

std::optional<std::size_t> find_keyword(const std::vector<std::string>& keywords, std::string_view keyword) {
    const auto found = std::ranges::find_if(
        keywords, [&](const std::string& known) { return same_ignoring_case(known, keyword); });
    if (found == keywords.end()) return std::nullopt;
    return static_cast<std::size_t>(found - keywords.begin());
}

std::uint64_t to_bits(const imap::Flags& flags, std::vector<std::string>& keywords) {
    std::uint64_t bits = flags.system;
    for (const std::string& keyword : flags.keywords) {
        auto at = find_keyword(keywords, keyword);
        if (!at) {
            if (keywords.size() == keywords_max) continue;  // who can refuse has done so: Account
            at = keywords.size();
            keywords.push_back(keyword);
        }
        bits |= std::uint64_t{1} << (keyword_bit + *at);
    }
    return bits;
}

}  // namespace heliopost::mailbox
