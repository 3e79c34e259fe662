#include "proto/imap/status_item.h"

#include "base/text.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

// In the order of StatusItem.
constexpr std::string_view names[status_items] = {
    "MESSAGES", "RECENT", "UIDNEXT",       "UIDVALIDITY", "UNSEEN",
    "DELETED",  "SIZE",   "HIGHESTMODSEQ", "APPENDLIMIT",
};

// status-att
Result<StatusItem> parse_status_item(Cursor& in) {
    const auto word = TRY(parse_atom(in));
    for (int i = 0; i < status_items; ++i)
        if (same_ignoring_case(word, names[i])) return static_cast<StatusItem>(i);
    return fail(Fault::syntax, "unknown STATUS item");
}

}  // namespace

Result<StatusItems> parse_status_items(Cursor& in) {
    StatusItems items;
    TRY(in.expect('('));
    do {
        items.add(TRY(parse_status_item(in)));
    } while (in.take(' '));
    TRY(in.expect(')'));
    return items;
}

std::string_view to_text(StatusItem item) {
    return names[static_cast<int>(item)];
}

}  // namespace heliopost::imap
