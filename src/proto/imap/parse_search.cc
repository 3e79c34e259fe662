// SEARCH and UID SEARCH.
#include "base/text.h"
#include "proto/imap/command_parsers.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

// search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
Result<command::SearchReturn> parse_return(Cursor& in) {
    command::SearchReturn give;
    TRY(expect_space(in));
    TRY(in.expect('('));
    if (in.take(')')) {
        give.all = true;  // RFC 9051 §6.4.4: an empty list is ALL
        return give;
    }
    do {
        const auto word = TRY(parse_atom(in));
        if (same_ignoring_case(word, "MIN"))
            give.min = true;
        else if (same_ignoring_case(word, "MAX"))
            give.max = true;
        else if (same_ignoring_case(word, "ALL"))
            give.all = true;
        else if (same_ignoring_case(word, "COUNT"))
            give.count = true;
        else if (same_ignoring_case(word, "SAVE"))
            give.save = true;
        else
            return fail(Fault::syntax, "unknown return option");
    } while (in.take(' '));
    TRY(in.expect(')'));
    return give;
}

}  // namespace

// search = "SEARCH" [search-return-opts] SP ["CHARSET" SP charset SP] search-key *(SP search-key)
Result<CommandBody> parse_search(Cursor& in, Numbering numbering) {
    command::Search search;
    search.uid = numbering == Numbering::uid;
    TRY(expect_space(in));
    if (in.take_word("RETURN ")) {
        in.seek(in.offset() - 1);
        search.give = TRY(parse_return(in));
        TRY(expect_space(in));
    }
    if (in.take_word("CHARSET ")) {
        search.charset = to_upper(TRY(parse_astring(in)));
        TRY(expect_space(in));
    }
    search.key = TRY(parse_search_keys(in));
    return search;
}

}  // namespace heliopost::imap
