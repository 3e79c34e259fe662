// Search: one SEARCH command at work over a View.
//
// First the rows alone, which decide most messages of most searches; then, for those still open, emails a
// few at a time: their envelopes, headers and bodies, looked at on the pool. Holds some pieces of messages,
// whatever the mailbox. Ends soon after its session is stopped or its client is gone.
//
// A message that is gone from the store while the client still counts it matches nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "mailbox/account.h"
#include "net/world.h"
#include "server/imap/search_message.h"
#include "server/imap/search_program.h"

namespace heliopost::imap_server {

inline constexpr std::size_t search_emails_at_once = 64;         // loaded together
inline constexpr std::uint64_t search_round_octets = 1U << 20;   // of messages, looked at in one pool job
inline constexpr std::size_t search_steps_inline_max = 200'000;  // rows times keys, without the pool

class Search {
public:
    using CheckClient = std::function<net::Task<void>()>;  // throws Gone when nobody waits for the answer

    Search(mailbox::Account& account, net::World& world, std::shared_ptr<const mailbox::View> view,
           SearchProgram program, CheckClient check_client);
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

    static Rows look_at_rows(const mailbox::View& view, const SearchProgram& program,
                             const std::atomic<bool>& cancelled);
    net::Task<Rows> rows();
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
    std::shared_ptr<const mailbox::View> view_;
    std::shared_ptr<const SearchProgram> program_;
    CheckClient check_client_;
    // Set when this is gone: work on the pool may outlive a stopped session.
    std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
    imap::NumberSet matching_;  // among those that the rows left open
    std::size_t messages_read_ = 0;
};

}  // namespace heliopost::imap_server
