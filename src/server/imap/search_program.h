// SearchProgram: a SEARCH key made ready to be asked of very many messages.
//
// Keyword names have become bits, dates bounds, sets resolved, texts folded and numbered. Keys that stand
// side by side are ordered by what they cost. evaluate() answers with what is known of a message so far:
// its row; its envelope; the texts found in it. Unknown means: look further. Immutable once made, and then
// for any thread.
//
// RFC 9051 §6.4.4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mailbox/view.h"
#include "proto/imap/search_key.h"
#include "proto/imap/sequence_set.h"
#include "server/imap/search_text.h"

namespace heliopost::imap_server {

enum class Truth : std::uint8_t { no, unknown, yes };

// What is known of one message.
struct Facts {
    const mailbox::Row* row = nullptr;
    std::uint32_t number = 0;  // message sequence number
    bool sent_known = false;
    std::optional<std::int64_t> sent_day;  // of its Date field, days since 1970, as its author counted
    TextSet known = 0;                     // the texts that were looked for to the end, or found
    TextSet found = 0;
};

// A text key. Which of the three decides where it is looked for.
struct SearchText {
    enum class Where : std::uint8_t { field, body, any };
    Where where{};
    std::string field;  // as written
    std::string text;   // folded; empty: whether the field is there
};

class SearchProgram {
public:
    // What the key's sets mean.
    struct Context {
        const mailbox::View* view = nullptr;
        const imap::UidSet* saved = nullptr;  // "$"
        std::string charset;                  // of the texts; empty: not said
    };
    // Fails with Fault::syntax for a sequence number that no message has and for texts that are not in the
    // charset, Fault::too_large past search_texts_max and search_text_octets_max.
    static Result<SearchProgram> compile(const imap::SearchKey& key, const Context& context);

    Truth evaluate(const Facts& facts) const { return evaluate(root_, facts); }

    bool asks_sent_day() const { return asks_sent_day_; }
    const std::vector<SearchText>& texts() const { return texts_; }
    const std::vector<std::string>& folded_texts() const { return folded_texts_; }
    // The texts among `which` that are looked for there.
    TextSet texts_of(SearchText::Where where) const;
    std::size_t nodes() const { return nodes_; }  // what one evaluation may cost

private:
    friend class SearchCompiler;
    enum class Kind : std::uint8_t {
        all,
        none,
        flags,
        numbers,
        uids,
        received,
        octets,
        changed_since,
        sent,
        text,
        negation,
        any_of,
        all_of,
    };
    struct Node {
        Kind kind = Kind::all;
        bool expected = true;      // of flags: whether they are to be set
        std::uint8_t text = 0;     // of text: its number
        std::uint64_t bits = 0;    // of flags
        std::int64_t least = 0;    // of received (milliseconds), octets, changed_since, sent (days):
        std::int64_t largest = 0;  // [least, largest]
        imap::NumberSet set{};
        std::vector<Node> children{};
    };
    static Truth evaluate(const Node& node, const Facts& facts);
    static unsigned cost(const Node& node);

    Node root_;
    std::vector<SearchText> texts_;
    std::vector<std::string> folded_texts_;
    bool asks_sent_day_ = false;
    std::size_t nodes_ = 0;
};

}  // namespace heliopost::imap_server
