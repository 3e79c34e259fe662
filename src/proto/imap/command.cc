#include "proto/imap/command.h"

#include <array>

#include "base/text.h"
#include "proto/imap/command_parsers.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

using Parse = Result<CommandBody> (*)(Cursor&, Revision);

template <class Body>
Result<CommandBody> parse_bare(Cursor&, Revision) {
    return Body{};
}
template <Result<CommandBody> parse(Cursor&)>
Result<CommandBody> parse_plain(Cursor& in, Revision) {
    return parse(in);
}
template <Result<CommandBody> parse(Cursor&, Numbering), Numbering numbering>
Result<CommandBody> parse_numbered(Cursor& in, Revision) {
    return parse(in, numbering);
}
template <Result<CommandBody> parse(Cursor&, Revision, Numbering), Numbering numbering>
Result<CommandBody> parse_transfer(Cursor& in, Revision revision) {
    return parse(in, revision, numbering);
}

struct Entry {
    std::string_view name;
    Parse parse;
};

constexpr auto sequence_commands = std::to_array<Entry>({
    {"FETCH", parse_numbered<parse_fetch, Numbering::sequence>},
    {"NOOP", parse_bare<command::Noop>},
    {"IDLE", parse_bare<command::Idle>},
    {"STORE", parse_numbered<parse_store, Numbering::sequence>},
    {"SELECT", parse_select},
    {"STATUS", parse_status},
    {"LIST", parse_list},
    {"SEARCH", parse_numbered<parse_search, Numbering::sequence>},
    {"LOGIN", parse_plain<parse_login>},
    {"AUTHENTICATE", parse_plain<parse_authenticate>},
    {"CAPABILITY", parse_bare<command::Capability>},
    {"LOGOUT", parse_bare<command::Logout>},
    {"APPEND", parse_append},
    {"COPY", parse_transfer<parse_copy, Numbering::sequence>},
    {"MOVE", parse_transfer<parse_move, Numbering::sequence>},
    {"EXPUNGE", parse_bare<command::Expunge>},
    {"CHECK", parse_bare<command::Check>},
    {"CLOSE", parse_bare<command::Close>},
    {"UNSELECT", parse_bare<command::Unselect>},
    {"EXAMINE", parse_examine},
    {"CREATE", parse_create},
    {"DELETE", parse_delete},
    {"RENAME", parse_rename},
    {"SUBSCRIBE", parse_subscribe},
    {"UNSUBSCRIBE", parse_unsubscribe},
    {"LSUB", parse_lsub},
    {"NAMESPACE", parse_bare<command::Namespace>},
    {"ENABLE", parse_plain<parse_enable>},
    {"ID", parse_plain<parse_id>},
    {"STARTTLS", parse_bare<command::Starttls>},
});

// uid = "UID" SP (copy / fetch / search / store / move / uid-expunge)
constexpr auto uid_commands = std::to_array<Entry>({
    {"FETCH", parse_numbered<parse_fetch, Numbering::uid>},
    {"STORE", parse_numbered<parse_store, Numbering::uid>},
    {"SEARCH", parse_numbered<parse_search, Numbering::uid>},
    {"COPY", parse_transfer<parse_copy, Numbering::uid>},
    {"MOVE", parse_transfer<parse_move, Numbering::uid>},
    {"EXPUNGE", parse_plain<parse_uid_expunge>},
});

template <size_t Count>
Result<CommandBody> parse_by_name(Cursor& in, Revision revision, const std::array<Entry, Count>& entries) {
    const auto name = in.take_while(is_alpha);
    for (const auto& entry : entries)
        if (same_ignoring_case(name, entry.name)) return entry.parse(in, revision);
    return fail(Fault::syntax, "unknown command");
}

Result<CommandBody> parse_body(Cursor& in, Revision revision) {
    TRY(expect_space(in));
    auto body = in.take_word("UID ") ? TRY(parse_by_name(in, revision, uid_commands))
                                     : TRY(parse_by_name(in, revision, sequence_commands));
    in.take_while([](char c) { return c == ' '; });
    TRY(in.expect_end());
    return body;
}

template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};

}  // namespace

std::string_view find_tag(std::string_view text) {
    // tag = 1*<any ASTRING-CHAR except "+">
    Cursor in(text);
    const auto tag = in.take_while([](char c) { return is_astring_char(c) && c != '+'; });
    if (tag.size() > tag_octets_max ||
        (!in.done() && in.peek() != ' ' && in.peek() != '\r' && in.peek() != '\n'))
        return {};
    return tag;
}

std::expected<Command, BadCommand> parse_command(std::string_view text, Revision revision) {
    const auto tag = find_tag(text);
    if (tag.empty()) return std::unexpected(BadCommand{"", {Fault::syntax, "expected a tag"}});
    Cursor in(text);
    in.skip(tag.size());
    auto body = parse_body(in, revision);
    if (!body) return std::unexpected(BadCommand{std::string(tag), std::move(body).error()});
    return Command{std::string(tag), *std::move(body)};
}

std::string_view command_name(const Command& command) {
    using namespace imap::command;
    return std::visit(Overloaded{
                          [](const Capability&) { return "CAPABILITY"; },
                          [](const Noop&) { return "NOOP"; },
                          [](const Logout&) { return "LOGOUT"; },
                          [](const Starttls&) { return "STARTTLS"; },
                          [](const Namespace&) { return "NAMESPACE"; },
                          [](const Idle&) { return "IDLE"; },
                          [](const Check&) { return "CHECK"; },
                          [](const Close&) { return "CLOSE"; },
                          [](const Unselect&) { return "UNSELECT"; },
                          [](const Expunge&) { return "EXPUNGE"; },
                          [](const imap::command::Id&) { return "ID"; },
                          [](const Enable&) { return "ENABLE"; },
                          [](const Authenticate&) { return "AUTHENTICATE"; },
                          [](const Login&) { return "LOGIN"; },
                          [](const Select& select) { return select.read_only ? "EXAMINE" : "SELECT"; },
                          [](const Create&) { return "CREATE"; },
                          [](const Delete&) { return "DELETE"; },
                          [](const Rename&) { return "RENAME"; },
                          [](const Subscribe&) { return "SUBSCRIBE"; },
                          [](const Unsubscribe&) { return "UNSUBSCRIBE"; },
                          [](const List&) { return "LIST"; },
                          [](const Lsub&) { return "LSUB"; },
                          [](const Status&) { return "STATUS"; },
                          [](const Append&) { return "APPEND"; },
                          [](const Search& search) { return search.uid ? "UID SEARCH" : "SEARCH"; },
                          [](const Fetch& fetch) { return fetch.uid ? "UID FETCH" : "FETCH"; },
                          [](const Store& store) { return store.uid ? "UID STORE" : "STORE"; },
                          [](const Copy& copy) { return copy.uid ? "UID COPY" : "COPY"; },
                          [](const Move& move) { return move.uid ? "UID MOVE" : "MOVE"; },
                          [](const UidExpunge&) { return "UID EXPUNGE"; },
                      },
                      command.body);
}

}  // namespace heliopost::imap
