// FETCH, STORE, COPY, MOVE and their UID forms, UID EXPUNGE.
#include "proto/imap/command_parsers.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

// fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"; RFC 4466 §2.4, RFC 7162 §3.1.4, §3.2.6
Result<> parse_fetch_modifiers(Cursor& in, command::Fetch& fetch) {
    TRY(in.expect('('));
    do {
        if (in.take_word("CHANGEDSINCE")) {
            TRY(expect_space(in));
            fetch.changed_since = TRY(parse_mod_sequence(in, ZeroModSequence::refused));
        } else if (in.take_word("VANISHED")) {
            fetch.vanished = true;
        } else {
            return fail(Fault::syntax, "unknown FETCH modifier");
        }
    } while (in.take(' '));
    TRY(in.expect(')'));
    if (fetch.vanished && (!fetch.uid || !fetch.changed_since))
        return fail(Fault::syntax, "VANISHED needs UID FETCH and CHANGEDSINCE");
    return {};
}

// store-modifier = "UNCHANGEDSINCE" SP mod-sequence-valzer; RFC 7162 §3.1.3
Result<> parse_store_modifiers(Cursor& in, command::Store& store) {
    TRY(in.expect('('));
    do {
        if (!in.take_word("UNCHANGEDSINCE")) return fail(Fault::syntax, "unknown STORE modifier");
        TRY(expect_space(in));
        store.unchanged_since = TRY(parse_mod_sequence(in, ZeroModSequence::allowed));
    } while (in.take(' '));
    TRY(in.expect(')'));
    return expect_space(in);
}

struct SetAndMailbox {
    SequenceSet set;
    std::string mailbox;
};

// SP sequence-set SP mailbox
Result<SetAndMailbox> parse_set_and_mailbox(Cursor& in, Revision revision) {
    SetAndMailbox both;
    TRY(expect_space(in));
    both.set = TRY(parse_sequence_set(in));
    TRY(expect_space(in));
    both.mailbox = TRY(parse_mailbox(in, revision));
    return both;
}

}  // namespace

// fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / ...) [fetch-modifiers]
Result<CommandBody> parse_fetch(Cursor& in, Numbering numbering) {
    command::Fetch fetch;
    fetch.uid = numbering == Numbering::uid;
    TRY(expect_space(in));
    fetch.set = TRY(parse_sequence_set(in));
    TRY(expect_space(in));
    fetch.items = TRY(parse_fetch_items(in));
    if (in.take(' ') && !in.done()) TRY(parse_fetch_modifiers(in, fetch));
    return fetch;
}

// store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags
// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
Result<CommandBody> parse_store(Cursor& in, Numbering numbering) {
    command::Store store;
    store.uid = numbering == Numbering::uid;
    TRY(expect_space(in));
    store.set = TRY(parse_sequence_set(in));
    TRY(expect_space(in));
    if (in.peek() == '(') TRY(parse_store_modifiers(in, store));
    if (in.take('+'))
        store.mode = command::Store::Mode::add;
    else if (in.take('-'))
        store.mode = command::Store::Mode::remove;
    if (!in.take_word("FLAGS")) return fail(Fault::syntax, "expected FLAGS");
    store.silent = in.take_word(".SILENT");
    TRY(expect_space(in));
    store.flags = TRY(parse_store_flags(in));
    return store;
}

Result<CommandBody> parse_copy(Cursor& in, Revision revision, Numbering numbering) {
    SetAndMailbox both = TRY(parse_set_and_mailbox(in, revision));
    return command::Copy{numbering == Numbering::uid, std::move(both.set), std::move(both.mailbox)};
}

Result<CommandBody> parse_move(Cursor& in, Revision revision, Numbering numbering) {
    SetAndMailbox both = TRY(parse_set_and_mailbox(in, revision));
    return command::Move{numbering == Numbering::uid, std::move(both.set), std::move(both.mailbox)};
}

// uid-expunge = "UID" SP "EXPUNGE" SP sequence-set; RFC 4315 §2.1
Result<CommandBody> parse_uid_expunge(Cursor& in) {
    TRY(expect_space(in));
    return command::UidExpunge{TRY(parse_sequence_set(in))};
}

}  // namespace heliopost::imap
