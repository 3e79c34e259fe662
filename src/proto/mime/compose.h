// Composer: writes messages, such as delivery reports.
//
//   Composer out;
//   out.address_field("From", {mailbox}).field("Subject", "Grüße").date_field("Date", now);
//   out.text_body("text/plain", "...");
//
// Fields are folded at 78 characters and never longer than 998 octets a line (RFC 5322 §2.1.1); other than
// ASCII goes into encoded words. No value can start a new field: line ends in one become spaces. The caller
// gives boundaries and ids: nothing here is random.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/mime/address.h"
#include "proto/mime/date.h"
#include "proto/mime/parameter.h"

namespace heliopost::mime {

class Composer {
public:
    // Unstructured text, UTF-8.
    Composer& field(std::string_view name, std::string_view text);
    // A structured value, ASCII: folded at its spaces, otherwise as given.
    Composer& structured_field(std::string_view name, std::string_view value);
    Composer& address_field(std::string_view name, const std::vector<Address>& addresses);
    Composer& date_field(std::string_view name, DateTime date);
    // RFC 2231 where a value needs it.
    Composer& content_type(std::string_view type, const Parameters& parameters = {});
    Composer& content_disposition(std::string_view type, const Parameters& parameters = {});

    // Ends the header, with MIME fields that fit the text: 7bit if it is short-lined ASCII, else
    // quoted-printable. Line ends become CRLF.
    Composer& text_body(std::string_view type, std::string_view utf8_text);
    // Ends the header; base64.
    Composer& binary_body(std::string_view type, std::string_view octets, const Parameters& parameters = {});
    // Ends the header; octets as they are (message/rfc822, message/delivery-status).
    Composer& raw_body(std::string_view octets);

    // A multipart: begin ends the header; then for each part boundary_line() and a header and body; then end.
    Composer& begin_multipart(std::string_view subtype, std::string_view boundary,
                              const Parameters& parameters = {});
    Composer& boundary_line(std::string_view boundary);
    Composer& end_multipart(std::string_view boundary);

    const std::string& text() const { return out_; }
    std::string take() { return std::move(out_); }

private:
    Composer& content_field(std::string_view name, std::string_view value, const Parameters& parameters);

    std::string out_;
    bool first_boundary_ = false;  // nothing stands between the header's end and the next boundary
};

}  // namespace heliopost::mime
