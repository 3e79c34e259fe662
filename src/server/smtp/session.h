// Session: the state of one SMTP or LMTP client. Its commands stand in files of their own.
//
// answer() is the only place where the state moves: check (order.h), act (a member below), move. What a
// transaction holds stands in Transaction and goes through the one reset(), whatever ended it.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/envelope.h"
#include "delivery/forged_results.h"
#include "delivery/header_editor.h"
#include "delivery/incoming.h"
#include "net/line_reader.h"
#include "net/stream.h"
#include "net/task.h"
#include "proto/smtp/bdat.h"
#include "proto/smtp/command.h"
#include "proto/smtp/ehlo.h"
#include "proto/smtp/order.h"
#include "proto/smtp/reply.h"
#include "reports/statistics.h"
#include "server/smtp/service.h"
#include "signing/forward_sealer.h"
#include "signing/message_signer.h"

namespace heliopost::smtp_server {

inline constexpr std::chrono::minutes command_time_max{5};   // RFC 5321 §4.5.3.2.7
inline constexpr std::chrono::minutes block_time_max{3};     // RFC 5321 §4.5.3.2.5
inline constexpr std::chrono::minutes message_time_max{60};  // a whole message, however slow it drips
// While what comes in is crowded (arriving.h): who is slower is refused, who is silent is cut off.
inline constexpr std::chrono::seconds crowded_block_time_max{20};
inline constexpr std::chrono::seconds crowded_time_free{60};  // of a message, before its pace is looked at
inline constexpr std::uint64_t crowded_octets_a_second = 64 * 1024;
inline constexpr std::chrono::seconds tls_time_max{30};
inline constexpr std::chrono::seconds goodbye_time_max{10};  // for the 421 to who was waited for in vain
inline constexpr std::size_t read_buffer_octets = 64 * 1024;
inline constexpr std::size_t output_octets_max = 64 * 1024;  // replies held for a pipelined group
inline constexpr std::uint64_t chunks_max = 20'000;          // BDATs of one message
inline constexpr int errors_max = 20;                        // refused commands, then 421
inline constexpr int idle_commands_max = 100;  // NOOP, RSET, EHLO, ... without a message; more are errors
inline constexpr std::size_t refused_recipients_max = 1'000;  // for now or for good, between two messages
inline constexpr int unknown_recipients_free = 5;  // of an address of late; each more is answered later
inline constexpr std::chrono::milliseconds unknown_delay_first{250};  // doubles
inline constexpr std::chrono::seconds unknown_delay_max{8};  // with errors_max: two minutes for 20 guesses
inline constexpr std::size_t reached_max = directory::recipients_expanded_max;  // by one transaction, in all

struct Transaction {
    smtp::Mail mail;
    std::vector<delivery::Recipient> recipients;
    std::size_t reached = 0;    // mailboxes and foreign addresses behind the recipients
    std::size_t going_out = 0;  // rows of the queue, of those
    QueueId id;                 // from DATA or the first BDAT on
    Deadline end;               // by which its message is whole, from DATA or the first BDAT on
    bool begun = false;         // its first octet has come
    std::uint64_t octets = 0;   // that have come of it
    Arriving::Share share;      // of the memory that it holds below
    std::optional<smtp::BdatDecoder> chunks;
    std::unique_ptr<delivery::HeaderEditor> editor;  // submission only
    std::optional<signing::MessageSigner> signer;    // likewise, where the author's domain signs
    std::string signatures;
    std::optional<message_check::Checker> checker;  // mail from outside only, and what goes with it
    std::optional<delivery::ForgedResults> forged;  // in any role, unless the client is trusted
    std::string results;
    std::string verdicts;
    std::optional<signing::ForwardSealer> sealer;  // likewise, where it goes on to another host
    std::string seal;
    bool junk = false;
    bool author_unproved =
        false;  // its domain does not vouch for it, or nobody asked; not a trusted client's
    std::optional<reports::Counted> counted;  // once it is delivered
    std::unique_ptr<delivery::Incoming> incoming;
};

class Session {
public:
    Session(const Service* service, std::unique_ptr<net::Stream> stream);
    net::Task<void> run();

private:
    // session.cc
    net::Task<void> talk();
    net::Task<bool> read_command();
    std::expected<smtp::Command, smtp::Reply> read_line();
    smtp::Order order_of(smtp::Verb verb) const;
    net::Task<void> answer();
    net::Task<void> carry_out(smtp::Command command);
    void count(smtp::Verb verb, bool good, bool permanent);
    net::Task<void> slow_down();
    net::Task<std::vector<smtp::Reply>> act(smtp::Command command);
    smtp::Reply say(smtp::Verb verb) const;
    net::Task<void> send(smtp::Reply reply);
    net::Task<void> flush();
    net::Task<void> write_out(Deadline deadline);
    void reset() { transaction_ = {}; }
    smtp::Conditions conditions() const;
    bool tls_offered() const;
    Deadline within(std::chrono::microseconds time) const;

    // hello.cc
    smtp::Extensions announced() const;
    smtp::Reply hello(smtp::Verb verb, smtp::Hello argument);
    net::Task<void> start_tls();
    net::Task<void> shake_hands();

    // authenticate.cc
    net::Task<smtp::Reply> authenticate(smtp::Auth argument);

    // mail.cc, recipient.cc
    net::Task<smtp::Reply> mail(smtp::Mail argument);
    net::Task<smtp::Reply> recipient(smtp::Rcpt argument);
    bool is_host_duty(const smtp::Address& address) const;
    net::Task<Result<directory::Resolution>> resolve(smtp::Address address);
    std::optional<smtp::Reply> check_queue(std::size_t going_out) const;
    net::Task<std::optional<smtp::Reply>> check_room(const delivery::Recipient* recipient);

    // data.cc, chunk.cc
    net::Task<std::vector<smtp::Reply>> data();
    net::Task<std::vector<smtp::Reply>> chunk(smtp::Bdat argument);
    net::Task<void> skip_chunk(std::uint64_t octets);
    bool is_endless(std::uint64_t octets) const { return octets / 2 > service_.message_octets_max; }
    std::expected<void, smtp::Reply> begin_message();
    void drop_message(smtp::Reply reason);
    bool is_in_the_way() const;
    Deadline block_end() const;
    net::Task<void> take(std::string_view octets);
    net::Task<void> keep(std::string_view octets);
    net::Task<std::vector<smtp::Reply>> finish_message(smtp::Defects defects);
    net::Task<std::vector<smtp::Reply>> deliver(std::shared_ptr<const delivery::Message> message);
    net::Task<Result<void>> check_author();
    void begin_signing(std::string_view edited);
    bool is_for_inbox(const delivery::Recipient& recipient) const;

    // judge.cc
    void begin_judging();
    void begin_sealing();
    net::Task<std::optional<smtp::Reply>> judge();
    std::optional<reports::Counted> count(const message_check::Verdicts& verdicts,
                                          dmarc::Policy applied) const;
    std::shared_ptr<const delivery::Envelope> make_envelope();
    std::vector<smtp::Reply> for_each_recipient(smtp::Reply reply) const;
    smtp::Reply logged(smtp::Reply reply) const;

    const Service& service_;
    net::World& world_;
    std::unique_ptr<net::Stream> stream_;
    net::LineReader reader_;
    std::string line_;
    std::string output_;

    smtp::State state_ = smtp::State::connected;
    smtp::Hello hello_;
    bool extended_ = false;
    std::optional<directory::Account> account_;
    Transaction transaction_;
    std::optional<smtp::Reply> message_refusal_;  // for what its octets are; the rest of it is dropped
    bool handshaking_ = false;                    // nothing can be said
    bool writing_ = false;                        // and not all is said yet
    bool out_of_step_ = false;                    // octets that are no commands follow: the end
    int errors_ = 0;
    int idle_commands_ = 0;
    int unknown_recipients_ = 0;
    std::size_t refused_recipients_ = 0;
};

}  // namespace heliopost::smtp_server
