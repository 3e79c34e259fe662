#include "server/imap/search_program.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <variant>

#include "base/text.h"
#include "proto/mime/charset.h"

namespace heliopost::imap_server {

namespace key = imap::search;

namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t milliseconds_a_day = 86'400'000;

// BEFORE, ON and SINCE a day as [least, largest], where a day has `unit` steps.
std::pair<std::int64_t, std::int64_t> bounds(key::Relation relation, imap::Date date, std::int64_t unit) {
    const std::int64_t day = std::chrono::sys_days(date).time_since_epoch().count();
    if (relation == key::Relation::before) return {lowest, day * unit - 1};
    if (relation == key::Relation::since) return {day * unit, highest};
    return {day * unit, (day + 1) * unit - 1};
}

std::int64_t clamped(std::uint64_t value) {
    return value > static_cast<std::uint64_t>(highest) ? highest : static_cast<std::int64_t>(value);
}

Truth truth(bool value) {
    return value ? Truth::yes : Truth::no;
}

}  // namespace

class SearchCompiler {
public:
    explicit SearchCompiler(const SearchProgram::Context& context) : context_(context) {}

    Result<SearchProgram> run(const imap::SearchKey& key) {
        out_.root_ = TRY(compile(key));
        for (const SearchText& text : out_.texts_) out_.folded_texts_.push_back(text.text);
        return std::move(out_);
    }

private:
    using Node = SearchProgram::Node;
    using Kind = SearchProgram::Kind;

    Result<Node> compile(const imap::SearchKey& key) {
        ++out_.nodes_;
        return std::visit([this](const auto& one) { return make(one); }, key.value);
    }

    Result<Node> make(const key::All&) { return Node{.kind = Kind::all}; }
    Result<Node> make(const key::None&) { return Node{.kind = Kind::none}; }
    Result<Node> make(const key::HasFlag& asked) {
        return Node{
            .kind = Kind::flags, .expected = asked.set, .bits = static_cast<std::uint64_t>(asked.flag)};
    }
    Result<Node> make(const key::HasKeyword& asked) {
        const auto& keywords = context_.view->keywords();
        for (std::size_t i = 0; i < keywords.size(); ++i)
            if (same_ignoring_case(keywords[i], asked.keyword))
                return Node{.kind = Kind::flags,
                            .expected = asked.set,
                            .bits = std::uint64_t{1} << (mailbox::keyword_bit + i)};
        return Node{.kind = asked.set ? Kind::none : Kind::all};
    }
    Result<Node> make(const key::Numbers& asked) {
        if (asked.set.saved_result) return Node{.kind = Kind::uids, .set = *context_.saved};
        const auto size = static_cast<std::uint32_t>(context_.view->size());
        if (size == 0 && asked.set.only_stars()) return Node{.kind = Kind::none};
        auto set = asked.set.resolve(asked.uid ? context_.view->largest_uid().value : size);
        if (!asked.uid && set.largest().value_or(0) > size) return fail(Fault::syntax, "no such message");
        return Node{.kind = asked.uid ? Kind::uids : Kind::numbers, .set = std::move(set)};
    }
    Result<Node> make(const key::Received& asked) {
        const auto [least, largest] = bounds(asked.relation, asked.date, milliseconds_a_day);
        return Node{.kind = Kind::received, .least = least, .largest = largest};
    }
    Result<Node> make(const key::Sent& asked) {
        out_.asks_sent_day_ = true;
        const auto [least, largest] = bounds(asked.relation, asked.date, 1);
        return Node{.kind = Kind::sent, .least = least, .largest = largest};
    }
    Result<Node> make(const key::Size& asked) {
        const std::int64_t octets = clamped(asked.octets);
        if (asked.larger && octets == highest) return Node{.kind = Kind::none};
        return asked.larger ? Node{.kind = Kind::octets, .least = octets + 1, .largest = highest}
                            : Node{.kind = Kind::octets, .least = 0, .largest = octets - 1};
    }
    Result<Node> make(const key::ChangedSince& asked) {
        return Node{.kind = Kind::changed_since, .least = clamped(asked.least.value), .largest = highest};
    }
    Result<Node> make(const key::HeaderText& asked) {
        return text(SearchText::Where::field, asked.field, asked.text);
    }
    Result<Node> make(const key::BodyText& asked) { return text(SearchText::Where::body, "", asked.text); }
    Result<Node> make(const key::AnyText& asked) { return text(SearchText::Where::any, "", asked.text); }
    Result<Node> make(const key::Not& asked) { return group(Kind::negation, asked.key); }
    Result<Node> make(const key::Or& asked) { return group(Kind::any_of, asked.keys); }
    Result<Node> make(const key::And& asked) { return group(Kind::all_of, asked.keys); }

    Result<Node> group(Kind kind, const std::vector<imap::SearchKey>& keys) {
        Node node{.kind = kind};
        for (const imap::SearchKey& key : keys) node.children.push_back(TRY(compile(key)));
        std::ranges::sort(node.children, {}, SearchProgram::cost);
        return node;
    }

    Result<Node> text(SearchText::Where where, const std::string& field, const std::string& asked) {
        if (asked.size() > search_text_octets_max) return fail(Fault::too_large, "too long a text");
        SearchText wanted{where, field, folded(TRY(to_utf8(asked)))};
        if (wanted.text.empty() && where != SearchText::Where::field) return Node{.kind = Kind::all};
        const auto same = std::ranges::find_if(out_.texts_, [&](const SearchText& text) {
            return text.where == where && text.text == wanted.text && same_ignoring_case(text.field, field);
        });
        const auto number = static_cast<std::size_t>(same - out_.texts_.begin());
        if (number == search_texts_max) return fail(Fault::too_large, "too many different texts");
        if (same == out_.texts_.end()) out_.texts_.push_back(std::move(wanted));
        return Node{.kind = Kind::text, .text = static_cast<std::uint8_t>(number)};
    }

    Result<std::string> to_utf8(const std::string& asked) const {
        // Without a charset, or with a wrong US-ASCII, it is UTF-8 if it can be.
        if (context_.charset.empty() || context_.charset == "US-ASCII") return mime::to_utf8("", asked);
        if (context_.charset != "UTF-8") return mime::to_utf8(context_.charset, asked);
        if (!is_utf8(asked)) return fail(Fault::syntax, "this is no UTF-8");
        return asked;
    }

    const SearchProgram::Context& context_;
    SearchProgram out_;
};

Result<SearchProgram> SearchProgram::compile(const imap::SearchKey& key, const Context& context) {
    return SearchCompiler(context).run(key);
}

TextSet SearchProgram::texts_of(SearchText::Where where) const {
    TextSet which = 0;
    for (std::size_t i = 0; i < texts_.size(); ++i)
        if (texts_[i].where == where) which |= TextSet{1} << i;
    return which;
}

unsigned SearchProgram::cost(const Node& node) {
    constexpr unsigned row = 0, set = 1, email = 10;
    switch (node.kind) {
        case Kind::numbers:
        case Kind::uids:
            return set;
        case Kind::sent:
        case Kind::text:
            return email;
        case Kind::negation:
        case Kind::any_of:
        case Kind::all_of: {
            unsigned sum = 1;
            for (const Node& child : node.children) sum = std::max(sum, cost(child) + 1);
            return sum;
        }
        default:
            return row;
    }
}

Truth SearchProgram::evaluate(const Node& node, const Facts& facts) {
    const mailbox::Row& row = *facts.row;
    const auto within = [&](std::int64_t value) {
        return truth(value >= node.least && value <= node.largest);
    };
    switch (node.kind) {
        case Kind::all:
            return Truth::yes;
        case Kind::none:
            return Truth::no;
        case Kind::flags:
            return truth(((row.flags & node.bits) != 0) == node.expected);
        case Kind::numbers:
            return truth(node.set.contains(facts.number));
        case Kind::uids:
            return truth(node.set.contains(row.uid));
        case Kind::received:
            return within(row.received);
        case Kind::octets:
            return within(clamped(row.octets));
        case Kind::changed_since:
            return within(clamped(row.mod_sequence.value));
        case Kind::sent:
            if (!facts.sent_known) return Truth::unknown;
            return facts.sent_day ? within(*facts.sent_day) : Truth::no;
        case Kind::text:
            if ((facts.known >> node.text & 1) == 0) return Truth::unknown;
            return truth((facts.found >> node.text & 1) != 0);
        case Kind::negation: {
            const Truth inner = evaluate(node.children.front(), facts);
            return inner == Truth::unknown ? inner : truth(inner == Truth::no);
        }
        case Kind::any_of: {
            Truth best = Truth::no;
            for (const Node& child : node.children) {
                best = std::max(best, evaluate(child, facts));
                if (best == Truth::yes) break;
            }
            return best;
        }
        case Kind::all_of: {
            Truth worst = Truth::yes;
            for (const Node& child : node.children) {
                worst = std::min(worst, evaluate(child, facts));
                if (worst == Truth::no) break;
            }
            return worst;
        }
    }
    return Truth::no;
}

}  // namespace heliopost::imap_server
