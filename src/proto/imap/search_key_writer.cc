#include <algorithm>

#include "proto/imap/encode.h"
#include "proto/imap/search_key.h"

namespace heliopost::imap {
namespace {

std::string_view to_text(search::Relation relation) {
    switch (relation) {
        case search::Relation::before:
            return "BEFORE ";
        case search::Relation::on:
            return "ON ";
        case search::Relation::since:
            return "SINCE ";
    }
    return "ON ";
}

class SearchKeyWriter {
public:
    explicit SearchKeyWriter(std::string& out) : out_(out) {}

    void operator()(const search::All&) { out_ += "ALL"; }
    void operator()(const search::None&) { out_ += "RECENT"; }
    void operator()(const search::HasFlag& key) {
        if (!key.set) out_ += "UN";
        for (const char c : imap::to_text(key.flag).substr(1)) out_ += upper(c);
    }
    void operator()(const search::HasKeyword& key) {
        out_ += key.set ? "KEYWORD " : "UNKEYWORD ";
        out_ += key.keyword;
    }
    void operator()(const search::Numbers& key) {
        if (key.uid) out_ += "UID ";
        append_sequence_set(out_, key.set);
    }
    void operator()(const search::Received& key) {
        out_ += to_text(key.relation);
        append_date(out_, key.date);
    }
    void operator()(const search::Sent& key) {
        out_ += "SENT";
        out_ += to_text(key.relation);
        append_date(out_, key.date);
    }
    void operator()(const search::Size& key) {
        out_ += key.larger ? "LARGER " : "SMALLER ";
        append_number(out_, key.octets);
    }
    void operator()(const search::HeaderText& key) {
        out_ += "HEADER ";
        text(key.field);
        out_ += ' ';
        text(key.text);
    }
    void operator()(const search::BodyText& key) {
        out_ += "BODY ";
        text(key.text);
    }
    void operator()(const search::AnyText& key) {
        out_ += "TEXT ";
        text(key.text);
    }
    void operator()(const search::ChangedSince& key) {
        out_ += "MODSEQ ";
        append_number(out_, key.least.value);
    }
    void operator()(const search::Not& key) {
        out_ += "NOT";
        each(key.key, " ");
    }
    void operator()(const search::Or& key) {
        out_ += "OR";
        each(key.keys, " ");
    }
    void operator()(const search::And& key) {
        out_ += '(';
        each(key.keys, "");
        out_ += ')';
    }

private:
    void text(std::string_view text) { append_astring(out_, text, Revision::rev2); }
    void each(const std::vector<SearchKey>& keys, std::string_view before) {
        for (const auto& key : keys) {
            out_ += before;
            before = " ";
            append_search_key(out_, key);
        }
    }

    std::string& out_;
};

}  // namespace

void append_search_key(std::string& out, const SearchKey& key) {
    std::visit(SearchKeyWriter(out), key.value);
}

}  // namespace heliopost::imap
