// Search: one SEARCH command at work over a View.
//
// First the rows alone, which decide most messages of most searches; then, for those still open, emails a
// few at a time: their envelopes, headers and bodies, looked at on the pool. Holds some pieces of messages,
// whatever the mailbox. Ends soon after its session is stopped or its client is gone.
//
// The pool is everybody's, logins wait for it too: each job there is short (a few ms) and in its turn of the
// loop's SearchLine.
//
// A message that is gone from the store while the client still counts it matches nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "mailbox/account.h"
#include "net/world.h"
#include "server/imap/search_line.h"
#include "server/imap/search_message.h"
#include "server/imap/search_program.h"

namespace heliopost::imap_server {

inline constexpr std::size_t search_emails_at_once = 64;         // loaded together
inline constexpr std::uint64_t search_round_octets = 1U << 20;   // of messages, read together
inline constexpr std::size_t search_steps_inline_max = 200'000;  // rows times keys, without the pool
inline constexpr std::size_t search_job_steps = 1'000'000;    // rows times keys in one pool job, or one row
inline constexpr std::uint64_t search_job_octets = 2U << 20;  // octets times texts in one pool job

class Search {
public:
    using CheckClient = std::function<net::Task<void>()>;  // throws Gone when nobody waits for the answer

    // The line, like the account and the world, outlives it.
    Search(mailbox::Account& account, net::World& world, SearchLine& line,
           std::shared_ptr<const mailbox::View> view, SearchProgram program, CheckClient check_client);
    ~Search() { *cancelled_ = true; }
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;

    // Whether only the first match, only the last or only both are asked for: RFC 4731 §3.1 MIN and MAX. Then
    // the messages are looked at from that end, and no further than it takes.
    struct Ends {
        bool first = false;
        bool last = false;
    };

    // The sequence numbers in the view of the messages that match: all of them, or those at the ends.
    net::Task<Result<imap::NumberSet>> run(Ends ends);
    net::Task<Result<imap::NumberSet>> run() { return run(Ends{}); }

    std::size_t messages_read() const { return messages_read_; }
    std::size_t jobs() const { return jobs_; }  // that it gave to the pool

private:
    using Messages = std::vector<SearchMessage>;
    struct Rows {
        imap::NumberSet matching;
        imap::NumberSet open;
    };
    struct Piece {
        SearchMessage* message = nullptr;
        std::string octets;
    };
    // What has come of the pieces of a round, over several jobs.
    struct Round {
        std::vector<Piece> pieces;
        std::size_t piece = 0;  // under way
        std::size_t fed = 0;    // octets of it
        bool done() const { return piece == pieces.size(); }
    };

    static void look_at_rows(const mailbox::View& view, const SearchProgram& program, std::size_t first,
                             std::size_t end, Rows& out);
    static void feed(Round& round, std::size_t texts);
    static std::size_t look_at_envelopes(Messages& messages, std::size_t first);
    template <class Work>
    net::Task<std::invoke_result_t<Work>> on_pool(Work work);
    net::Task<Rows> rows();
    net::Task<void> look_at_envelopes(std::shared_ptr<Messages> messages);
    net::Task<Result<imap::NumberSet>> run_to_ends(Rows found, Ends ends);
    net::Task<Result<std::optional<std::uint32_t>>> find_end(const imap::NumberSet* open,
                                                             std::optional<std::uint32_t> known,
                                                             bool forward);
    net::Task<Result<void>> look_at(std::vector<std::uint32_t> numbers);
    net::Task<Result<void>> look_at_first(std::vector<std::uint32_t> numbers);
    net::Task<Result<std::shared_ptr<Messages>>> load(std::vector<std::uint32_t> numbers);
    net::Task<Result<std::vector<Piece>>> read_round(std::shared_ptr<Messages> messages);

    mailbox::Account& account_;
    net::World& world_;
    SearchLine& line_;
    std::shared_ptr<const mailbox::View> view_;
    std::shared_ptr<const SearchProgram> program_;
    CheckClient check_client_;
    // Set when this is gone: work on the pool may outlive a stopped session.
    std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
    imap::NumberSet matching_;  // among those that the rows left open
    std::size_t messages_read_ = 0;
    std::size_t jobs_ = 0;
};

}  // namespace heliopost::imap_server
