#include "delivery/header_editor.h"

#include "base/text.h"
#include "proto/mime/header.h"

namespace heliopost::delivery {
namespace {

// Where the header ends, its empty line included; npos while it does not.
std::size_t header_end(std::string_view text, std::size_t from) {
    if (text.starts_with("\r\n")) return 2;
    const std::size_t end = text.find("\r\n\r\n", from);
    return end == std::string_view::npos ? end : end + 4;
}

bool is_removed(std::string_view name) {
    return same_ignoring_case(name, "Bcc") || same_ignoring_case(name, "Resent-Bcc") ||
           same_ignoring_case(name, "Return-Path");
}

// "From\0: x" beside the From that was checked, or a "Bcc\0: x" that stays.
bool is_checked(std::string_view name) {
    return is_removed(name) || same_ignoring_case(name, "From") || same_ignoring_case(name, "Sender");
}

}  // namespace

Result<std::string> HeaderEditor::edit() const {
    if (mime::has_disguised(held_, is_checked))
        return fail(Fault::syntax, "a header field's name has octets that may not be in one");
    std::string kept;
    kept.reserve(held_.size() + 128);
    bool has_date = false;
    bool has_message_id = false;
    mime::FieldReader fields(held_);
    std::size_t copied = 0;
    while (const auto field = fields.next()) {
        has_date |= same_ignoring_case(field->name, "Date");
        has_message_id |= same_ignoring_case(field->name, "Message-ID");
        if (!is_removed(field->name)) continue;
        kept.append(held_, copied, field->begin - copied);
        copied = field->end;
    }
    kept.append(held_, copied);
    std::string added;
    if (!has_date) added += "Date: " + missing_.date + "\r\n";
    if (!has_message_id) added += "Message-ID: " + missing_.message_id + "\r\n";
    return added + kept;
}

Result<std::string> HeaderEditor::feed(std::string_view octets) {
    if (passed_) return std::string(octets);
    held_ += octets;
    const std::size_t end = header_end(held_, searched_);
    if (end == std::string::npos) {
        if (held_.size() > submitted_header_max)
            return fail(Fault::too_large, "the message's header is too large");
        searched_ = held_.size() < 3 ? 0 : held_.size() - 3;
        return std::string();
    }
    const std::string body = held_.substr(end);
    held_.resize(end);
    edited_ = TRY(edit());
    passed_ = true;
    held_.clear();
    return edited_ + body;
}

Result<std::string> HeaderEditor::finish() {
    if (passed_) return std::string();
    // A header that ends with the message still is one: a last line without CRLF cannot come through SMTP.
    passed_ = true;
    edited_ = TRY(edit());
    return edited_;
}

}  // namespace heliopost::delivery
