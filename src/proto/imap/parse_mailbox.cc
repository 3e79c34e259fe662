// SELECT, EXAMINE, CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS, APPEND.
#include "proto/imap/command_parsers.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

// seq-match-data = "(" known-sequence-set SP known-uid-set ")"; RFC 7162 §3.2.5.2
Result<> parse_match(Cursor& in, command::Qresync& qresync) {
    TRY(in.expect('('));
    qresync.matched_numbers = TRY(parse_number_set(in));
    TRY(expect_space(in));
    qresync.matched_uids = TRY(parse_number_set(in));
    if (qresync.matched_numbers.size() != qresync.matched_uids.size())
        return fail(Fault::syntax, "the two sets of QRESYNC differ in size");
    return in.expect(')');
}

// "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
Result<command::Qresync> parse_qresync(Cursor& in) {
    command::Qresync qresync;
    TRY(expect_space(in));
    TRY(in.expect('('));
    qresync.uid_validity = UidValidity(TRY(parse_nz_number(in)));
    TRY(expect_space(in));
    qresync.mod_sequence = TRY(parse_mod_sequence(in, ZeroModSequence::refused));
    if (in.take(' ')) {
        bool match = in.peek() == '(';
        if (!match) {
            qresync.known_uids = TRY(parse_number_set(in));
            match = in.take(' ');
        }
        if (match) TRY(parse_match(in, qresync));
    }
    TRY(in.expect(')'));
    return qresync;
}

// select = "SELECT" SP mailbox [SP select-params];  select-params = "(" select-param *(SP select-param) ")"
Result<command::Select> parse_select_arguments(Cursor& in, Revision revision) {
    command::Select select;
    TRY(expect_space(in));
    select.mailbox = TRY(parse_mailbox(in, revision));
    if (!in.take(' ') || in.done()) return select;
    TRY(in.expect('('));
    do {
        if (in.take_word("CONDSTORE"))
            select.condstore = true;
        else if (!select.qresync && in.take_word("QRESYNC"))
            select.qresync = TRY(parse_qresync(in));
        else
            return fail(Fault::syntax, "unknown parameter");
    } while (in.take(' '));
    TRY(in.expect(')'));
    return select;
}

// use-attr = "\" atom, RFC 6154 §6;  "USE" SP "(" [use-attr *(SP use-attr)] ")"
Result<std::vector<std::string>> parse_special_uses(Cursor& in) {
    std::vector<std::string> uses;
    TRY(expect_space(in));
    TRY(in.expect('('));
    if (in.take(')')) return uses;
    do {
        if (uses.size() == special_uses_max) return fail(Fault::too_large, "too many special uses");
        TRY(in.expect('\\'));
        uses.push_back("\\" + std::string(TRY(parse_atom(in))));
    } while (in.take(' '));
    TRY(in.expect(')'));
    return uses;
}

Result<std::string> parse_only_mailbox(Cursor& in, Revision revision) {
    TRY(expect_space(in));
    return parse_mailbox(in, revision);
}

}  // namespace

Result<CommandBody> parse_select(Cursor& in, Revision revision) {
    return TRY(parse_select_arguments(in, revision));
}

Result<CommandBody> parse_examine(Cursor& in, Revision revision) {
    command::Select select = TRY(parse_select_arguments(in, revision));
    select.read_only = true;
    return select;
}

// create = "CREATE" SP mailbox [SP "(" create-param *(SP create-param) ")"]
Result<CommandBody> parse_create(Cursor& in, Revision revision) {
    command::Create create;
    create.mailbox = TRY(parse_only_mailbox(in, revision));
    if (!in.take(' ') || in.done()) return create;
    TRY(in.expect('('));
    if (!in.take_word("USE")) return fail(Fault::syntax, "unknown parameter");
    create.special_uses = TRY(parse_special_uses(in));
    TRY(in.expect(')'));
    return create;
}

Result<CommandBody> parse_delete(Cursor& in, Revision revision) {
    return command::Delete{TRY(parse_only_mailbox(in, revision))};
}

// rename = "RENAME" SP mailbox SP mailbox
Result<CommandBody> parse_rename(Cursor& in, Revision revision) {
    command::Rename rename;
    rename.from = TRY(parse_only_mailbox(in, revision));
    rename.to = TRY(parse_only_mailbox(in, revision));
    return rename;
}

Result<CommandBody> parse_subscribe(Cursor& in, Revision revision) {
    return command::Subscribe{TRY(parse_only_mailbox(in, revision))};
}

Result<CommandBody> parse_unsubscribe(Cursor& in, Revision revision) {
    return command::Unsubscribe{TRY(parse_only_mailbox(in, revision))};
}

// status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
Result<CommandBody> parse_status(Cursor& in, Revision revision) {
    command::Status status;
    status.mailbox = TRY(parse_only_mailbox(in, revision));
    TRY(expect_space(in));
    status.items = TRY(parse_status_items(in));
    return status;
}

// append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP (literal / literal8)
Result<CommandBody> parse_append(Cursor& in, Revision revision) {
    command::Append append;
    append.mailbox = TRY(parse_only_mailbox(in, revision));
    TRY(expect_space(in));
    if (in.peek() == '(') {
        append.flags = TRY(parse_flag_list(in));
        TRY(expect_space(in));
    }
    if (in.peek() == '"') {
        append.received = TRY(parse_date_time(in));
        TRY(expect_space(in));
    }
    append.literal = TRY(parse_literal_header(in));
    return append;
}

}  // namespace heliopost::imap
