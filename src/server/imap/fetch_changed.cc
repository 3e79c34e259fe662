// What is not sent as it stands in the message: BINARY[] and BINARY.SIZE[], a part with its transfer encoding
// undone (RFC 3516 §4.2, RFC 9051 §6.4.5); HEADER.FIELDS, some of a header.
//
// The literal's length must be said first, so the octets are read and changed twice: once to measure, once to
// send. Nothing of their size is ever held.
#include <algorithm>
#include <utility>

#include "proto/imap/encode.h"
#include "proto/mime/transfer.h"
#include "server/imap/fetch.h"
#include "server/imap/header_filter.h"

namespace heliopost::imap_server {
namespace {

constexpr std::size_t filter_name_octets = 64;  // what a name costs beforehand, in octets of a header

mime::TransferEncoding encoding_of(const mime::Part& part) {
    // RFC 2045 §6.4: composite types have none that could be undone.
    if (part.kind != mime::PartKind::leaf) return mime::TransferEncoding::identity;
    return mime::parse_transfer_encoding(part.encoding);
}

// A feed() and a finish() as one function; each call gives a new one, at its beginning.
template <class Machine>
std::function<void(std::string_view, std::string&)> run_through(Machine machine) {
    return [machine = std::move(machine)](std::string_view piece, std::string& out) mutable {
        if (piece.empty())
            machine.finish(out);
        else
            machine.feed(piece, out);
    };
}

}  // namespace

// What is read comes from memory as a rule, so that nothing else would give others their turn.
net::Task<Result<void>> Fetch::read_in_turns(std::shared_ptr<const mailbox::Email> email, OctetRange range,
                                             Give give) {
    bool wanted = true;
    while (wanted && range.begin < range.end) {
        const auto octets = std::min<std::uint64_t>(range.octets(), store::chunk_octets);
        const std::string chunk = CO_TRY(co_await account_.read(email, range.begin, octets));
        if (chunk.empty()) co_return fail(Fault::internal, "a message is shorter than its record says");
        for (std::size_t at = 0; wanted && at < chunk.size(); at += fetch_turn_octets) {
            const auto piece = std::string_view(chunk).substr(at, fetch_turn_octets);
            wanted = give(piece);
            if (pace_.is_due(piece.size())) co_await pace_.rest();
            co_await out_.flush_if_full();
        }
        range.begin += chunk.size();
    }
    co_return Result<void>{};
}

net::Task<Result<Fetch::Changed>> Fetch::measure(std::shared_ptr<const mailbox::Email> email,
                                                 OctetRange range, Change change) {
    Changed total;
    std::string changed;
    const auto take = [&](std::string_view piece) {
        change(piece, changed);
        total.octets += changed.size();
        total.nul |= changed.contains('\0');
        changed.clear();
        return true;
    };
    CO_TRY(co_await read_in_turns(std::move(email), range, take));
    take({});
    co_return total;
}

net::Task<Result<void>> Fetch::append_changed(std::shared_ptr<const mailbox::Email> email, OctetRange range,
                                              Change change, OctetRange wanted) {
    std::string changed;
    std::uint64_t at = 0;
    const auto give = [&](std::string_view piece) {
        change(piece, changed);
        const std::uint64_t skip =
            std::min<std::uint64_t>(changed.size(), wanted.begin > at ? wanted.begin - at : 0);
        const std::uint64_t left = wanted.end > at + skip ? wanted.end - at - skip : 0;
        out_.text() += std::string_view(changed).substr(skip, left);
        at += changed.size();
        changed.clear();
        return at < wanted.end;
    };
    if (wanted.end > 0) CO_TRY(co_await read_in_turns(std::move(email), range, give));
    give({});
    co_return Result<void>{};
}

net::Task<Result<void>> Fetch::append_binary(imap::FetchItem item,
                                             std::shared_ptr<const mailbox::Email> email) {
    const mime::Part* part = item.section.part.empty()
                                 ? email->structure->parts.data()
                                 : mime::find_part(*email->structure, item.section.part);
    const auto range = section_range(*email, item.section);
    const bool size_only = item.kind == imap::FetchItem::Kind::binary_size;
    if (part == nullptr || !range) {
        out_.text() += size_only ? "0" : "NIL";
        co_return Result<void>{};
    }
    if (encoding_of(*part) == mime::TransferEncoding::unknown) {
        unknown_encoding_ = true;  // the tagged NO [UNKNOWN-CTE] says so: RFC 3516 §4.3
        out_.text() += size_only ? "0" : "NIL";
        co_return Result<void>{};
    }
    const bool whole = item.section.part.empty();  // BINARY[] is the message as it is
    const auto encoding = whole ? mime::TransferEncoding::identity : encoding_of(*part);
    const Changed total =
        CO_TRY(co_await measure(email, *range, run_through(mime::TransferDecoder(encoding))));
    if (size_only) {
        imap::append_number(out_.text(), total.octets);
        co_return Result<void>{};
    }
    const OctetRange wanted = cut({0, total.octets}, item.partial);
    imap::append_literal_header(out_.text(), wanted.octets(), total.nul);
    co_return co_await append_changed(email, *range, run_through(mime::TransferDecoder(encoding)), wanted);
}

net::Task<Result<void>> Fetch::append_header_fields(imap::FetchItem item,
                                                    std::shared_ptr<const mailbox::Email> email,
                                                    OctetRange range) {
    // Each filter sorts the names: 100 messages with 200 such items would be many.
    if (pace_.is_due(filter_name_octets * item.section.fields.size())) co_await pace_.rest();
    const Changed total = CO_TRY(co_await measure(email, range, run_through(HeaderFilter(item.section))));
    const OctetRange wanted = cut({0, total.octets}, item.partial);
    imap::append_literal_header(out_.text(), wanted.octets());
    co_return co_await append_changed(email, range, run_through(HeaderFilter(item.section)), wanted);
}

}  // namespace heliopost::imap_server
