#include "proto/imap/structure_writer.h"

#include <array>
#include <limits>

#include "base/text.h"
#include "proto/imap/encode.h"
#include "proto/imap/limits.h"

namespace heliopost::imap {
namespace {

using mime::AddressKind;
using mime::Part;
using mime::PartKind;
using mime::Structure;

class StructureWriter {
public:
    StructureWriter(std::string& out, Revision revision) : out_(out), revision_(revision) {}

    // envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP
    //            env-bcc SP env-in-reply-to SP env-message-id ")"
    template <class Envelope>
    bool envelope(const Envelope& envelope, EnvelopePlace& place, std::size_t text_octets) {
        const std::array lists{&envelope.from,
                               &envelope.sender_or_from(),
                               &envelope.reply_to_or_from(),
                               &envelope.to,
                               &envelope.cc,
                               &envelope.bcc};
        const std::array texts{&envelope.date, &envelope.subject, &envelope.in_reply_to,
                               &envelope.message_id};
        constexpr std::size_t texts_before = 2;
        constexpr std::size_t fields = lists.size() + texts.size();
        while (place.field < fields) {
            if (place.address == 0) out_ += place.field == 0 ? '(' : ' ';
            const std::size_t list = place.field - texts_before;
            if (place.field < texts_before)
                nstring(*texts[place.field]);
            else if (list >= lists.size())
                nstring(*texts[place.field - lists.size()]);
            else if (!addresses(*lists[list], place.address, text_octets))
                return false;
            if (++place.field < fields && out_.size() >= text_octets) return false;
        }
        out_ += ')';
        return true;
    }

    template <class Envelope>
    void envelope(const Envelope& whole) {
        EnvelopePlace place;
        envelope(whole, place, std::numeric_limits<std::size_t>::max());
    }

    // body = "(" (body-type-1part / body-type-mpart) ")"
    void body(const Structure& structure, std::uint32_t index, StructureForm form, size_t depth) {
        const Part& part = structure.parts[index];
        const bool opaque = depth >= structure_depth_max;
        out_ += '(';
        if (part.kind == PartKind::multipart && !part.children.empty() && !opaque)
            multipart(structure, part, form, depth);
        else
            single_part(structure, part, form, depth);
        out_ += ')';
    }

private:
    void string(std::string_view text) { append_string(out_, text, revision_); }
    template <class Text>
    void nstring(const std::optional<Text>& text) {
        if (text)
            string(*text);
        else
            out_ += "NIL";
    }
    void string_or_nil(std::string_view text) {
        if (text.empty())
            out_ += "NIL";
        else
            string(text);
    }

    // "(" 1*address ")" / nil
    template <class Addresses>
    bool addresses(const Addresses& list, std::size_t& next, std::size_t text_octets) {
        if (list.empty()) {
            out_ += "NIL";
            return true;
        }
        if (next == 0) out_ += '(';
        while (next < list.size()) {
            address(list[next++]);
            if (next < list.size() && out_.size() >= text_octets) return false;
        }
        out_ += ')';
        next = 0;
        return true;
    }

    // address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"; groups: RFC 9051 §7.5.2
    template <class Address>
    void address(const Address& address) {
        if (address.kind == AddressKind::group_end) {
            out_ += "(NIL NIL NIL NIL)";
            return;
        }
        if (address.kind == AddressKind::group_begin) {
            out_ += "(NIL NIL ";
            string(address.mailbox.empty() ? address.name : address.mailbox);
            out_ += " NIL)";
            return;
        }
        out_ += '(';
        string_or_nil(address.name);
        out_ += ' ';
        string_or_nil(address.route);
        out_ += ' ';
        string(address.mailbox);
        out_ += ' ';
        string(address.host);
        out_ += ')';
    }

    // body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
    void parameters(const mime::Parameters& parameters) {
        if (parameters.empty()) {
            out_ += "NIL";
            return;
        }
        char before = '(';
        for (const auto& [name, value] : parameters) {
            out_ += before;
            before = ' ';
            string(name);
            out_ += ' ';
            string(value);
        }
        out_ += ')';
    }

    // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    void multipart(const Structure& structure, const Part& part, StructureForm form, size_t depth) {
        for (const auto child : part.children) body(structure, child, form, depth + 1);
        out_ += ' ';
        string(part.type.subtype.empty() ? "MIXED" : part.type.subtype);
        if (form == StructureForm::body) return;
        out_ += ' ';
        parameters(part.type.parameters);
        extension(part);
    }

    // body-type-msg: RFC 3501 knows RFC822 only; a message/global is a basic part there.
    bool is_message(const Part& part) const {
        if (part.kind != PartKind::message || part.children.size() != 1) return false;
        return part.is("message", "rfc822") || (revision_ == Revision::rev2 && part.is("message", "global"));
    }

    void media(const Part& part, bool readable) {
        const bool untyped = part.type.type.empty() || part.type.subtype.empty();
        string(!readable ? "APPLICATION" : untyped ? "TEXT" : part.type.type);
        out_ += ' ';
        string(!readable ? "OCTET-STREAM" : untyped ? "PLAIN" : part.type.subtype);
    }

    // body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
    void single_part(const Structure& structure, const Part& part, StructureForm form, size_t depth) {
        const bool message = is_message(part) && depth < structure_depth_max;
        // What would make the reader expect something that is not there is shown as octets.
        const bool broken_message = !message && part.is("message", "rfc822");
        const bool broken_global = !message && revision_ == Revision::rev2 && part.is("message", "global");
        const bool readable = !broken_message && !broken_global && !part.is_type("multipart");
        media(part, readable);
        out_ += ' ';
        parameters(part.type.parameters);
        out_ += ' ';
        nstring(part.id);
        out_ += ' ';
        nstring(part.description);
        out_ += ' ';
        string(part.encoding.empty() ? "7BIT" : part.encoding);
        out_ += ' ';
        append_number(out_, part.octets());
        if (message) {
            const Part& child = structure.parts[part.children.front()];
            out_ += ' ';
            envelope(child.envelope ? structure.envelopes[*child.envelope] : mime::Envelope{});
            out_ += ' ';
            body(structure, part.children.front(), form, depth + 1);
        }
        const bool text =
            readable && (part.type.type.empty() || part.type.subtype.empty() || part.is_type("text"));
        if (message || text) {
            out_ += ' ';
            append_number(out_, part.lines);
        }
        if (form == StructureForm::body) return;
        out_ += ' ';
        nstring(part.md5);
        extension(part);
    }

    // SP body-fld-dsp SP body-fld-lang SP body-fld-loc
    void extension(const Part& part) {
        if (part.disposition.type.empty()) {
            out_ += " NIL ";
        } else {
            out_ += " (";
            string(part.disposition.type);
            out_ += ' ';
            parameters(part.disposition.parameters);
            out_ += ") ";
        }
        languages(part);
        out_ += ' ';
        nstring(part.location);
    }

    // body-fld-lang = nstring / "(" string *(SP string) ")"
    void languages(const Part& part) {
        if (part.language.empty()) {
            out_ += "NIL";
            return;
        }
        char before = '(';
        for (const auto& language : part.language) {
            out_ += before;
            before = ' ';
            string(language);
        }
        out_ += ')';
    }

    std::string& out_;
    Revision revision_;
};

}  // namespace

bool append_envelope(std::string& out, const mime::Envelope& envelope, Revision revision,
                     EnvelopePlace& place, std::size_t text_octets) {
    return StructureWriter(out, revision).envelope(envelope, place, text_octets);
}

bool append_envelope(std::string& out, const mime::EnvelopeView& envelope, Revision revision,
                     EnvelopePlace& place, std::size_t text_octets) {
    return StructureWriter(out, revision).envelope(envelope, place, text_octets);
}

void append_envelope(std::string& out, const mime::Envelope& envelope, Revision revision) {
    StructureWriter(out, revision).envelope(envelope);
}

void append_envelope(std::string& out, const mime::EnvelopeView& envelope, Revision revision) {
    StructureWriter(out, revision).envelope(envelope);
}

void append_structure(std::string& out, const Structure& structure, StructureForm form, Revision revision) {
    StructureWriter(out, revision).body(structure, 0, form, 0);
}

}  // namespace heliopost::imap
