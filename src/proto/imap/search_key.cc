#include "proto/imap/search_key.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace search {

bool Not::operator==(const Not&) const = default;
bool Or::operator==(const Or&) const = default;
bool And::operator==(const And&) const = default;

}  // namespace search

namespace {

// Keys that are one word.
struct WordKey {
    std::string_view word;
    SystemFlag flag{};
    bool set = true;
};
constexpr WordKey flag_keys[] = {
    {"ANSWERED", SystemFlag::answered, true},  {"DELETED", SystemFlag::deleted, true},
    {"DRAFT", SystemFlag::draft, true},        {"FLAGGED", SystemFlag::flagged, true},
    {"SEEN", SystemFlag::seen, true},          {"UNANSWERED", SystemFlag::answered, false},
    {"UNDELETED", SystemFlag::deleted, false}, {"UNDRAFT", SystemFlag::draft, false},
    {"UNFLAGGED", SystemFlag::flagged, false}, {"UNSEEN", SystemFlag::seen, false},
};
constexpr std::pair<std::string_view, search::Relation> received_keys[] = {
    {"BEFORE", search::Relation::before}, {"ON", search::Relation::on}, {"SINCE", search::Relation::since}};
constexpr std::pair<std::string_view, search::Relation> sent_keys[] = {
    {"SENTBEFORE", search::Relation::before},
    {"SENTON", search::Relation::on},
    {"SENTSINCE", search::Relation::since}};
constexpr std::string_view field_keys[] = {"BCC", "CC", "FROM", "SUBJECT", "TO"};

class SearchParser {
public:
    explicit SearchParser(Cursor& in) : in_(in) {}

    // search-key *(SP search-key)
    Result<SearchKey> parse_all() {
        std::vector<SearchKey> keys;
        do {
            keys.push_back(TRY(parse_key(0)));
        } while (in_.take(' ') && !in_.done());
        return join(std::move(keys));
    }

private:
    static SearchKey join(std::vector<SearchKey> keys) {
        if (keys.size() == 1) {
            SearchKey only = std::move(keys.front());
            return only;
        }
        return {search::And{std::move(keys)}};
    }

    // search-key
    Result<SearchKey> parse_key(size_t depth) {
        if (depth > search_depth_max) return fail(Fault::too_large, "search keys nested too deeply");
        if (++keys_ > search_keys_max) return fail(Fault::too_large, "too many search keys");
        const char c = in_.peek();
        if (c == '(') return parse_group(depth);
        if (c == '*' || c == '$' || is_digit(c))
            return SearchKey{search::Numbers{TRY(parse_sequence_set(in_)), false}};
        const auto word = in_.take_while(is_alpha);
        if (same_ignoring_case(word, "NOT")) {
            TRY(expect_space(in_));
            std::vector<SearchKey> key;
            key.push_back(TRY(parse_key(depth + 1)));
            return SearchKey{search::Not{std::move(key)}};
        }
        if (same_ignoring_case(word, "OR")) return parse_or(depth);
        return parse_simple(word);
    }

    // "(" search-key *(SP search-key) ")"
    Result<SearchKey> parse_group(size_t depth) {
        TRY(in_.expect('('));
        std::vector<SearchKey> keys;
        do {
            keys.push_back(TRY(parse_key(depth + 1)));
        } while (in_.take(' '));
        TRY(in_.expect(')'));
        return join(std::move(keys));
    }

    // "OR" SP search-key SP search-key
    Result<SearchKey> parse_or(size_t depth) {
        std::vector<SearchKey> keys;
        for (int i = 0; i < 2; ++i) {
            TRY(expect_space(in_));
            keys.push_back(TRY(parse_key(depth + 1)));
        }
        return SearchKey{search::Or{std::move(keys)}};
    }

    Result<SearchKey> parse_simple(std::string_view word) {
        if (same_ignoring_case(word, "ALL") || same_ignoring_case(word, "OLD"))
            return SearchKey{search::All{}};
        if (same_ignoring_case(word, "RECENT") || same_ignoring_case(word, "NEW"))
            return SearchKey{search::None{}};
        for (const auto& key : flag_keys)
            if (same_ignoring_case(word, key.word)) return SearchKey{search::HasFlag{key.flag, key.set}};
        return parse_with_argument(word);
    }

    Result<SearchKey> parse_with_argument(std::string_view word) {
        for (const auto& [name, relation] : received_keys)
            if (same_ignoring_case(word, name)) return SearchKey{search::Received{relation, TRY(date())}};
        for (const auto& [name, relation] : sent_keys)
            if (same_ignoring_case(word, name)) return SearchKey{search::Sent{relation, TRY(date())}};
        for (const auto name : field_keys)
            if (same_ignoring_case(word, name))
                return SearchKey{search::HeaderText{std::string(name), TRY(text())}};
        const auto is = [word](std::string_view name) { return same_ignoring_case(word, name); };
        if (is("BODY")) return SearchKey{search::BodyText{TRY(text())}};
        if (is("TEXT")) return SearchKey{search::AnyText{TRY(text())}};
        if (is("HEADER")) {
            std::string field = TRY(text());
            return SearchKey{search::HeaderText{std::move(field), TRY(text())}};
        }
        if (is("KEYWORD") || is("UNKEYWORD"))
            return SearchKey{search::HasKeyword{TRY(keyword()), is("KEYWORD")}};
        if (is("LARGER") || is("SMALLER")) {
            TRY(expect_space(in_));
            return SearchKey{search::Size{is("LARGER"), TRY(parse_number64(in_))}};
        }
        if (is("UID")) {
            TRY(expect_space(in_));
            return SearchKey{search::Numbers{TRY(parse_sequence_set(in_)), true}};
        }
        if (is("MODSEQ")) return parse_mod_sequence_key();
        return fail(Fault::syntax, "unknown search key");
    }

    // search-modsequence = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer
    // search-modseq-ext = SP entry-name SP entry-type-req; RFC 7162 §7
    Result<SearchKey> parse_mod_sequence_key() {
        TRY(expect_space(in_));
        if (in_.peek() == '"') {
            TRY(parse_string(in_));
            TRY(expect_space(in_));
            const auto type = in_.take_while(is_alpha);
            if (!same_ignoring_case(type, "all") && !same_ignoring_case(type, "priv") &&
                !same_ignoring_case(type, "shared"))
                return fail(Fault::syntax, "bad entry type");
            TRY(expect_space(in_));
        }
        return SearchKey{search::ChangedSince{TRY(parse_mod_sequence(in_, ZeroModSequence::allowed))}};
    }

    Result<std::string> text() {
        TRY(expect_space(in_));
        return parse_astring(in_);
    }
    Result<Date> date() {
        TRY(expect_space(in_));
        return parse_date(in_);
    }
    Result<std::string> keyword() {
        TRY(expect_space(in_));
        const auto word = TRY(parse_atom(in_));
        if (word.size() > keyword_octets_max) return fail(Fault::too_large, "keyword too long");
        return std::string(word);
    }

    Cursor& in_;
    size_t keys_ = 0;
};

}  // namespace

Result<SearchKey> parse_search_keys(Cursor& in) {
    return SearchParser(in).parse_all();
}

bool asks_mod_sequence(const SearchKey& key) {
    if (std::holds_alternative<search::ChangedSince>(key.value)) return true;
    if (const auto* inner = std::get_if<search::Not>(&key.value))
        return std::ranges::any_of(inner->key, asks_mod_sequence);
    if (const auto* inner = std::get_if<search::Or>(&key.value))
        return std::ranges::any_of(inner->keys, asks_mod_sequence);
    if (const auto* inner = std::get_if<search::And>(&key.value))
        return std::ranges::any_of(inner->keys, asks_mod_sequence);
    return false;
}

}  // namespace heliopost::imap
