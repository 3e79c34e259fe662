#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/imap/command.h"
#include "proto/imap/encode.h"

namespace {

using namespace heliopost::imap;

std::string set_text(const SequenceSet& set) {
    std::string out;
    append_sequence_set(out, set);
    return out;
}

// A command that means the same, for those whose parts have printers; "" for others.
std::string printed(const Command& command, Revision revision) {
    std::string out = command.tag + " " + std::string(command_name(command)) + " ";
    if (const auto* search = std::get_if<command::Search>(&command.body)) {
        append_search_key(out, search->key);
        return out;
    }
    if (const auto* fetch = std::get_if<command::Fetch>(&command.body)) {
        out += set_text(fetch->set) + " (";
        for (const auto& item : fetch->items) {
            append_item_request(out, item);
            out += ' ';
        }
        out.back() = ')';
        return out;
    }
    if (const auto* store = std::get_if<command::Store>(&command.body)) {
        out += set_text(store->set) + " FLAGS ";
        append_flags(out, store->flags);
        return out;
    }
    if (const auto* copy = std::get_if<command::Copy>(&command.body)) {
        out += set_text(copy->set) + " ";
        append_mailbox(out, copy->mailbox, revision);
        return out;
    }
    return "";
}

// What the parts say of themselves.
void check_parts(const Command& command) {
    if (command_name(command).empty()) std::abort();
    if (const auto* search = std::get_if<command::Search>(&command.body)) {
        std::string key;
        append_search_key(key, search->key);
        if (asks_mod_sequence(search->key) && !key.contains("MODSEQ ")) std::abort();
    }
    if (const auto* fetch = std::get_if<command::Fetch>(&command.body)) {
        for (const auto& item : fetch->items) {
            std::string name;
            append_item_name(name, item);
            if (name.empty() || (item.peek && item.sets_seen())) std::abort();
        }
        if (fetch->set.only_stars() && fetch->set.saved_result) std::abort();
    }
    if (const auto* store = std::get_if<command::Store>(&command.body))
        for (const auto& keyword : store->flags.keywords)
            if (!store->flags.has(keyword) || !is_keyword(keyword)) std::abort();
}

void check(std::string_view text, Revision revision) {
    const auto first = parse_command(text, revision);
    if (!first) {
        if (first.error().error.text.empty() || first.error().tag != find_tag(text)) std::abort();
        return;
    }
    check_parts(*first);
    const std::string once = printed(*first, revision);
    if (once.ends_with(' ') || !once.contains(' ') || once.empty()) return;
    const auto second = parse_command(once, revision);
    if (!second || first->body.index() != second->body.index()) std::abort();
    if (printed(*second, revision) != once) std::abort();
    if (const auto* search = std::get_if<command::Search>(&first->body))
        if (std::get<command::Search>(second->body).key != search->key) std::abort();
    if (const auto* fetch = std::get_if<command::Fetch>(&first->body))
        if (std::get<command::Fetch>(second->body).items != fetch->items) std::abort();
}

}  // namespace

// What parses and has a printer prints to a text that parses to the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(text, Revision::rev1);
    check(text, Revision::rev2);
    return 0;
}
