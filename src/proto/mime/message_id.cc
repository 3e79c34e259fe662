#include "proto/mime/message_id.h"

#include <algorithm>

#include "base/cursor.h"
#include "proto/mime/cfws.h"

namespace heliopost::mime {
namespace {

// msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS], with anything between the brackets: an id is only ever
// compared. Without a ">" it ends before the next "<", or with the text.
std::string take_id(Cursor& in) {
    std::string id;
    while (!in.done() && in.peek() != '<') {
        const char c = in.next();
        if (c == '>') break;
        if (!is_white(c) && c != '\0') id += c;
    }
    return id;
}

std::vector<std::string> words_with_at(std::string_view value) {
    std::vector<std::string> ids;
    Cursor in(value);
    while (!in.done() && ids.size() < message_ids_max) {
        in.take_while(is_white);
        const auto word = in.take_while([](char c) { return !is_white(c) && c != '\0'; });
        if (word.contains('@')) ids.emplace_back(word);
        if (word.empty()) in.skip();
    }
    return ids;
}

}  // namespace

std::vector<std::string> parse_message_ids(std::string_view value) {
    if (!value.contains('<')) return words_with_at(value);
    std::vector<std::string> ids;
    Cursor in(value);
    while (ids.size() < message_ids_max) {
        in.take_while([](char c) { return c != '<' && c != '(' && c != '"'; });
        if (in.done()) break;
        if (in.peek() == '(') {
            skip_cfws(in);
            continue;
        }
        if (in.peek() == '"') {  // phrases stood here once: RFC 5322 §4.5.4
            take_quoted_string(in);
            continue;
        }
        in.skip();
        std::string id = take_id(in);
        if (!id.empty()) ids.push_back(std::move(id));
    }
    return ids;
}

std::optional<std::string> thread_source(const Envelope& envelope) {
    for (const auto* field : {&envelope.references, &envelope.in_reply_to, &envelope.message_id}) {
        if (!*field) continue;
        auto ids = parse_message_ids(**field);
        if (!ids.empty()) return std::move(ids.front());
    }
    return std::nullopt;
}

}  // namespace heliopost::mime
