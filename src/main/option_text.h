// The forms that a text in the configuration may have to have.
#pragma once

#include <string_view>

namespace heliopost {

// Letters, digits and "-" in labels: RFC 5321 §2.3.5, RFC 1123 §2.1. What is not ASCII is written as
// A-labels.
bool is_host_name(std::string_view text);

// "smtp.example.net", "192.0.2.1:587", "[2001:db8::1]:587"
bool is_host_and_port(std::string_view text);

// "192.0.2.53", "2001:db8::53@5353"
bool is_resolver(std::string_view text);

// "dmarc@example.org", ASCII
bool is_mail_address(std::string_view text);

// UTF-8 without controls, at most 200 octets: for a name in a header field.
bool is_one_line(std::string_view text);

}  // namespace heliopost
