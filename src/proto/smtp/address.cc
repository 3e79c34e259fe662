#include "proto/smtp/address.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <memory>

#include "base/text.h"

namespace heliopost::smtp {
namespace {

constexpr size_t label_octets_max = 63;  // RFC 1035 §2.3.4
constexpr size_t literal_octets_max = 64;

// atext, RFC 5322 §3.2.3, and UTF8-non-ascii, RFC 6531 §3.3
bool is_atext(char c) {
    return is_alnum(c) || !is_ascii(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

// qtextSMTP = %d32-33 / %d35-91 / %d93-126 / UTF8-non-ascii
bool is_qtext(char c) {
    return !is_ascii(c) || (c >= ' ' && c <= '~' && c != '"' && c != '\\');
}

// Deviates from RFC 5321 §4.1.2 by taking "_", which hosts on the net do carry.
bool is_domain_char(char c) {
    return is_alnum(c) || c == '-' || c == '_' || !is_ascii(c);
}

// U+0080 to U+009F, the controls beyond ASCII.
bool has_c1_control(std::string_view utf8) {
    for (size_t at = utf8.find('\xC2'); at != std::string_view::npos; at = utf8.find('\xC2', at + 1))
        if (at + 1 < utf8.size() && static_cast<unsigned char>(utf8[at + 1]) < 0xA0) return true;
    return false;
}

Result<> check_text(std::string_view text) {
    if (!is_utf8(text)) return fail(Fault::syntax, "address is not UTF-8");
    if (has_c1_control(text)) return fail(Fault::syntax, "control character in address");
    return {};
}

// Dot-string = Atom *("." Atom)
Result<std::string> dot_string(Cursor& in) {
    const std::string_view whole = in.rest();
    const size_t from = in.offset();
    do {
        if (in.take_while(is_atext).empty()) return fail(Fault::syntax, "empty word in local part");
    } while (in.take('.'));
    return std::string(whole.substr(0, in.offset() - from));
}

// Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE
Result<std::string> quoted_string(Cursor& in) {
    TRY(in.expect('"'));
    std::string text;
    while (!in.take('"')) {
        text += in.take_while(is_qtext);
        if (in.take('\\')) {
            const char c = in.next();
            if (c < ' ' || c > '~') return fail(Fault::syntax, "bad quoted pair in local part");
            text += c;
        } else if (in.peek() != '"') {
            return fail(Fault::syntax, "bad quoted local part");
        }
    }
    return text;
}

// Domain = sub-domain *("." sub-domain), sub-domain = Let-dig [Ldh-str] / U-label
Result<std::string> domain_name(Cursor& in) {
    const std::string_view whole = in.rest();
    const size_t from = in.offset();
    do {
        const auto label = in.take_while(is_domain_char);
        if (label.empty()) return fail(Fault::syntax, "empty label in domain");
        if (label.front() == '-' || label.back() == '-') return fail(Fault::syntax, "bad label in domain");
        if (label.size() > label_octets_max && is_ascii_text(label))
            return fail(Fault::syntax, "label too long in domain");
    } while (in.take('.'));
    return std::string(whole.substr(0, in.offset() - from));
}

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal ) "]"
Result<std::string> address_literal(Cursor& in) {
    const auto close = in.rest().substr(0, literal_octets_max).find(']');
    if (close == std::string_view::npos) return fail(Fault::syntax, "bad address literal");
    const auto text = in.rest().substr(0, close + 1);
    if (!is_address_literal(text)) return fail(Fault::syntax, "bad address literal");
    in.skip(text.size());
    return std::string(text);
}

}  // namespace

bool Address::ascii() const {
    return is_ascii_text(local_part) && is_ascii_text(domain);
}

// Mailbox = Local-part "@" ( Domain / address-literal )
Result<Address> parse_mailbox(Cursor& in) {
    Address address;
    address.local_part = in.peek() == '"' ? TRY(quoted_string(in)) : TRY(dot_string(in));
    if (address.local_part.size() > local_part_octets_max) return fail(Fault::syntax, "local part too long");
    TRY(check_text(address.local_part));
    TRY(in.expect('@'));
    address.domain = in.peek() == '[' ? TRY(address_literal(in)) : TRY(domain_name(in));
    if (address.domain.size() > domain_octets_max) return fail(Fault::syntax, "domain too long");
    TRY(check_text(address.domain));
    return address;
}

Result<Address> parse_address(std::string_view text) {
    Cursor in(text);
    Address address = TRY(parse_mailbox(in));
    TRY(in.expect_end());
    return address;
}

std::string to_string(const Address& address) {
    if (address.null()) return {};
    Cursor in(address.local_part);
    const bool plain = dot_string(in).has_value() && in.done();
    std::string text;
    if (plain) {
        text = address.local_part;
    } else {
        text += '"';
        for (const char c : address.local_part) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        text += '"';
    }
    if (!address.domain.empty()) text += '@' + address.domain;
    return text;
}

bool is_address_literal(std::string_view text) {
    if (text.size() < 2 || text.size() > literal_octets_max) return false;
    if (text.front() != '[' || text.back() != ']') return false;
    text = text.substr(1, text.size() - 2);
    const bool v6 = starts_with_ignoring_case(text, "IPv6:");
    if (v6) text.remove_prefix(5);
    // inet_pton stops at NUL: without this, what follows one would pass unseen.
    if (text.contains('\0')) return false;
    unsigned char octets[sizeof(in6_addr)];
    return inet_pton(v6 ? AF_INET6 : AF_INET, std::string(text).c_str(), octets) == 1;
}

Result<std::string> normalise_domain(std::string_view domain) {
    if (!domain.empty() && domain.front() == '[') {
        if (!is_address_literal(domain)) return fail(Fault::syntax, "bad address literal");
        return to_lower(domain);
    }
    if (domain.ends_with('.')) domain.remove_suffix(1);
    std::string text = to_lower(domain);
    if (!is_ascii_text(domain)) {
        TRY(check_text(domain));
        if (domain.size() > domain_octets_max) return fail(Fault::syntax, "domain too long");
        char* ascii = nullptr;
        const int code =
            idn2_to_ascii_8z(std::string(domain).c_str(), &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
        const std::unique_ptr<char, decltype(&idn2_free)> owner(ascii, &idn2_free);
        if (code != IDN2_OK) return fail(Fault::syntax, "not an internationalised domain name");
        text = to_lower(ascii);
        if (!is_ascii_text(text)) return fail(Fault::syntax, "not an internationalised domain name");
    }
    // Mapping may have made a dot, a space or an "@": the result has to be a domain by itself.
    Cursor in(text);
    TRY(domain_name(in));
    TRY(in.expect_end());
    if (text.size() > domain_octets_max) return fail(Fault::syntax, "domain too long");
    return text;
}

std::string domain_for_display(std::string_view domain) {
    if (domain.contains('\0')) return std::string(domain);
    char* unicode = nullptr;
    const int code = idn2_to_unicode_8z8z(std::string(domain).c_str(), &unicode, 0);
    const std::unique_ptr<char, decltype(&idn2_free)> owner(unicode, &idn2_free);
    return code == IDN2_OK ? std::string(unicode) : std::string(domain);
}

}  // namespace heliopost::smtp
