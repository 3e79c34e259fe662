#include "mailbox/rows_record.h"
#include "mailbox/broken_record.h"

#include <google/protobuf/arena.h>

#include "base/assert.h"
#include "mailbox/mailbox.pb.h"

namespace heliopost::mailbox {
namespace {

std::int64_t difference(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::int64_t>(a - b);
}
std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Row by row, so that each row's cache line is touched once.
Result<> read_common(const record::Rows& in, std::vector<Row>& rows) {
    const int count = in.flags_size();
    if (count == 0 || static_cast<std::size_t>(count) > chunk_rows)
        return broken_record("the mailbox's messages");
    if (in.octets_size() != count || in.received_size() != count || in.saved_after_received_size() != count)
        return broken_record("the mailbox's messages");
    if (in.emails_size() != 0 && in.emails_size() != count) return broken_record("the mailbox's messages");
    const bool emails = in.emails_size() != 0;
    const auto column = [count](const auto& values) {
        return std::span(values.data(), static_cast<std::size_t>(values.empty() ? 0 : count));
    };
    const auto flags = column(in.flags());
    const auto octets = column(in.octets());
    const auto received_column = column(in.received());
    const auto saved = column(in.saved_after_received());
    const auto emails_column = column(in.emails());
    rows.resize(static_cast<std::size_t>(count));
    std::uint64_t email = 0;
    std::int64_t received = 0;
    std::size_t i = 0;
    for (Row& row : rows) {
        row.flags = flags[i];
        row.octets = octets[i];
        received = sum(received, received_column[i]);
        row.received = received;
        row.saved = sum(received, saved[i]);
        if (emails) {
            email += static_cast<std::uint64_t>(emails_column[i]);
            row.email = EmailId(email);
        }
        ++i;
    }
    return {};
}

}  // namespace

void write_columns(record::Rows& out, std::span<const Row> rows, EmailColumn emails) {
    ASSERT(!rows.empty());
    ASSERT(rows.size() <= chunk_rows);
    Row before;
    for (const Row& row : rows) {
        if (emails == EmailColumn::written) out.add_emails(difference(row.email.value, before.email.value));
        out.add_flags(row.flags);
        out.add_octets(row.octets);
        out.add_received(row.received - before.received);
        out.add_saved_after_received(row.saved - row.received);
        before = row;
    }
}

Result<std::vector<Row>> read_columns(const record::Rows& in) {
    std::vector<Row> rows;
    TRY(read_common(in, rows));
    return rows;
}

std::string encode_chunk(std::span<const Row> rows, ModSequence as_of) {
    google::protobuf::Arena arena;
    auto& out = *google::protobuf::Arena::CreateMessage<record::Rows>(&arena);
    out.set_as_of(as_of.value);
    write_columns(out, rows, EmailColumn::written);
    Row before;
    for (const Row& row : rows) {
        ASSERT(row.uid > before.uid);
        ASSERT(row.mod_sequence <= as_of);
        out.add_uids(row.uid.value - before.uid.value);
        out.add_mod_sequences(difference(row.mod_sequence.value, before.mod_sequence.value));
        before = row;
    }
    return out.SerializeAsString();
}

Result<DecodedChunk> decode_chunk(std::string_view octets) {
    google::protobuf::Arena arena;
    auto& in = *google::protobuf::Arena::CreateMessage<record::Rows>(&arena);
    if (!in.ParseFromArray(octets.data(), static_cast<int>(octets.size())))
        return broken_record("the mailbox's messages");
    if (in.uids_size() != in.flags_size() || in.mod_sequences_size() != in.flags_size())
        return broken_record("the mailbox's messages");
    if (in.emails_size() != in.flags_size()) return broken_record("the mailbox's messages");

    DecodedChunk out{std::make_shared<Chunk>(), ModSequence(in.as_of())};
    auto& rows = out.chunk->rows;
    TRY(read_common(in, rows));
    std::uint64_t uid = 0;
    std::uint64_t mod_sequence = 0;
    std::uint64_t highest = 0;
    const std::uint32_t* uids = in.uids().data();
    const std::int64_t* mod_sequences = in.mod_sequences().data();
    for (Row& row : rows) {
        if (*uids == 0) return broken_record("the mailbox's messages");
        uid += *uids++;
        mod_sequence += static_cast<std::uint64_t>(*mod_sequences++);
        highest = std::max(highest, mod_sequence);
        row.uid = Uid(static_cast<std::uint32_t>(uid));
        row.mod_sequence = ModSequence(mod_sequence);
    }
    if (uid > UINT32_MAX || highest > in.as_of()) return broken_record("the mailbox's messages");
    out.chunk->highest = ModSequence(highest);
    return out;
}

}  // namespace heliopost::mailbox
