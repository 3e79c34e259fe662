#include "proto/mime/cfws.h"

#include "base/text.h"

namespace heliopost::mime {
namespace {

// Line ends and NUL are never part of a value, not even quoted: RFC 5322 §4.1 lets them stand there, IMAP and
// C libraries do not.
bool is_kept(char c) {
    return c != '\r' && c != '\n' && c != '\0';
}

// comment = "(" *([FWS] ccontent) [FWS] ")";  ccontent = ctext / quoted-pair / comment
// Counts the depth instead of recursing: a field may hold a million "(".
void skip_comment(Cursor& in, std::string* comments) {
    size_t depth = 0;
    if (comments != nullptr && !comments->empty()) *comments += ' ';
    while (!in.done()) {
        const char c = in.next();
        if (c == '\\') {
            const char quoted = in.next();
            if (comments != nullptr && is_kept(quoted)) *comments += quoted;
            continue;
        }
        if (c == ')' && --depth == 0) return;
        if (comments != nullptr && depth > 0 && is_kept(c)) *comments += c;
        if (c == '(') ++depth;
    }
}

}  // namespace

// CFWS = (1*([FWS] comment) [FWS]) / FWS
void skip_cfws(Cursor& in, std::string* comments) {
    for (;;) {
        in.take_while(is_white);
        if (in.done() || in.peek() != '(') return;
        skip_comment(in, comments);
    }
}

// quoted-string = [CFWS] DQUOTE *([FWS] qcontent) [FWS] DQUOTE [CFWS]
std::string take_quoted_string(Cursor& in) {
    std::string text;
    in.skip();
    while (!in.done()) {
        const char c = in.next();
        if (c == '"') break;
        const char octet = c == '\\' && !in.done() ? in.next() : c;
        if (is_kept(octet)) text += octet;
    }
    return text;
}

}  // namespace heliopost::mime
