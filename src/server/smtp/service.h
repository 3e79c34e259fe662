// Service: what an SMTP or LMTP session needs of the program, and which of the three it is.
//
//   mx          mail from outside for our domains; never relays
//   submission  our users' mail to anybody; login and TLS required
//   lmtp        mail from a trusted machine for our mailboxes, one answer a recipient (RFC 2033)
//
// One a loop and role; outlives its sessions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "checks/message/check.h"
#include "delivery/receive.h"
#include "directory/directory.h"
#include "directory/login.h"
#include "mailbox/account.h"
#include "net/event.h"
#include "net/network.h"
#include "net/stream.h"
#include "net/task_group.h"
#include "net/tls.h"
#include "reports/inbox.h"
#include "reports/statistics.h"
#include "server/smtp/arriving.h"
#include "server/smtp/name_guesses.h"

namespace heliopost::smtp_server {

enum class Role : std::uint8_t { mx, submission, lmtp };

// Of what the checks say of one message, in its line in the log: names in signatures may be 60 KB long.
inline constexpr std::size_t reasons_logged_max = 4'096;

// How mail from outside is judged before it is taken (Role::mx only), and whose results are taken out: those
// that come in our name, at an MX and over LMTP unless the client is trusted, and always at submission,
// whether anything is judged or not (RFC 8601 §5).
struct Judging {
    bool enabled = true;  // else nobody is judged
    std::shared_ptr<const message_check::Settings> checks;
    net::TaskGroup* tasks = nullptr;    // of the checks under way; outlives the sessions
    bool enforce = true;                // what DMARC asks for: refuse, or file as junk
    std::vector<net::Network> trusted;  // clients there are not judged, and their results stay
    std::vector<std::string> names;     // ours: results under them that come with a message are forged
    reports::Statistics* statistics = nullptr;  // for reports to the authors' domains; null: none are sent
};

struct Service {
    Role role = Role::mx;
    std::string host_name;
    std::uint64_t message_octets_max = std::uint64_t{50} << 20;
    std::size_t recipients_max = delivery::recipients_max;
    bool tls_from_start = false;
    bool lmtp_from_anywhere = false;  // else only from loopback and Unix sockets: LMTP asks nobody who he is
    bool add_client_address = false;  // submission: name the client in Received
    std::function<std::shared_ptr<const net::TlsServer>()> tls;  // the newest; null or giving null: no TLS

    directory::Directory* directory = nullptr;
    directory::Login* login = nullptr;
    mailbox::Accounts* accounts = nullptr;
    delivery::Delivering* delivering = nullptr;
    const Judging* judging = nullptr;  // null: nobody is, and all results stay
    reports::Inbox* inbox = nullptr;   // where reports come in; null: nowhere
    NameGuesses* guesses = nullptr;    // of all sessions; null: each counts for itself
    Arriving* arriving = nullptr;      // of all sessions; null: what comes in is not counted
    net::Event* closing = nullptr;     // set when the server drains (net/drain.h)
};

// One client, from greeting to QUIT. Throws Gone, TimedOut or Stopped when the client is.
net::Task<void> serve(const Service* service, std::unique_ptr<net::Stream> stream);

}  // namespace heliopost::smtp_server
