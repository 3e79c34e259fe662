// Session: one POP3 client on a snapshot of INBOX.
//
// One session an account at a time (RFC 1939 §4); IMAP goes on beside it. What was marked with DELE is
// expunged at QUIT only. A message that somebody else expunged meanwhile is a hole: its number stays, RETR
// answers -ERR.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mailbox/account.h"
#include "mailbox/view.h"
#include "net/line_reader.h"
#include "net/stream.h"
#include "net/task.h"
#include "proto/pop3/command.h"
#include "proto/pop3/order.h"
#include "proto/pop3/response.h"
#include "server/pop3/service.h"

namespace heliopost::pop3_server {

inline constexpr std::chrono::minutes idle_time_max{10};  // RFC 1939 §3: at least 10 minutes
inline constexpr std::chrono::minutes login_time_max{3};  // from the beginning to the login, whatever is said
inline constexpr std::chrono::minutes write_time_max{5};
inline constexpr std::chrono::seconds tls_time_max{30};
inline constexpr std::size_t read_buffer_octets = 8 * 1024;
inline constexpr std::size_t output_octets_max = 64 * 1024;
inline constexpr int errors_max = 20;  // commands that make no sense, and failed logins

class Session {
public:
    Session(const Service* service, std::unique_ptr<net::Stream> stream);
    net::Task<void> run();

private:
    // session.cc
    net::Task<void> talk();
    net::Task<bool> read_command();
    // At most this long, and before the login no longer than that may take.
    Deadline after(std::chrono::seconds wait) const;
    net::Task<void> answer();
    net::Task<bool> act(pop3::Command command);  // true: done as asked
    bool say(std::string_view text);             // +OK
    bool refuse(std::string_view text, std::string_view code = {});
    bool capabilities();
    net::Task<void> flush();
    net::Task<void> put(std::string_view octets);
    bool tls_offered() const;
    bool clear_text_refused() const;

    // login.cc
    net::Task<bool> password(std::string password);
    net::Task<bool> authenticate(pop3::Command command);
    net::Task<bool> open(directory::Account account);
    bool refuse_login(const Error& error);
    net::Task<void> start_tls();
    net::Task<void> shake_hands();

    // listing.cc
    bool stat();
    net::Task<bool> list(std::optional<std::uint32_t> number);
    net::Task<bool> unique_ids(std::optional<std::uint32_t> number);
    const mailbox::Row* find(std::optional<std::uint32_t> number) const;
    std::string unique_id(const mailbox::Row& row) const;

    // retrieve.cc
    net::Task<bool> retrieve(std::uint32_t number, std::uint64_t body_lines);

    // update.cc
    bool mark(std::uint32_t number);
    net::Task<bool> quit();

    const Service& service_;
    net::World& world_;
    std::unique_ptr<net::Stream> stream_;
    net::LineReader reader_;
    const Deadline login_deadline_;
    std::string line_;
    std::string output_;

    pop3::State state_ = pop3::State::authorization;
    std::string user_;
    std::shared_ptr<mailbox::Account> account_;
    std::shared_ptr<void> lock_;
    std::shared_ptr<const mailbox::View> view_;
    std::vector<bool> marked_;
    int errors_ = 0;
    bool waiting_ = false;  // for a command; nothing is under way
};

}  // namespace heliopost::pop3_server
