#include "proto/dmarc/author.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "proto/mime/address.h"
#include "proto/mime/cfws.h"
#include "proto/mime/header.h"
#include "proto/smtp/address.h"

namespace heliopost::dmarc {
namespace {

Author refused(AuthorProblem problem, std::string reason) {
    Author author;
    author.problem = problem;
    author.reason = std::move(reason);
    return author;
}

void warn(Author& author, std::string warning) {
    if (author.warnings.size() < author_warnings_max &&
        std::ranges::find(author.warnings, warning) == author.warnings.end())
        author.warnings.push_back(std::move(warning));
}

// Octets that a reader's program may take for the end of the value or of a line, or not show at all.
bool has_controls(std::string_view value) {
    for (size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c == '\r' && (i + 1 == value.size() || value[i + 1] != '\n')) return true;
        if ((is_ascii(c) && c < ' ' && !mime::is_white(c)) || c == '\x7f') return true;
    }
    return false;
}

bool is_domain_octet(char c) {
    return is_alnum(c) || c == '-' || c == '.' || !is_ascii(c);
}

// The domains behind each "@" of a text that is shown and is no address.
void warn_of_shown(Author& author, std::string_view text, std::string_view what) {
    for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
        if (author.warnings.size() == author_warnings_max) return;
        std::string_view shown = text.substr(at + 1);
        const auto end = std::ranges::find_if_not(shown, is_domain_octet);
        shown = shown.substr(
            0, std::min<size_t>(static_cast<size_t>(end - shown.begin()), smtp::domain_octets_max));
        while (shown.ends_with('.')) shown.remove_suffix(1);
        if (!shown.contains('.')) continue;
        const auto domain = smtp::normalise_domain(shown);
        if (!domain || is_at_or_below(*domain, author.domain) || is_at_or_below(author.domain, *domain))
            continue;
        warn(author, std::string(what) + " shows the domain " + *domain);
    }
}

// The one domain of all mailboxes.
void take_domain(Author& author, std::string_view host) {
    if (author.problem != AuthorProblem::none) return;
    if (host.starts_with('[')) {
        author = refused(AuthorProblem::literal, "From has an address literal");
        return;
    }
    const auto domain = smtp::normalise_domain(host);
    if (!domain || domain->empty()) {
        author = refused(AuthorProblem::malformed, "the domain in From is none");
        return;
    }
    if (author.domain.empty()) author.domain = *domain;
    if (author.domain != *domain) {
        const std::string both = author.domain + " and " + *domain;
        author = refused(AuthorProblem::several_domains, "From has addresses of " + both);
    }
}

bool is_from(std::string_view name) {
    return same_ignoring_case(name, "From");
}

std::optional<mime::Field> only_from(std::string_view header, size_t& count) {
    std::optional<mime::Field> found;
    mime::FieldReader reader(header);
    while (const auto field = reader.next())
        if (is_from(field->name) && ++count == 1) found = field;
    return found;
}

}  // namespace

Author read_author(std::string_view header) {
    size_t count = 0;
    const std::optional<mime::Field> from = only_from(header, count);
    if (!from) return refused(AuthorProblem::missing, "there is no From field");
    if (count > 1)
        return refused(AuthorProblem::several_fields, "there are " + std::to_string(count) + " From fields");
    if (mime::has_disguised(header, is_from))
        return refused(AuthorProblem::several_fields, "a second From is in disguise");
    if (has_controls(from->value)) return refused(AuthorProblem::malformed, "From has control characters");
    mime::Limits limits;
    limits.addresses = author_addresses_max + 1;
    const std::vector<mime::Address> addresses = mime::parse_address_list(from->value, limits);
    if (addresses.size() > author_addresses_max)
        return refused(AuthorProblem::too_many, "From has too many addresses");
    Author author;
    bool group = false, bare = false;
    for (const mime::Address& one : addresses) {
        if (one.kind == mime::AddressKind::group_begin) group = true;
        if (one.kind != mime::AddressKind::mailbox) continue;
        if (one.host.empty())
            bare = true;
        else
            take_domain(author, one.host);
    }
    if (author.problem != AuthorProblem::none) return author;
    if (author.domain.empty()) return refused(AuthorProblem::no_address, "From has no address");
    if (group) warn(author, "From is a group");  // RFC 6854 §2.1
    if (bare) warn(author, "From has an entry without a domain");
    for (const mime::Address& one : addresses) {
        warn_of_shown(author, mime::display_name(one), "the name");
        warn_of_shown(author, one.comment, "a comment");
        if (one.kind != mime::AddressKind::mailbox) continue;
        warn_of_shown(author, one.route, "a source route");
        warn_of_shown(author, one.mailbox, "the local part");
    }
    return author;
}

}  // namespace heliopost::dmarc
