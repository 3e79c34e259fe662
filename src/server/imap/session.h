// Session: the state of one IMAP client. Its commands stand in files of their own, one each.
//
// run_command() is the spine: parse, check that the command may come in this state, act, synchronise,
// complete. A command writes its untagged answers to out_ and gives the Completion.
//
// RFC 9051 §3 (states); RFC 3501 where the client has not enabled rev2.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/incoming.h"
#include "mailbox/account.h"
#include "net/event.h"
#include "net/line_reader.h"
#include "net/stream.h"
#include "net/task.h"
#include "proto/imap/command.h"
#include "proto/imap/command_reader.h"
#include "proto/imap/encode.h"
#include "proto/imap/response_code.h"
#include "server/imap/completion.h"
#include "server/imap/output.h"
#include "server/imap/row_cursor.h"
#include "server/imap/selected.h"
#include "server/imap/service.h"

namespace heliopost::imap_server {

inline constexpr std::chrono::minutes idle_time_max{30};    // RFC 9051 §5.4: at least 30 minutes
inline constexpr std::chrono::minutes login_time_max{3};    // from the beginning to the login
inline constexpr std::chrono::minutes command_time_max{5};  // within one command
inline constexpr std::chrono::seconds tls_time_max{30};
inline constexpr std::size_t read_buffer_octets = 32 * 1024;
inline constexpr std::size_t list_octets_max = 4096;  // ours: all patterns of a LIST, with their reference
inline constexpr int errors_max = 50;                 // bad commands without a good one, then BYE
inline constexpr int login_errors_max = 10;           // failed logins, then BYE

class Session {
public:
    // service must outlive it.
    Session(const Service* service, std::unique_ptr<net::Stream> stream);
    net::Task<void> run();

    // By what it has to say and what it has read of a command: little between commands and within IDLE.
    std::size_t octets_held() const { return out_.octets_held() + reader_.held_octets(); }

private:
    enum class Stage { not_authenticated, authenticated, selected, logout };  // RFC 9051 §3
    // What may be told before the tagged line of this command.
    enum class Telling { everything, no_expunges, nothing };

    // session.cc: the loop
    net::Task<void> converse();
    net::Task<bool> step();  // one event of the reader; false: the client has closed
    net::Task<bool> wait_for_command(Deadline until);
    // At most this long, and before the login no longer than that may take.
    Deadline after(std::chrono::seconds wait) const;
    // Sets the event too when the server drains, for as long as the result lives.
    std::optional<net::EventWaiter> wake_when_closing(net::Event* woken);
    net::Task<void> run_command(std::string text);
    net::Task<Completion> act(imap::Command command);
    bool may_come(const imap::CommandBody& body) const;
    Telling telling(const imap::CommandBody& body) const;
    void refuse_bad();
    void count(imap::Condition condition);  // of a tagged line: a session ends after errors_max
    void hang_up();
    void say(std::string_view line) { out_.text() += line, out_.text() += "\r\n"; }
    net::Task<Result<std::string>> read_response_line();  // the line that answers a "+ "
    imap::ReaderLimits reader_limits() const;

    // capability.cc, login.cc
    std::string capabilities() const;
    Completion capability();
    Completion id(imap::command::Id argument);
    Completion enable(imap::command::Enable argument);
    Completion start_tls();
    net::Task<void> begin_tls();
    net::Task<Completion> login(imap::command::Login argument);
    net::Task<Completion> authenticate(imap::command::Authenticate argument);
    net::Task<Result<std::string>> challenge_client(std::string challenge);
    Completion logged_in(Result<directory::Account> account);

    // select.cc, list.cc, status.cc, mailboxes.cc
    net::Task<Completion> select(imap::command::Select argument);
    void append_selected();
    void append_flag_lists(const mailbox::View& view);
    net::Task<Result<void>> resynchronise(imap::command::Qresync since);
    void leave_mailbox();
    net::Task<Completion> list(imap::command::List argument);
    net::Task<Completion> lsub(imap::command::Lsub argument);
    net::Task<Completion> status(imap::command::Status argument);
    net::Task<Completion> create(imap::command::Create argument);
    net::Task<Completion> remove(imap::command::Delete argument);
    net::Task<Completion> rename(imap::command::Rename argument);
    net::Task<Completion> subscribe(std::string name, bool subscribed);
    Completion name_space();
    net::Task<Completion> close(bool expunge_first);  // CLOSE, UNSELECT
    void append_status(const mailbox::Mailbox& mailbox, const mailbox::Status& status,
                       imap::StatusItems items);

    // Messages: append.cc, fetch.cc, store.cc, copy.cc
    // APPEND has its octets still to come: called when the reader announces its literal.
    net::Task<void> append(std::string text);
    net::Task<std::expected<mailbox::Mailbox, Completion>> check_append(imap::command::Append argument);
    net::Task<Result<delivery::Message>> read_message();
    net::Task<Completion> append_to(MailboxId mailbox, imap::command::Append argument);
    net::Task<Completion> fetch(imap::command::Fetch argument);
    void complete_items(imap::command::Fetch& asked);
    imap::UidSet unseen_by(const imap::command::Fetch& asked, const IndexRanges& rows) const;
    net::Task<Completion> store(imap::command::Store argument);
    net::Task<void> tell_stored(IndexRanges rows, std::shared_ptr<const mailbox::FlagsChanged> changed,
                                imap::command::Store asked);
    imap::NumberSet as_asked(const imap::UidSet& uids, bool uid) const;
    void append_mod_sequence_fetch(std::size_t index, const mailbox::Row& row, bool with_uid);
    net::Task<Completion> search(imap::command::Search argument);  // search_command.cc
    net::Task<void> check_client();                                // throws Gone when it is
    void save_result(imap::command::SearchReturn give, const imap::UidSet& uids);
    ModSequence highest_found(imap::command::SearchReturn give, const imap::NumberSet& numbers) const;
    net::Task<void> tell_found(imap::command::Search asked, imap::NumberSet numbers, imap::UidSet uids);
    net::Task<void> tell_search(imap::NumberSet told, ModSequence highest);
    net::Task<void> tell_esearch(imap::command::SearchReturn give, imap::NumberSet told, bool uid,
                                 ModSequence highest);
    net::Task<std::expected<MailboxId, Completion>> destination(std::string name);
    net::Task<Completion> copy(imap::command::Copy argument);
    net::Task<Completion> move(imap::command::Move argument);
    net::Task<Completion> expunge(std::optional<imap::SequenceSet> uids);
    net::Task<Completion> completed_with_highest(bool taken_away);
    net::Task<Completion> idle();

    // synchronise.cc
    // Tells the client what changed in the selected mailbox, and moves selected_->view on.
    // with_uid: within a UID command, whose answers all have it.
    net::Task<void> synchronise(Telling telling, bool with_uid = false);
    net::Task<void> tell_expunged(imap::UidSet uids, imap::NumberSet numbers);
    // The messages that a set means, as rows of the announced view; sequence numbers beyond it are
    // Fault::syntax. "$" is the saved result.
    Result<IndexRanges> rows_of(const imap::SequenceSet& set, bool uid) const;
    // Their UIDs, and with them UIDs that no message has any more.
    imap::UidSet uids_of(const IndexRanges& rows) const;
    Result<imap::UidSet> resolve(const imap::SequenceSet& set, bool uid) const;
    // Whether a later view lacks some of these rows of the announced one.
    bool are_some_gone(const IndexRanges& rows, const mailbox::View& later) const;
    // One "* n FETCH (...)" with what an unsolicited change tells: FLAGS, and UID and MODSEQ as enabled.
    void begin_fetch(std::size_t index, const mailbox::Row& row, bool with_uid);
    void append_flags_fetch(std::size_t index, const mailbox::Row& row, const mailbox::View& view,
                            bool with_uid);
    void append_vanished(const imap::UidSet& uids, bool earlier);
    // Of messages that are gone, those that this view does not count any more.
    imap::UidSet uncounted(const imap::UidSet& gone, const mailbox::View& view) const;

    const Service& service_;
    net::World& world_;
    std::unique_ptr<net::Stream> stream_;
    Output out_;
    net::LineReader input_;
    imap::CommandReader reader_;
    const Deadline login_deadline_;

    Stage stage_ = Stage::not_authenticated;
    imap::Revision revision_ = imap::Revision::rev1;
    bool condstore_ = false;                           // RFC 7162 §3.1: some command asked for it, or ENABLE
    bool qresync_ = false;                             // ENABLE QRESYNC: VANISHED instead of EXPUNGE
    std::unique_ptr<const directory::Account> login_;  // null before login
    std::shared_ptr<mailbox::Account> account_;
    std::unique_ptr<Selected> selected_;  // null: no mailbox is open
    // What the command has told already by itself: rows not to be told again unless changed above.
    imap::UidSet told_uids_;
    ModSequence told_up_to_;
    net::Event changed_;                     // set when something in the account changed
    std::unique_ptr<mailbox::Watch> watch_;  // while selected
    bool tls_wanted_ = false;                // STARTTLS was answered OK
    std::string tag_;                        // of the command under way
    int errors_ = 0;
    int login_errors_ = 0;
};

}  // namespace heliopost::imap_server
