// BODY[...], RFC822 and its kin: octets of the message, streamed.
#include <algorithm>
#include <utility>

#include "proto/imap/encode.h"
#include "server/imap/fetch.h"

namespace heliopost::imap_server {
namespace {

using Kind = imap::FetchItem::Kind;

imap::Section section_of(const imap::FetchItem& item) {
    imap::Section section = item.section;
    if (item.kind == Kind::rfc822_header) section.text = imap::Section::Text::header;
    if (item.kind == Kind::rfc822_text) section.text = imap::Section::Text::text;
    return section;
}

}  // namespace

net::Task<Result<void>> Fetch::append_octets_item(imap::FetchItem item,
                                                  std::shared_ptr<const mailbox::Email> email) {
    if (item.kind == Kind::binary || item.kind == Kind::binary_size)
        return append_binary(std::move(item), std::move(email));
    return append_section(std::move(item), std::move(email));
}

net::Task<Result<void>> Fetch::append_section(imap::FetchItem item,
                                              std::shared_ptr<const mailbox::Email> email) {
    const imap::Section section = section_of(item);
    const auto range = section_range(*email, section);
    if (!range) {
        out_.text() += "NIL";
        co_return Result<void>{};
    }
    using Text = imap::Section::Text;
    if (section.text == Text::header_fields || section.text == Text::header_fields_not)
        co_return co_await append_header_fields(std::move(item), std::move(email), *range);
    const OctetRange wanted = cut(*range, item.partial);
    // Deviates from RFC 9051 §4.3.1: a NUL in the message goes out as it is. Octet-exact is our promise, and
    // what clients make of it is what they make of every other server that keeps it.
    imap::append_literal_header(out_.text(), wanted.octets());
    co_return co_await append_octets(std::move(email), wanted);
}

net::Task<Result<void>> Fetch::append_octets(std::shared_ptr<const mailbox::Email> email, OctetRange range) {
    while (range.begin < range.end) {
        const auto count = std::min<std::uint64_t>(range.octets(), store::chunk_octets);
        const std::string piece = CO_TRY(co_await account_.read(email, range.begin, count));
        if (piece.empty()) co_return fail(Fault::internal, "a message is shorter than its record says");
        out_.text() += piece;
        range.begin += piece.size();
        co_await out_.flush_if_full();
    }
    co_return Result<void>{};
}

}  // namespace heliopost::imap_server
