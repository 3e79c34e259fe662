// BINARY[] and BINARY.SIZE[]: a part with its transfer encoding undone. RFC 3516 §4.2, RFC 9051 §6.4.5.
//
// The literal's length must be said first, so the part is decoded twice: once to measure, once to send.
// Nothing of its size is ever held.
#include <algorithm>
#include <utility>

#include "proto/imap/encode.h"
#include "proto/mime/transfer.h"
#include "server/imap/fetch.h"

namespace heliopost::imap_server {
namespace {

mime::TransferEncoding encoding_of(const mime::Part& part) {
    // RFC 2045 §6.4: composite types have none that could be undone.
    if (part.kind != mime::PartKind::leaf) return mime::TransferEncoding::identity;
    return mime::parse_transfer_encoding(part.encoding);
}

}  // namespace

net::Task<Result<Fetch::Decoded>> Fetch::measure(std::shared_ptr<const mailbox::Email> email,
                                                 const mime::Part* part, OctetRange range) {
    mime::TransferDecoder decoder(encoding_of(*part));
    Decoded total;
    std::string decoded;
    const auto count = [&] {
        total.octets += decoded.size();
        total.nul |= decoded.contains('\0');
        decoded.clear();
    };
    while (range.begin < range.end) {
        const auto octets = std::min<std::uint64_t>(range.octets(), store::chunk_octets);
        const std::string piece = CO_TRY(co_await account_.read(email, range.begin, octets));
        if (piece.empty()) co_return fail(Fault::internal, "a message is shorter than its record says");
        decoder.feed(piece, decoded);
        count();
        range.begin += piece.size();
    }
    decoder.finish(decoded);
    count();
    co_return total;
}

net::Task<Result<void>> Fetch::append_decoded(std::shared_ptr<const mailbox::Email> email,
                                              const mime::Part* part, OctetRange range, OctetRange wanted) {
    mime::TransferDecoder decoder(encoding_of(*part));
    std::string decoded;
    std::uint64_t at = 0;
    const auto give = [&] {
        const std::uint64_t skip =
            std::min<std::uint64_t>(decoded.size(), wanted.begin > at ? wanted.begin - at : 0);
        const std::uint64_t left = wanted.end > at + skip ? wanted.end - at - skip : 0;
        out_.text() += std::string_view(decoded).substr(skip, left);
        at += decoded.size();
        decoded.clear();
    };
    while (range.begin < range.end && at < wanted.end) {
        const auto octets = std::min<std::uint64_t>(range.octets(), store::chunk_octets);
        const std::string piece = CO_TRY(co_await account_.read(email, range.begin, octets));
        if (piece.empty()) co_return fail(Fault::internal, "a message is shorter than its record says");
        decoder.feed(piece, decoded);
        give();
        range.begin += piece.size();
        co_await out_.flush_if_full();
    }
    decoder.finish(decoded);
    give();
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
    const bool whole = item.section.part.empty();
    const mime::Part plain{};  // BINARY[] is the message as it is
    const mime::Part* decoded_as = whole ? &plain : part;
    const Decoded total = CO_TRY(co_await measure(email, decoded_as, *range));
    if (size_only) {
        imap::append_number(out_.text(), total.octets);
        co_return Result<void>{};
    }
    const OctetRange wanted = cut({0, total.octets}, item.partial);
    imap::append_literal_header(out_.text(), wanted.octets(), total.nul);
    co_return co_await append_decoded(email, decoded_as, *range, wanted);
}

}  // namespace heliopost::imap_server
