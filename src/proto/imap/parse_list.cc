// LIST (RFC 5258, RFC 5819, RFC 6154) and LSUB.
#include "base/text.h"
#include "proto/imap/command_parsers.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

// list-mailbox; wildcards stand for themselves in modified UTF-7, so a pattern decodes as a name does.
Result<std::string> parse_pattern(Cursor& in, Revision revision) {
    const std::string wire = TRY(parse_list_mailbox(in));
    if (wire.size() > list_pattern_octets_max) return fail(Fault::too_large, "pattern too long");
    return decode_mailbox_name(wire, revision);
}

// list-select-opt = "SUBSCRIBED" / "REMOTE" / "SPECIAL-USE" / "RECURSIVEMATCH"
Result<> parse_select_option(Cursor& in, command::List& list) {
    const auto word = TRY(parse_atom(in));
    if (same_ignoring_case(word, "SUBSCRIBED"))
        list.subscribed = true;
    else if (same_ignoring_case(word, "REMOTE"))
        list.remote = true;
    else if (same_ignoring_case(word, "SPECIAL-USE"))
        list.special_use = true;
    else if (same_ignoring_case(word, "RECURSIVEMATCH"))
        list.recursive_match = true;
    else
        return fail(Fault::syntax, "unknown selection option");
    return {};
}

// list-select-opts = "(" [list-select-opt *(SP list-select-opt)] ")" SP
Result<> parse_select_options(Cursor& in, command::List& list) {
    if (!in.take('(')) return {};
    list.extended = true;
    if (!in.take(')')) {
        do {
            TRY(parse_select_option(in, list));
        } while (in.take(' '));
        TRY(in.expect(')'));
    }
    // RFC 9051 §6.3.9.1: "MUST NOT occur as the only selection option (or only with REMOTE)"
    if (list.recursive_match && !list.subscribed && !list.special_use)
        return fail(Fault::syntax, "RECURSIVEMATCH needs another selection option");
    return expect_space(in);
}

// mbox-or-pat = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")"
Result<> parse_patterns(Cursor& in, Revision revision, command::List& list) {
    if (!in.take('(')) {
        list.patterns.push_back(TRY(parse_pattern(in, revision)));
        return {};
    }
    list.extended = true;
    do {
        if (list.patterns.size() == list_patterns_max) return fail(Fault::too_large, "too many patterns");
        list.patterns.push_back(TRY(parse_pattern(in, revision)));
    } while (in.take(' '));
    return in.expect(')');
}

// return-option = "SUBSCRIBED" / "CHILDREN" / "SPECIAL-USE" / "STATUS" SP "(" status-att ... ")"
Result<> parse_return_option(Cursor& in, command::List& list) {
    const auto word = TRY(parse_atom(in));
    if (same_ignoring_case(word, "SUBSCRIBED")) {
        list.return_subscribed = true;
    } else if (same_ignoring_case(word, "CHILDREN")) {
        list.return_children = true;
    } else if (same_ignoring_case(word, "SPECIAL-USE")) {
        list.return_special_use = true;
    } else if (same_ignoring_case(word, "STATUS")) {
        TRY(expect_space(in));
        list.return_status = TRY(parse_status_items(in));
    } else {
        return fail(Fault::syntax, "unknown return option");
    }
    return {};
}

// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
Result<> parse_return_options(Cursor& in, command::List& list) {
    if (!in.take_word("RETURN")) return fail(Fault::syntax, "expected RETURN");
    list.extended = true;
    TRY(expect_space(in));
    TRY(in.expect('('));
    if (in.take(')')) return {};
    do {
        TRY(parse_return_option(in, list));
    } while (in.take(' '));
    return in.expect(')');
}

}  // namespace

// list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
Result<CommandBody> parse_list(Cursor& in, Revision revision) {
    command::List list;
    TRY(expect_space(in));
    TRY(parse_select_options(in, list));
    list.reference = TRY(parse_mailbox(in, revision));
    TRY(expect_space(in));
    TRY(parse_patterns(in, revision, list));
    if (in.take(' ') && !in.done()) TRY(parse_return_options(in, list));
    return list;
}

// lsub = "LSUB" SP mailbox SP list-mailbox; RFC 3501 §6.3.9
Result<CommandBody> parse_lsub(Cursor& in, Revision revision) {
    command::Lsub lsub;
    TRY(expect_space(in));
    lsub.reference = TRY(parse_mailbox(in, revision));
    TRY(expect_space(in));
    lsub.pattern = TRY(parse_pattern(in, revision));
    return lsub;
}

}  // namespace heliopost::imap
