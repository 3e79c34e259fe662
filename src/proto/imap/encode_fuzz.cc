#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "proto/imap/encode.h"
#include "proto/imap/response.h"
#include "proto/imap/response_code.h"

namespace {

using namespace heliopost;
using namespace heliopost::imap;

void must(bool holds) {
    if (!holds) std::abort();
}

// What a client sees: NUL has no place in a string.
std::string shown(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c == '\0') c = '\x80';
    return out;
}

void check_strings(std::string_view text, Revision revision) {
    std::string line = "* X ";
    append_string(line, text, revision);
    line += ' ';
    // Our reader takes "[" in an atom for BODY[...]; a server may write it: RFC 9051 §9 ATOM-CHAR.
    append_astring(line, text.contains('[') ? std::string_view("x") : text, revision);
    line += ' ';
    append_nstring(line, std::string(text), revision);
    line += ' ';
    append_nstring(line, std::nullopt, revision);
    const auto response = parse_response(line);
    must(response && response->values.size() == 5);
    for (const std::size_t i : {1U, 2U, 3U})
        must(response->values[i].text == shown(i == 2 && text.contains('[') ? std::string_view("x") : text));
    must(response->values[4].kind == Value::Kind::nil);
}

void check_status(std::string_view text, Condition condition, const std::string& code, std::size_t words) {
    std::string line;
    append_status(line, "A1", condition, code, text);
    must(line.ends_with("\r\n") && line.find('\n') == line.size() - 1);
    const auto response = parse_response(std::string_view(line).substr(0, line.size() - 2));
    must(response && response->kind == Response::Kind::tagged && response->tag == "A1");
    must(!response->status.empty() && response->code.size() == words && !response->text.empty());
}

}  // namespace

// Whatever text is put into a response, a client reads that text in it, and no second response.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_strings(text, Revision::rev1);
    check_strings(text, Revision::rev2);
    const auto condition = static_cast<Condition>(data[0] % 3);
    NumberSet set;
    for (const char c : text.substr(0, 20)) set.add(static_cast<unsigned char>(c) + 1U);
    if (set.empty()) set.add(1U);
    const UidValidity validity(data[0] + 1U);
    check_status(text, condition, "", 0);
    check_status(text, condition, code::append_uid(validity, set), 3);
    check_status(text, condition, code::copy_uid(validity, set, set), 4);
    check_status(text, condition, code::uid_validity(validity), 2);
    check_status(text, condition, code::uid_next(Uid(data[0] + 1U)), 2);
    check_status(text, condition, code::highest_mod_sequence(ModSequence(data[0])), 2);
    check_status(text, condition, code::modified(set), 2);
    check_status(text, condition, code::bad_charset(), 1);
    check_status(text, condition, code::bad_charset("UTF-8 US-ASCII"), 2);
    check_status(text, condition, code::capability("IMAP4rev1 IDLE"), 3);
    Flags flags;
    flags.system = data[0] % (all_system_flags + 1);
    if (is_keyword(text) && text.size() <= keyword_octets_max && !text.contains('[')) flags.add(text);
    check_status(text, condition, code::permanent_flags(flags, data[0] % 2 == 0), 2);
    std::string line;
    append_continuation(line, text);
    const auto response = parse_response(std::string_view(line).substr(0, line.size() - 2));
    must(response && response->kind == Response::Kind::continuation);
    for (const Condition bye : {Condition::bye, Condition::preauth}) {
        line.clear();
        append_status(line, "", bye, "", text);
        must(parse_response(std::string_view(line).substr(0, line.size() - 2)).has_value());
    }
    return 0;
}
