#include "main/option_text.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <string>

#include "base/text.h"
#include "proto/smtp/address.h"

namespace heliopost {
namespace {

constexpr std::size_t label_octets_max = 63, name_octets_max = 255;  // RFC 1035 §2.3.4

bool is_label(std::string_view label) {
    const auto part = [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; };
    return !label.empty() && label.size() <= label_octets_max && std::ranges::all_of(label, part) &&
           label.front() != '-' && label.back() != '-';
}

bool is_address(std::string_view text) {
    boost::system::error_code wrong;
    (void)boost::asio::ip::make_address(std::string(text), wrong);
    return !wrong;
}

bool is_port(std::string_view text) {
    const auto port = to_number(text);
    return port && *port > 0 && *port <= 65535;
}

}  // namespace

bool is_host_name(std::string_view text) {
    return text.size() <= name_octets_max && std::ranges::all_of(split(text, '.'), is_label);
}

bool is_host_and_port(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || !is_address(text.substr(1, end - 1))) return false;
        const auto rest = text.substr(end + 1);
        return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
    }
    const auto colon = text.find(':');
    if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
    return is_host_name(text.substr(0, colon));
}

bool is_resolver(std::string_view text) {
    const auto at = text.find('@');
    if (at != std::string_view::npos && !is_port(text.substr(at + 1))) return false;
    return is_address(text.substr(0, at));
}

bool is_mail_address(std::string_view text) {
    const auto address = smtp::parse_address(text);
    return address && address->ascii() && !address->domain.empty() && !address->literal();
}

bool is_one_line(std::string_view text) {
    constexpr std::size_t line_octets = 200;
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
    return text.size() <= line_octets && is_utf8(text) && std::ranges::none_of(text, is_control);
}

}  // namespace heliopost
