#include "proto/sasl/message.h"

namespace heliopost::sasl {
namespace {

bool is_value_char(char c) {
    return c != ',' && c != '\0';
}

}  // namespace

Result<std::string_view> take_attribute(Cursor& in, char name) {
    if (!in.take(name) || !in.take('=')) return fail(Fault::syntax, "malformed SCRAM message");
    const auto value = in.take_while(is_value_char);
    if (!in.done()) {
        TRY(in.expect(','));
        if (in.done()) return fail(Fault::syntax, "malformed SCRAM message");
    }
    return value;
}

std::string encode_name(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == ',') {
            out += "=2C";
        } else if (c == '=') {
            out += "=3D";
        } else {
            out += c;
        }
    }
    return out;
}

// "If the server receives a username that contains '=' not followed by either '2C' or '3D', then the server
// MUST fail the authentication": RFC 5802 §5.1
Result<std::string> decode_name(std::string_view text) {
    std::string out;
    Cursor in(text);
    while (!in.done()) {
        if (in.take_word("=2C")) {
            out += ',';
        } else if (in.take_word("=3D")) {
            out += '=';
        } else if (in.peek() == '=') {
            return fail(Fault::syntax, "malformed name in SCRAM message");
        } else {
            out += in.next();
        }
    }
    if (out.empty()) return fail(Fault::syntax, "empty name in SCRAM message");
    return out;
}

// gs2-header = gs2-cbind-flag "," [ authzid ] ",",  gs2-cbind-flag = ("p=" cb-name) / "n" / "y"
Result<Gs2Header> take_gs2_header(Cursor& in) {
    const std::string_view whole = in.rest();
    const size_t from = in.offset();
    Gs2Header header;
    if (in.peek() == 'p') return fail(Fault::syntax, "channel binding is not offered");
    if (!in.take('n') && !in.take('y')) return fail(Fault::syntax, "malformed SCRAM message");
    TRY(in.expect(','));
    if (in.take_word("a=")) header.authzid = TRY(decode_name(in.take_while(is_value_char)));
    TRY(in.expect(','));
    header.text = whole.substr(0, in.offset() - from);
    return header;
}

}  // namespace heliopost::sasl
