// Transaction: one message to some recipients over one session: MAIL, RCPT, DATA.
//
// Every recipient gets an answer. What ends the session under way is the answer of those that had none yet,
// temporary; until the final dot was sent another hop may be tried for them. With PIPELINING (RFC 2920)
// MAIL, all RCPT and DATA go in one write: the replies to a lease's recipients fit a socket's buffers.
//
// RFC 5321 §3.3, §4.5.3.2 (waits), RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 6531 §3 (SMTPUTF8), RFC 3461
// §5.2.1 (DSN parameters pass on), RFC 1047 (a lost reply to the final dot duplicates).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/task.h"
#include "net/world.h"
#include "proto/smtp/dot_stuff.h"
#include "queue/entry.h"
#include "store/store.h"
#include "transport/client.h"
#include "transport/verdict.h"

namespace heliopost::transport {

inline constexpr std::chrono::minutes mail_wait{5};       // RFC 5321 §4.5.3.2.2
inline constexpr std::chrono::minutes rcpt_wait{5};       // §4.5.3.2.3
inline constexpr std::chrono::minutes data_wait{2};       // §4.5.3.2.4
inline constexpr std::chrono::minutes block_wait{3};      // §4.5.3.2.5
inline constexpr std::chrono::minutes end_wait{10};       // §4.5.3.2.6
inline constexpr std::chrono::minutes envelope_wait{15};  // all of MAIL, RCPT and DATA; see Client::until
inline constexpr std::chrono::hours content_wait{2};      // all of the content
inline constexpr std::size_t block_octets = 64 * 1024;    // of one write

struct Answer {
    Verdict verdict;
    bool elsewhere = false;  // another hop may do better, now
};

class Transaction {
public:
    // recipients: indices into all. All outlive it.
    Transaction(net::World& world, store::Store& store, Client& client, const queue::Entry& entry,
                const std::vector<queue::Recipient>& all, std::vector<std::size_t> recipients);

    net::Task<void> run();  // throws Stopped

    const std::vector<std::size_t>& recipients() const { return recipients_; }
    const std::vector<Answer>& answers() const { return answers_; }  // one each, once run
    bool in_doubt() const { return in_doubt_; }  // the reply to the final dot did not come

private:
    enum class Step : std::uint8_t { waiting, accepted, answered };

    net::Task<void> run_steps();
    net::Task<Result<void>> read_front();
    void refuse_too_large();
    void refuse_what_needs_smtputf8();
    net::Task<void> send_envelope();
    net::Task<void> send_recipients(std::vector<std::size_t> to);
    net::Task<void> drain(std::size_t recipients);
    net::Task<void> begin_data();
    net::Task<void> send_content();
    net::Task<void> send_piece(std::string piece);
    net::Task<void> flush();
    net::Task<smtp::Reply> answer_to(std::string line, std::chrono::milliseconds wait);

    std::string mail_line() const;
    std::string rcpt_line(std::size_t i) const;
    smtp::Address sent_as(const smtp::Address& address) const;
    const queue::Recipient& recipient(std::size_t i) const { return all_[recipients_[i]]; }
    std::size_t count(Step step) const;
    void settle(std::size_t i, Verdict verdict, bool elsewhere);
    void settle_open(const Verdict& verdict, bool elsewhere);  // all that are not answered
    void broken(const std::string& why);
    std::uint64_t octets() const { return entry_.prefix.size() + entry_.blob.octets; }

    net::World& world_;
    store::Store& store_;
    Client& client_;
    const queue::Entry& entry_;
    const std::vector<queue::Recipient>& all_;
    std::vector<std::size_t> recipients_;
    std::vector<Step> steps_;
    std::vector<Answer> answers_;

    std::string front_;       // prefix and the blob's first piece
    std::uint64_t read_ = 0;  // of the blob
    std::string out_;         // dot-stuffed, not yet written
    smtp::DotStuffer stuffer_;
    Deadline deadline_{};
    bool header_utf8_ = false;
    bool smtputf8_ = false;
    bool pipelined_ = false;
    bool dot_sent_ = false;
    bool in_doubt_ = false;
};

}  // namespace heliopost::transport
