#include "mailbox/structure_record.h"

#include <algorithm>
#include <array>
#include <limits>

#include "mailbox/mailbox.pb.h"

namespace heliopost::mailbox {
namespace {

struct Media {
    std::string_view type, subtype;
};

// These tables are part of the format: entries are only ever added at the end. Number 0 is none.
constexpr auto known_media = std::to_array<Media>({
    {"text", "plain"},
    {"text", "html"},
    {"multipart", "mixed"},
    {"multipart", "alternative"},
    {"multipart", "related"},
    {"multipart", "signed"},
    {"multipart", "report"},
    {"message", "rfc822"},
    {"application", "octet-stream"},
    {"application", "pdf"},
    {"image", "jpeg"},
    {"image", "png"},
    {"image", "gif"},
    {"text", "calendar"},
    {"TEXT", "PLAIN"},
});
constexpr auto known_encodings =
    std::to_array<std::string_view>({"7bit", "8bit", "quoted-printable", "base64", "binary"});
constexpr auto known_parameters =
    std::to_array<std::string_view>({"charset", "boundary", "name", "filename", "format", "type"});

std::unexpected<Error> broken_structure() {
    return fail(Fault::internal, "a record of a message's structure is broken");
}

template <class Table, class Same>
std::uint32_t number_in(const Table& table, Same same) {
    const auto found = std::ranges::find_if(table, same);
    return found == table.end() ? 0 : static_cast<std::uint32_t>(found - table.begin()) + 1;
}

template <class Repeated>
void write_parameters(Repeated* out, const mime::Parameters& parameters) {
    for (const mime::Parameter& parameter : parameters) {
        auto& one = *out->Add();
        const auto known = number_in(known_parameters, [&](auto name) { return name == parameter.name; });
        one.set_known(known);
        if (known == 0) one.set_name(parameter.name);
        one.set_value(parameter.value);
    }
}

template <class Repeated>
Result<mime::Parameters> read_parameters(const Repeated& in) {
    mime::Parameters out;
    out.reserve(static_cast<std::size_t>(in.size()));
    for (const auto& one : in) {
        if (one.known() > known_parameters.size()) return broken_structure();
        out.push_back(
            {one.known() == 0 ? one.name() : std::string(known_parameters[one.known() - 1]), one.value()});
    }
    return out;
}

template <class Repeated>
void write_addresses(Repeated* out, const std::vector<mime::Address>& addresses) {
    for (const mime::Address& address : addresses) {
        auto& one = *out->Add();
        one.set_kind(static_cast<std::uint32_t>(address.kind));
        one.set_name(address.name);
        one.set_route(address.route);
        one.set_mailbox(address.mailbox);
        one.set_host(address.host);
        one.set_comment(address.comment);
    }
}

template <class Repeated>
Result<std::vector<mime::Address>> read_addresses(const Repeated& in) {
    std::vector<mime::Address> out;
    out.reserve(static_cast<std::size_t>(in.size()));
    for (const auto& one : in) {
        if (one.kind() > static_cast<std::uint32_t>(mime::AddressKind::group_end)) return broken_structure();
        out.push_back({.kind = static_cast<mime::AddressKind>(one.kind()),
                       .name = one.name(),
                       .route = one.route(),
                       .mailbox = one.mailbox(),
                       .host = one.host(),
                       .comment = one.comment()});
    }
    return out;
}

void write_envelope(record::Envelope& out, const mime::Envelope& in) {
    if (in.date) out.set_date(*in.date);
    if (in.subject) out.set_subject(*in.subject);
    write_addresses(out.mutable_from(), in.from);
    write_addresses(out.mutable_sender(), in.sender);
    write_addresses(out.mutable_reply_to(), in.reply_to);
    write_addresses(out.mutable_to(), in.to);
    write_addresses(out.mutable_cc(), in.cc);
    write_addresses(out.mutable_bcc(), in.bcc);
    if (in.in_reply_to) out.set_in_reply_to(*in.in_reply_to);
    if (in.message_id) out.set_message_id(*in.message_id);
    if (in.references) out.set_references(*in.references);
}

std::optional<std::string> text_if(bool has, const std::string& text) {
    return has ? std::optional(text) : std::nullopt;
}

Result<mime::Envelope> read_envelope(const record::Envelope& in) {
    mime::Envelope out;
    out.date = text_if(in.has_date(), in.date());
    out.subject = text_if(in.has_subject(), in.subject());
    out.from = TRY(read_addresses(in.from()));
    out.sender = TRY(read_addresses(in.sender()));
    out.reply_to = TRY(read_addresses(in.reply_to()));
    out.to = TRY(read_addresses(in.to()));
    out.cc = TRY(read_addresses(in.cc()));
    out.bcc = TRY(read_addresses(in.bcc()));
    out.in_reply_to = text_if(in.has_in_reply_to(), in.in_reply_to());
    out.message_id = text_if(in.has_message_id(), in.message_id());
    out.references = text_if(in.has_references(), in.references());
    return out;
}

void write_type(record::Part& out, const mime::ContentType& type) {
    const auto known = number_in(
        known_media, [&](const Media& m) { return m.type == type.type && m.subtype == type.subtype; });
    out.set_media(known);
    if (known == 0) {
        out.set_type(type.type);
        out.set_subtype(type.subtype);
    }
    write_parameters(out.mutable_parameters(), type.parameters);
}

void write_part(record::Part& out, const mime::Part& in) {
    out.set_kind(static_cast<std::uint32_t>(in.kind));
    out.set_header_begin(in.header_begin);
    out.set_header_octets(in.header_octets());
    out.set_body_octets(in.octets());
    out.set_lines(in.lines);
    write_type(out, in.type);
    out.set_disposition(in.disposition.type);
    write_parameters(out.mutable_disposition_parameters(), in.disposition.parameters);
    const auto encoding = number_in(known_encodings, [&](auto name) { return name == in.encoding; });
    out.set_known_encoding(encoding);
    if (encoding == 0) out.set_encoding(in.encoding);
    if (in.id) out.set_id(*in.id);
    if (in.description) out.set_description(*in.description);
    if (in.md5) out.set_md5(*in.md5);
    if (in.location) out.set_location(*in.location);
    for (const std::string& language : in.language) out.add_language(language);
    if (in.envelope) out.set_envelope(*in.envelope + 1);
    for (const std::uint32_t child : in.children) out.add_children(child);
}

Result<> read_ranges(const record::Part& in, std::uint64_t octets, mime::Part& out) {
    if (in.header_begin() > octets || in.header_octets() > octets - in.header_begin())
        return broken_structure();
    out.header_begin = in.header_begin();
    out.body_begin = out.header_begin + in.header_octets();
    if (in.body_octets() > octets - out.body_begin) return broken_structure();
    out.body_end = out.body_begin + in.body_octets();
    return {};
}

Result<mime::Part> read_part(const record::Part& in, std::uint64_t octets) {
    mime::Part out;
    if (in.kind() > static_cast<std::uint32_t>(mime::PartKind::message)) return broken_structure();
    out.kind = static_cast<mime::PartKind>(in.kind());
    TRY(read_ranges(in, octets, out));
    out.lines = in.lines();
    if (in.media() > known_media.size() || in.known_encoding() > known_encodings.size())
        return broken_structure();
    if (in.media() == 0) {
        out.type.type = in.type();
        out.type.subtype = in.subtype();
    } else {
        out.type.type = known_media[in.media() - 1].type;
        out.type.subtype = known_media[in.media() - 1].subtype;
    }
    out.type.parameters = TRY(read_parameters(in.parameters()));
    out.disposition = {in.disposition(), TRY(read_parameters(in.disposition_parameters()))};
    out.encoding =
        in.known_encoding() == 0 ? in.encoding() : std::string(known_encodings[in.known_encoding() - 1]);
    out.id = text_if(in.has_id(), in.id());
    out.description = text_if(in.has_description(), in.description());
    out.md5 = text_if(in.has_md5(), in.md5());
    out.location = text_if(in.has_location(), in.location());
    out.language.assign(in.language().begin(), in.language().end());
    if (in.envelope() != 0) out.envelope = in.envelope() - 1;
    out.children.assign(in.children().begin(), in.children().end());
    return out;
}

// A tree, parents first: so whoever walks it ends, and does not recurse deeper than we say.
Result<> check_tree(const mime::Structure& structure) {
    std::vector<std::size_t> depth(structure.parts.size());
    if (structure.parts.empty()) return broken_structure();
    depth[0] = 1;
    for (std::size_t i = 0; i < structure.parts.size(); ++i) {
        const mime::Part& part = structure.parts[i];
        if (depth[i] == 0 || depth[i] > structure_depth_max) return broken_structure();
        if ((part.kind == mime::PartKind::leaf) != part.children.empty()) return broken_structure();
        if (part.kind == mime::PartKind::message && part.children.size() != 1) return broken_structure();
        if (part.envelope && *part.envelope >= structure.envelopes.size()) return broken_structure();
        for (const std::uint32_t child : part.children) {
            if (child <= i || child >= depth.size() || depth[child] != 0) return broken_structure();
            depth[child] = depth[i] + 1;
            if (part.kind == mime::PartKind::message && !structure.parts[child].envelope)
                return broken_structure();
        }
    }
    if (!structure.parts[0].envelope) return broken_structure();
    return {};
}

std::optional<std::string> cut(const std::optional<std::string>& text) {
    constexpr std::size_t octets_max = 1000;
    return text ? std::optional(text->substr(0, octets_max)) : std::nullopt;
}

}  // namespace

void write_structure(record::Structure& out, const mime::Structure& structure) {
    for (const mime::Part& part : structure.parts) write_part(*out.add_parts(), part);
    for (const mime::Envelope& envelope : structure.envelopes) write_envelope(*out.add_envelopes(), envelope);
    out.set_octets(structure.octets);
    out.set_lines(structure.lines);
    out.set_traits((structure.eight_bit_header ? 1U : 0U) | (structure.eight_bit_body ? 2U : 0U) |
                   (structure.nul ? 4U : 0U) | (structure.over_limit ? 8U : 0U));
}

Result<mime::Structure> read_structure(const record::Structure& in) {
    mime::Structure out;
    out.octets = in.octets();
    out.lines = in.lines();
    out.eight_bit_header = (in.traits() & 1U) != 0;
    out.eight_bit_body = (in.traits() & 2U) != 0;
    out.nul = (in.traits() & 4U) != 0;
    out.over_limit = (in.traits() & 8U) != 0;
    out.parts.reserve(static_cast<std::size_t>(in.parts_size()));
    for (const record::Part& part : in.parts()) out.parts.push_back(TRY(read_part(part, out.octets)));
    out.envelopes.reserve(static_cast<std::size_t>(in.envelopes_size()));
    for (const record::Envelope& envelope : in.envelopes())
        out.envelopes.push_back(TRY(read_envelope(envelope)));
    TRY(check_tree(out));
    return out;
}

mime::Structure reduced(const mime::Structure& structure) {
    mime::Structure out = structure;
    mime::Part root;
    root.header_begin = structure.parts.at(0).header_begin;
    root.body_begin = structure.parts[0].body_begin;
    root.body_end = structure.parts[0].body_end;
    root.lines = structure.parts[0].lines;
    root.type = {.type = "application", .subtype = "octet-stream", .parameters = {}};
    root.envelope = 0;
    mime::Envelope envelope;
    if (const auto full = structure.parts[0].envelope) {
        const mime::Envelope& from = structure.envelopes.at(*full);
        envelope.date = cut(from.date);
        envelope.subject = cut(from.subject);
        envelope.message_id = cut(from.message_id);
        envelope.in_reply_to = cut(from.in_reply_to);
    }
    out.parts = {std::move(root)};
    out.envelopes = {std::move(envelope)};
    out.over_limit = true;
    return out;
}

}  // namespace heliopost::mailbox
