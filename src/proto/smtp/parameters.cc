#include "proto/smtp/parameters.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "proto/smtp/path.h"
#include "proto/smtp/xtext.h"

namespace heliopost::smtp {
namespace {

// esmtp-value = 1*(%d33-60 / %d62-126), and UTF-8 in ORCPT: RFC 6531 §3.3
bool is_value_char(char c) {
    return (c > ' ' && c <= '~' && c != '=') || !is_ascii(c);
}

bool printable(std::string_view text) {
    return is_utf8(text) &&
           std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

bool is_keyword_char(char c) {
    return is_alnum(c) || c == '-';
}

Checked check_size(Mail& mail, const std::string& value) {
    if (value.empty() || !std::ranges::all_of(value, is_digit)) return bad_argument("bad SIZE");
    mail.size = to_number(value);
    if (!mail.size) return std::unexpected(Reply(552, {5, 3, 4}, "message too large"));
    return {};
}

Checked check_body(Mail& mail, Extensions announced, std::string_view value) {
    if (same_ignoring_case(value, "7BIT")) {
        mail.body = Body::seven_bit;
    } else if (same_ignoring_case(value, "8BITMIME")) {
        mail.body = Body::eight_bit_mime;
    } else if (same_ignoring_case(value, "BINARYMIME")) {
        if (!announced.has(Extension::binary_mime))
            return std::unexpected(Reply(555, {5, 5, 4}, "BODY=BINARYMIME is not offered"));
        mail.body = Body::binary_mime;
    } else {
        return bad_argument("bad BODY");
    }
    return {};
}

Checked check_ret(Mail& mail, std::string_view value) {
    if (same_ignoring_case(value, "FULL")) {
        mail.ret = Return::full;
    } else if (same_ignoring_case(value, "HDRS")) {
        mail.ret = Return::headers;
    } else {
        return bad_argument("bad RET");
    }
    return {};
}

// "the envelope identifier ... printable (graphic and white space) US-ASCII": RFC 3461 §4.4
Checked check_envelope_id(Mail& mail, std::string_view value) {
    auto id = from_xtext(value);
    if (!id || id->empty() || value.size() > envelope_id_octets_max || !printable(*id) || !is_ascii_text(*id))
        return bad_argument("bad ENVID");
    mail.envelope_id = std::move(*id);
    return {};
}

Checked check_auth(Mail& mail, std::string_view value) {
    auto mailbox = from_xtext(value);
    if (!mailbox || mailbox->empty() || mailbox->size() > path_octets_max || !printable(*mailbox))
        return bad_argument("bad AUTH");
    mail.auth = std::move(*mailbox);
    return {};
}

// notify-esmtp-value = "NEVER" / notify-list-element *( "," notify-list-element ): RFC 3461 §4.1
Checked check_notify(Rcpt& rcpt, std::string_view value) {
    rcpt.notify.specified = true;
    if (same_ignoring_case(value, "NEVER")) return {};
    for (const auto word : split(value, ',')) {
        if (same_ignoring_case(word, "SUCCESS")) {
            rcpt.notify.success = true;
        } else if (same_ignoring_case(word, "FAILURE")) {
            rcpt.notify.failure = true;
        } else if (same_ignoring_case(word, "DELAY")) {
            rcpt.notify.delay = true;
        } else {
            return bad_argument("bad NOTIFY");
        }
    }
    return {};
}

// original-recipient-address = addr-type ";" xtext: RFC 3461 §4.2; type utf-8: RFC 6533 §3
Checked check_original_recipient(Rcpt& rcpt, std::string_view value) {
    const size_t semicolon = value.find(';');
    if (semicolon == std::string_view::npos || value.size() > original_recipient_octets_max)
        return bad_argument("bad ORCPT");
    const auto type = value.substr(0, semicolon);
    if (type.empty() || !std::ranges::all_of(type, is_keyword_char)) return bad_argument("bad ORCPT");
    const auto text = value.substr(semicolon + 1);
    auto address = same_ignoring_case(type, "utf-8") ? from_utf8_addr(text) : from_xtext(text);
    if (!address || address->empty() || !printable(*address)) return bad_argument("bad ORCPT");
    rcpt.original_recipient = {to_lower(type), std::move(*address)};
    return {};
}

Checked not_announced(const std::string& keyword) {
    return std::unexpected(Reply(555, {5, 5, 4}, "parameter " + keyword + " is not offered"));
}

Checked check_one(Mail& mail, const Parameter& one, Extensions announced) {
    struct Known {
        std::string_view keyword;
        Extension extension;
    };
    static constexpr auto known = std::to_array<Known>({{"SIZE", Extension::size},
                                                        {"BODY", Extension::eight_bit_mime},
                                                        {"SMTPUTF8", Extension::smtputf8},
                                                        {"AUTH", Extension::auth},
                                                        {"RET", Extension::dsn},
                                                        {"ENVID", Extension::dsn}});
    const auto* found = std::ranges::find(known, one.keyword, &Known::keyword);
    if (found == known.end() || !announced.has(found->extension)) return not_announced(one.keyword);
    if (one.keyword == "SMTPUTF8") {
        if (one.value) return bad_argument("SMTPUTF8 takes no value");
        mail.smtputf8 = true;
        return {};
    }
    if (!one.value) return bad_argument(one.keyword + " needs a value");
    if (one.keyword == "SIZE") return check_size(mail, *one.value);
    if (one.keyword == "BODY") return check_body(mail, announced, *one.value);
    if (one.keyword == "AUTH") return check_auth(mail, *one.value);
    if (one.keyword == "RET") return check_ret(mail, *one.value);
    return check_envelope_id(mail, *one.value);
}

Checked check_one(Rcpt& rcpt, const Parameter& one, Extensions announced) {
    if ((one.keyword != "NOTIFY" && one.keyword != "ORCPT") || !announced.has(Extension::dsn))
        return not_announced(one.keyword);
    if (!one.value) return bad_argument(one.keyword + " needs a value");
    return one.keyword == "NOTIFY" ? check_notify(rcpt, *one.value)
                                   : check_original_recipient(rcpt, *one.value);
}

template <class Argument>
Checked check_all(Argument& argument, Extensions announced) {
    const auto& list = argument.parameters;
    for (auto one = list.begin(); one != list.end(); ++one) {
        if (std::find_if(list.begin(), one,
                         [&](const auto& other) { return other.keyword == one->keyword; }) != one)
            return bad_argument("parameter " + one->keyword +
                                " twice");  // RFC 3461 §4, RFC 1870 §3: at most once
        if (auto checked = check_one(argument, *one, announced); !checked) return checked;
    }
    return {};
}

}  // namespace

// Mail-parameters = esmtp-param *(SP esmtp-param),  esmtp-param = esmtp-keyword ["=" esmtp-value]
std::expected<std::vector<Parameter>, Reply> parse_parameters(Cursor& in) {
    std::vector<Parameter> out;
    while (!in.done()) {
        if (in.take_while(is_space).empty()) return bad_argument("expected a space before a parameter");
        if (in.done()) break;
        if (out.size() >= parameters_max) return bad_argument("too many parameters");
        Parameter one{to_upper(in.take_while(is_keyword_char)), std::nullopt};
        if (one.keyword.empty() || one.keyword.front() == '-') return bad_argument("bad parameter");
        if (in.take('=')) {
            one.value = in.take_while(is_value_char);
            if (one.value->empty()) return bad_argument("empty value of " + one.keyword);
        }
        out.push_back(std::move(one));
    }
    return out;
}

Checked check_parameters(Mail& mail, Extensions announced) {
    return check_all(mail, announced);
}

Checked check_parameters(Rcpt& rcpt, Extensions announced) {
    return check_all(rcpt, announced);
}

}  // namespace heliopost::smtp
