#include "proto/imap/response_code.h"

#include "proto/imap/encode.h"

namespace heliopost::imap {
namespace {

std::string_view to_text(Condition condition) {
    switch (condition) {
        case Condition::ok:
            return "OK";
        case Condition::no:
            return "NO";
        case Condition::bad:
            return "BAD";
        case Condition::bye:
            return "BYE";
        case Condition::preauth:
            return "PREAUTH";
    }
    return "BAD";
}

std::string word_and_number(std::string_view word, std::uint64_t number) {
    std::string out(word);
    out += ' ';
    append_number(out, number);
    return out;
}

}  // namespace

void append_status(std::string& out, std::string_view tag, Condition condition, std::string_view code,
                   std::string_view text) {
    out += tag.empty() ? "*" : tag;
    out += ' ';
    out += to_text(condition);
    out += ' ';
    if (!code.empty()) {
        out += '[';
        out += code;
        out += "] ";
    }
    // A text that begins with "[" would read as a code: RFC 9051 §9 resp-text.
    if (code.empty() && text.starts_with('[')) out += "- ";
    append_text(out, text);
    out += "\r\n";
}

void append_continuation(std::string& out, std::string_view text) {
    out += "+ ";
    if (!text.empty()) append_text(out, text);
    out += "\r\n";
}

namespace code {

std::string append_uid(UidValidity validity, const UidSet& uids) {
    std::string out = word_and_number("APPENDUID", validity.value);
    out += ' ';
    append_set(out, uids);
    return out;
}

std::string copy_uid(UidValidity validity, const UidSet& source, const UidSet& destination) {
    std::string out = word_and_number("COPYUID", validity.value);
    out += ' ';
    append_set(out, source);
    out += ' ';
    append_set(out, destination);
    return out;
}

std::string uid_validity(UidValidity validity) {
    return word_and_number("UIDVALIDITY", validity.value);
}

std::string uid_next(Uid next) {
    return word_and_number("UIDNEXT", next.value);
}

std::string highest_mod_sequence(ModSequence mod_sequence) {
    return word_and_number("HIGHESTMODSEQ", mod_sequence.value);
}

std::string modified(const NumberSet& set) {
    return "MODIFIED " + imap::to_text(set);
}

std::string permanent_flags(const Flags& flags, bool new_keywords) {
    std::string out = "PERMANENTFLAGS ";
    append_flags(out, flags);
    if (!new_keywords) return out;
    out.pop_back();
    out += flags.empty() ? "\\*)" : " \\*)";
    return out;
}

std::string capability(std::string_view names) {
    return "CAPABILITY " + std::string(names);
}

std::string bad_charset(std::string_view names) {
    return names.empty() ? "BADCHARSET" : "BADCHARSET (" + std::string(names) + ")";
}

}  // namespace code
}  // namespace heliopost::imap
