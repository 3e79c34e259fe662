#include "proto/feedback/report.h"

#include <optional>
#include <string>

#include "base/text.h"
#include "proto/feedback/unpack.h"
#include "proto/mime/scanner.h"
#include "proto/mime/transfer.h"

namespace heliopost::feedback {
namespace {

std::string decoded(const mime::Part& part, std::string_view message) {
    return mime::decode_transfer(mime::parse_transfer_encoding(part.encoding),
                                 message.substr(part.body_begin, part.octets()));
}

constexpr size_t small_front = 256;  // that is looked at for the first "<"

// By a byte order mark, XML 1.0 appendix F, or its first character.
bool is_xml(std::string_view octets) {
    constexpr std::string_view utf8_mark = "\xef\xbb\xbf";
    if (octets.starts_with("\xff\xfe") || octets.starts_with("\xfe\xff")) return true;  // UTF-16
    const std::string_view text = octets.substr(octets.starts_with(utf8_mark) ? utf8_mark.size() : 0);
    return trim(text.substr(0, small_front)).starts_with('<');
}

// By its name a file may hold a report; what it is its octets say.
bool may_be_file(const mime::Part& part) {
    return part.kind == mime::PartKind::leaf && (part.is_type("application") || part.is("text", "xml"));
}

Result<Aggregate> read_file(std::string_view octets) {
    const std::string xml = TRY(unpack(octets));
    return parse_aggregate(xml);
}

// The header of the message that the report is about: the part behind it.
std::string original_header(const mime::Structure& structure, std::string_view message) {
    for (const mime::Part& part : structure.parts) {
        if (part.is("text", "rfc822-headers"))
            return decoded(part, message).substr(0, failure_header_octets_max);
        if (part.kind != mime::PartKind::message || part.children.empty()) continue;
        const mime::Part& original = structure.parts.at(part.children.front());
        return std::string(message.substr(original.header_begin, original.header_octets())
                               .substr(0, failure_header_octets_max));
    }
    return {};
}

}  // namespace

Result<Report> read_report(std::string_view message) {
    if (message.size() > report_octets_max) return fail(Fault::too_large, "the message is too long");
    const mime::Structure structure = mime::scan(message);
    std::optional<Error> error;
    size_t tried = 0;
    for (const mime::Part& part : structure.parts) {
        if (part.is("message", "feedback-report")) {
            Failure failure = TRY(parse_failure(decoded(part, message)));
            failure.header = original_header(structure, message);
            return failure;
        }
        if (!may_be_file(part) || ++tried > report_parts_max) continue;
        auto aggregate = read_file(decoded(part, message));
        if (aggregate) return *std::move(aggregate);
        if (!error) error = aggregate.error();
    }
    if (error) return std::unexpected(*error);
    return fail(Fault::not_found, "the message brings no report");
}

Result<Report> read_any(std::string_view octets) {
    if (is_packed(octets) || is_xml(octets)) return TRY(read_file(octets));
    return read_report(octets);
}

}  // namespace heliopost::feedback
