#include "server/imap/search.h"

#include <algorithm>
#include <span>

namespace heliopost::imap_server {
namespace {

// The numbers of a set from one end on, before a limit.
class OpenNumbers {
public:
    OpenNumbers(const imap::NumberSet& set, std::optional<std::uint32_t> limit, bool forward)
        : ranges_(set.ranges()), limit_(limit), forward_(forward) {}

    // Ascending, at most `count`.
    std::vector<std::uint32_t> take(std::size_t count) {
        std::vector<std::uint32_t> out;
        while (out.size() < count && range_ < ranges_.size()) {
            const auto& [first, last] = ranges_[forward_ ? range_ : ranges_.size() - 1 - range_];
            const std::uint32_t number = forward_ ? first + taken_ : last - taken_;
            if (limit_ && (forward_ ? number >= *limit_ : number <= *limit_)) break;
            out.push_back(number);
            if (taken_++ == last - first) {
                taken_ = 0;
                ++range_;
            }
        }
        if (!forward_) std::ranges::reverse(out);
        return out;
    }

private:
    const std::span<const imap::NumberRange> ranges_;
    const std::optional<std::uint32_t> limit_;
    const bool forward_;
    std::size_t range_ = 0;
    std::uint32_t taken_ = 0;  // of the range
};

}  // namespace

Search::Search(mailbox::Account& account, net::World& world, SearchLine& line,
               std::shared_ptr<const mailbox::View> view, SearchProgram program, CheckClient check_client)
    : account_(account),
      world_(world),
      line_(line),
      view_(std::move(view)),
      program_(std::make_shared<const SearchProgram>(std::move(program))),
      check_client_(std::move(check_client)) {}

template <class Work>
net::Task<std::invoke_result_t<Work>> Search::on_pool(Work work) {
    SearchLine::Turn turn(line_, account_.id());
    co_await turn.wait();
    ++jobs_;
    co_return co_await world_.on_pool(std::move(work));
}

void Search::look_at_rows(const mailbox::View& view, const SearchProgram& program, std::size_t first,
                          std::size_t end, Rows& out) {
    Facts facts;
    for (std::size_t index = first; index < end; ++index) {
        facts.row = &view.at(index);
        facts.number = static_cast<std::uint32_t>(index + 1);
        const Truth truth = program.evaluate(facts);
        if (truth == Truth::yes) out.matching.add(facts.number);
        if (truth == Truth::unknown) out.open.add(facts.number);
    }
}

net::Task<Search::Rows> Search::rows() {
    const std::size_t size = view_->size();
    const auto found = std::make_shared<Rows>();
    if (size * program_->nodes() <= search_steps_inline_max) {
        look_at_rows(*view_, *program_, 0, size, *found);
        co_return std::move(*found);
    }
    const std::size_t slice = std::max<std::size_t>(search_job_steps / program_->nodes(), 1);
    for (std::size_t first = 0; first < size; first += slice) {
        co_await check_client_();
        const std::size_t end = std::min(first + slice, size);
        co_await on_pool([view = view_, program = program_, cancelled = cancelled_, found, first, end] {
            if (!*cancelled) look_at_rows(*view, *program, first, end, *found);
        });
    }
    co_return std::move(*found);
}

net::Task<Result<imap::NumberSet>> Search::run(Ends ends) {
    Rows found = co_await rows();
    if (ends.first || ends.last) co_return co_await run_to_ends(std::move(found), ends);
    std::vector<std::uint32_t> numbers;
    for (const auto& [first, last] : found.open.ranges())
        for (std::uint32_t number = first; number <= last; ++number) {
            numbers.push_back(number);
            if (numbers.size() < search_emails_at_once) continue;
            CO_TRY(co_await look_at(std::exchange(numbers, {})));
        }
    CO_TRY(co_await look_at(std::move(numbers)));
    co_return found.matching.unite(matching_);
}

net::Task<Result<imap::NumberSet>> Search::run_to_ends(Rows found, Ends ends) {
    imap::NumberSet out;
    std::optional<std::uint32_t> first;
    if (ends.first) {
        first = CO_TRY(co_await find_end(&found.open, found.matching.smallest(), true));
        if (!first) co_return out;
        out.add(*first);
    }
    if (!ends.last) co_return out;
    const auto known = std::max(first, found.matching.largest());  // nothing is less than any number
    const auto last = CO_TRY(co_await find_end(&found.open, known, false));
    if (last && last != first) out.add(*last);
    co_return out;
}

// The match nearest to one end: `known`, or one of the open numbers before it. A few are looked at first, for
// many a search has its match there, then more and more at once.
net::Task<Result<std::optional<std::uint32_t>>> Search::find_end(const imap::NumberSet* open,
                                                                 std::optional<std::uint32_t> known,
                                                                 bool forward) {
    matching_ = {};
    OpenNumbers left(*open, known, forward);
    for (std::size_t at_once = 1; matching_.empty(); at_once = std::min(2 * at_once, search_emails_at_once)) {
        std::vector<std::uint32_t> numbers = left.take(at_once);
        if (numbers.empty()) co_return known;
        CO_TRY(co_await look_at(std::move(numbers)));
    }
    co_return forward ? matching_.smallest() : matching_.largest();
}

net::Task<Result<std::shared_ptr<Search::Messages>>> Search::load(std::vector<std::uint32_t> numbers) {
    std::vector<EmailId> ids;
    ids.reserve(numbers.size());
    for (const std::uint32_t number : numbers) ids.push_back(view_->at(number - 1).email);
    const auto emails = CO_TRY(co_await account_.emails(std::move(ids)));
    auto messages = std::make_shared<Messages>();
    messages->reserve(emails.size());
    messages_read_ += emails.size();
    for (std::size_t i = 0; i < emails.size(); ++i)
        if (emails[i] != nullptr)
            messages->emplace_back(program_, &view_->at(numbers[i] - 1), numbers[i], emails[i]);
    co_return messages;
}

// The messages of these numbers, to the end.
net::Task<Result<void>> Search::look_at(std::vector<std::uint32_t> numbers) {
    while (!numbers.empty()) {
        const std::size_t read_before = messages_read_;
        CO_TRY(co_await look_at_first(numbers));
        const auto done = static_cast<std::ptrdiff_t>(messages_read_ - read_before);
        numbers.erase(numbers.begin(), numbers.begin() + done);
    }
    co_return Result<void>{};
}

// Of the first of them, of as many as are in memory at once.
net::Task<Result<void>> Search::look_at_first(std::vector<std::uint32_t> numbers) {
    co_await check_client_();
    const std::shared_ptr<Messages> messages = CO_TRY(co_await load(std::move(numbers)));
    co_await look_at_envelopes(messages);
    for (;;) {
        const auto round = std::make_shared<Round>();
        round->pieces = CO_TRY(co_await read_round(messages));
        if (round->pieces.empty()) break;
        while (!round->done())
            co_await on_pool(
                [messages, view = view_, cancelled = cancelled_, round, texts = program_->texts().size()] {
                    if (!*cancelled) feed(*round, texts);
                });
        co_await check_client_();
    }
    for (const SearchMessage& message : *messages)
        if (message.truth() == Truth::yes) matching_.add(message.number());
    co_return Result<void>{};
}

// Jobs hold the view, whose rows the messages point to.
net::Task<void> Search::look_at_envelopes(std::shared_ptr<Messages> messages) {
    std::size_t first = 0;
    while (first < messages->size())
        first = co_await on_pool([messages, view = view_, cancelled = cancelled_, first] {
            return *cancelled ? messages->size() : look_at_envelopes(*messages, first);
        });
}

// From this message on, as much as one job does; the message where the next begins.
std::size_t Search::look_at_envelopes(Messages& messages, std::size_t first) {
    std::uint64_t left = search_job_octets;
    for (; first < messages.size(); ++first) {
        const std::uint64_t octets = messages[first].look_at_envelope(left);
        left -= std::min(left, octets);
        if (left == 0) return messages[first].envelope_done() ? first + 1 : first;
    }
    return first;
}

// As much of a round as one job does.
void Search::feed(Round& round, std::size_t texts) {
    std::uint64_t left = search_job_octets / std::max<std::size_t>(texts, 1);
    while (left > 0 && !round.done()) {
        const Piece& piece = round.pieces[round.piece];
        const auto octets = std::string_view(piece.octets).substr(round.fed, left);
        piece.message->feed(octets);
        left -= octets.size();
        round.fed += octets.size();
        if (round.fed < piece.octets.size()) return;
        round.fed = 0;
        ++round.piece;
    }
}

// The next piece of each message that wants one, the first messages first, up to a round's octets.
net::Task<Result<std::vector<Search::Piece>>> Search::read_round(std::shared_ptr<Messages> messages) {
    std::vector<Piece> pieces;
    std::uint64_t octets = 0;
    for (SearchMessage& message : *messages) {
        if (octets >= search_round_octets) break;
        const auto range = message.next_range();
        if (!range) continue;
        std::string piece = CO_TRY(co_await account_.read(message.email(), range->begin, range->octets()));
        octets += piece.size();
        pieces.push_back({&message, std::move(piece)});
    }
    co_return pieces;
}

}  // namespace heliopost::imap_server
