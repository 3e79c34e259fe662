#include "server/imap/search_message.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "proto/mime/date.h"
#include "proto/mime/header.h"

namespace heliopost::imap_server {
namespace {

using Where = SearchText::Where;

std::string text_of(const std::vector<mime::Address>& addresses) {
    std::string text;
    for (const mime::Address& address : addresses) {
        if (address.kind == mime::AddressKind::group_end) continue;
        if (!text.empty()) text += ", ";
        if (!address.name.empty()) text += mime::display_name(address) + ' ';
        if (address.kind == mime::AddressKind::mailbox) text += '<' + mime::addr_spec(address) + '>';
        if (!address.comment.empty()) text += " (" + address.comment + ')';
    }
    return text;
}

// Where a header's last whole field ends: before the last line that starts another field.
std::size_t whole_fields(std::string_view header) {
    for (std::size_t end = header.rfind('\n'); end != std::string_view::npos && end > 0;
         end = header.rfind('\n', end - 1))
        if (end + 1 < header.size() && !is_space(header[end + 1])) return end + 1;
    return 0;
}

bool has_text(const mime::Part& part) {
    return part.kind == mime::PartKind::leaf && (part.is_type("text") || part.is_type("message"));
}

}  // namespace

SearchMessage::SearchMessage(std::shared_ptr<const SearchProgram> program, const mailbox::Row* row,
                             std::uint32_t number, std::shared_ptr<const mailbox::Email> email)
    : program_(std::move(program)), email_(std::move(email)) {
    facts_.row = row;
    facts_.number = number;
}

void SearchMessage::know(std::size_t text, bool found) {
    const TextSet bit = TextSet{1} << text;
    facts_.known |= bit;
    if (found) facts_.found |= bit;
}

void SearchMessage::add_found(TextSet found) {
    facts_.found |= found;
    facts_.known |= found;
}

// The field's text where the envelope has it; nothing where the header must be asked.
std::optional<std::string> SearchMessage::envelope_text(const mime::Envelope& envelope,
                                                        std::string_view field) const {
    using Addresses = std::vector<mime::Address> mime::Envelope::*;
    constexpr std::pair<std::string_view, Addresses> address_fields[] = {
        {"FROM", &mime::Envelope::from},
        {"TO", &mime::Envelope::to},
        {"CC", &mime::Envelope::cc},
        {"BCC", &mime::Envelope::bcc},
        {"REPLY-TO", &mime::Envelope::reply_to},
        {"SENDER", &mime::Envelope::sender}};
    for (const auto& [name, member] : address_fields)
        if (same_ignoring_case(field, name)) return text_of(envelope.*member);
    if (same_ignoring_case(field, "SUBJECT") && envelope.subject) return mime::decoded_subject(envelope);
    return std::nullopt;
}

void SearchMessage::look_at_date(const mime::Envelope& envelope) {
    facts_.sent_known = true;
    // RFC 9051 §6.4.4: "disregarding time and timezone": the day that the author's clock showed.
    if (const auto date = envelope.date ? mime::parse_date(*envelope.date) : std::nullopt)
        facts_.sent_day =
            std::chrono::floor<std::chrono::days>(date->time + date->zone).time_since_epoch().count();
}

std::uint64_t SearchMessage::look_at_envelope(std::uint64_t octets) {
    const auto& texts = program_->texts();
    const mime::Structure& structure = *email_->structure;
    const auto root = structure.parts.front().envelope;
    std::uint64_t done = 0;
    envelope_done_ = !root;
    if (!root) return done;
    const mime::Envelope& envelope = structure.envelopes.at(*root);
    if (program_->asks_sent_day() && !facts_.sent_known) look_at_date(envelope);
    std::string_view field;           // the one whose text is made
    std::optional<std::string> made;  // folded: many texts ask for the same
    for (; done < octets && envelope_texts_ < texts.size(); ++envelope_texts_) {
        const SearchText& wanted = texts[envelope_texts_];
        if (wanted.where != Where::field) continue;
        if (field.empty() || !same_ignoring_case(field, wanted.field)) {
            field = wanted.field;
            made = envelope_text(envelope, field);
            if (made) made = folded(*made);
            done += made ? made->size() : 0;
        }
        // An empty list of addresses may be a field without any, or none: the header knows.
        if (!made || (made->empty() && wanted.text.empty())) continue;
        know(envelope_texts_, wanted.text.empty() || contains(*made, wanted.text));
        done += made->size();
    }
    envelope_done_ = envelope_texts_ == texts.size();
    return done;
}

// What must be read for the texts that are still open, in the order of the message.
void SearchMessage::plan() {
    planned_ = true;
    const auto& parts = email_->structure->parts;
    const std::uint64_t prefix = email_->prefix.size();
    const bool any = open_texts(Where::any) != 0;
    const bool bodies = any || open_texts(Where::body) != 0;
    if (any || open_texts(Where::field) != 0)
        stretches_.push_back({{0, prefix + parts.front().body_begin}, nullptr, true});
    for (const mime::Part& part : parts) {
        const bool root = &part == parts.data();
        if (any && !root && part.header_octets() > 0)
            stretches_.push_back({{prefix + part.header_begin, prefix + part.body_begin}, nullptr, false});
        if (bodies && has_text(part) && part.octets() > 0)
            stretches_.push_back({{prefix + part.body_begin, prefix + part.body_end}, &part, false});
    }
}

std::optional<OctetRange> SearchMessage::next_range() {
    if (!planned_) plan();
    if (stretch_ == stretches_.size()) end_message();
    if (ended_ || decided()) return std::nullopt;
    OctetRange range = stretches_[stretch_].range;
    range.begin = std::max(range.begin, at_);
    for (std::size_t next = stretch_ + 1; next < stretches_.size(); ++next) {
        const OctetRange& other = stretches_[next].range;
        if (range.octets() >= search_piece_octets || other.begin > range.end + search_gap_octets) break;
        range.end = std::max(range.end, other.end);
    }
    range.end = std::min(range.end, range.begin + search_piece_octets);
    at_ = range.begin;
    return range;
}

void SearchMessage::feed(std::string_view octets) {
    if (octets.empty()) return end_message();  // shorter than its record says
    const std::uint64_t end = at_ + octets.size();
    while (stretch_ < stretches_.size() && !decided()) {
        const OctetRange& range = stretches_[stretch_].range;
        if (range.begin >= end) break;
        if (!in_stretch_) begin_stretch();
        const std::uint64_t from = std::max(at_, range.begin);
        const std::uint64_t to = std::max(from, std::min(range.end, end));
        take(octets.substr(from - (end - octets.size()), to - from));
        at_ = to;
        if (to < range.end) break;
        end_stretch();
    }
    at_ = end;
    if (stretch_ == stretches_.size()) end_message();
}

void SearchMessage::begin_stretch() {
    in_stretch_ = true;
    const mime::Part* part = stretches_[stretch_].part;
    if (part == nullptr) return;
    const auto charset = mime::find_parameter(part->type.parameters, "charset").value_or("us-ascii");
    body_.emplace(mime::TransferDecoder(mime::parse_transfer_encoding(part->encoding)),
                  mime::CharsetReader(charset),
                  TextFinder(program_->folded_texts(), open_texts(Where::body) | open_texts(Where::any)));
}

void SearchMessage::take(std::string_view octets) {
    if (!body_) return take_header(octets);
    Body& body = *body_;
    while (!octets.empty() && !body.finder.done()) {
        take_body(body, octets.substr(0, search_slice_octets), false);
        octets.remove_prefix(std::min(octets.size(), search_slice_octets));
    }
}

void SearchMessage::take_body(Body& body, std::string_view octets, bool last) {
    std::string decoded;
    body.decoder.feed(octets, decoded);
    if (last) body.decoder.finish(decoded);
    std::string text;
    body.charset.feed(decoded, text);
    if (last) body.charset.finish(text);
    body.finder.feed(text);
    add_found(body.finder.found());
}

void SearchMessage::end_stretch() {
    const Stretch& ended = stretches_[stretch_];
    if (body_) {
        if (!body_->finder.done()) take_body(*body_, {}, true);
        body_.reset();
    } else {
        take_fields(std::exchange(header_, {}));
    }
    if (ended.root) facts_.known |= program_->texts_of(Where::field);
    ++stretch_;
    in_stretch_ = false;
}

void SearchMessage::take_header(std::string_view octets) {
    header_ += octets;
    const std::size_t whole =
        header_.size() > search_field_octets_max ? header_.size() : whole_fields(header_);
    take_fields(std::string_view(header_).substr(0, whole));
    header_.erase(0, whole);
}

void SearchMessage::take_fields(std::string_view fields) {
    const bool root = stretches_[stretch_].root;
    const auto& texts = program_->texts();
    const TextSet anywhere = open_texts(Where::any);
    mime::FieldReader reader(fields);
    while (const auto field = reader.next()) {
        std::string value;  // made when somebody asks for it
        const auto needed = [&] {
            if (value.empty())
                value = folded(field->name) + ": " + folded(mime::decode_unstructured(field->value));
            return std::string_view(value);
        };
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if ((facts_.known >> i & 1) != 0) continue;
            if ((anywhere >> i & 1) != 0 && contains(needed(), texts[i].text)) know(i, true);
            if (!root || texts[i].where != Where::field || !same_ignoring_case(texts[i].field, field->name))
                continue;
            if (texts[i].text.empty() || contains(needed().substr(field->name.size() + 2), texts[i].text))
                know(i, true);
        }
    }
}

// Everything was looked at: what was not found is not there.
void SearchMessage::end_message() {
    ended_ = true;
    facts_.known = ~TextSet{0};
    facts_.sent_known = true;
}

}  // namespace heliopost::imap_server
