// Program: one running server: the loops, the store, and everything between them.
//
//   listen()  binds every port (as root), then drops to the configured user
//   open()    opens the store and loads what is kept in memory
//   start()   serves
//   stop()    drains: listeners close, sessions finish the command they are at and are told that the server
//   is
//             going down, attempts to deliver finish; what is left after drain_time_max is stopped. Then all
//             background work, then the loops. Blocks for that long
//
// It is used from the main thread, which waits for signals meanwhile. `Open::store_only` is for commands that
// find no server running and work on the store themselves.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "delivery/receive.h"
#include "directory/directory.h"
#include "directory/login.h"
#include "mailbox/account.h"
#include "main/settings.h"
#include "net/connection_limit.h"
#include "net/event.h"
#include "net/system_world.h"
#include "net/task_group.h"
#include "net/tls_reload.h"
#include "queue/queue.h"
#include "reports/inbox.h"
#include "reports/sender.h"
#include "server/admin/operations.h"
#include "server/imap/search_line.h"
#include "server/imap/service.h"
#include "server/pop3/service.h"
#include "server/smtp/service.h"
#include "signing/keys.h"
#include "store/rocks_store.h"
#include "transport/transport.h"

namespace heliopost {

inline constexpr std::chrono::seconds drain_time_max{10};  // below systemd's 90 s, and a patient one's 30 s
inline constexpr std::chrono::seconds stop_time_max{5};    // for what was stopped to end

// What each loop has of its own.
struct Core {
    explicit Core(net::SystemWorld& w)
        : world(w),
          accepting(w, "accept"),
          connections(w, "connection"),
          upkeep(w, "upkeep"),
          checking(w, "check"),
          stopping(w, "stop"),
          closing(w),
          searches(w) {}

    net::SystemWorld& world;
    net::TaskGroup accepting;
    net::TaskGroup connections;
    net::TaskGroup upkeep;    // what runs now and then
    net::TaskGroup checking;  // questions to the DNS about mail that comes in
    net::TaskGroup stopping;
    net::Event closing;  // sessions end at their next command
    imap_server::SearchLine searches;
    std::unique_ptr<delivery::Delivering> delivering;
    smtp_server::Judging judging;
    admin::Administered administered;
    smtp_server::Service mx, submission, submission_tls, lmtp;
    imap_server::Service imap, imap_tls;
    pop3_server::Service pop3, pop3_tls;
};

// A bound listener and what serves its connections.
struct Bound {
    std::unique_ptr<net::Listener> listener;
    std::string name;
    std::function<net::Task<void>(std::unique_ptr<net::Stream>)> serve;
    std::size_t core;
    const ListenSettings* settings;  // null: the admin socket
};

class Program {
public:
    Program(Settings settings, std::string settings_file, Log& log);
    ~Program();

    Result<void> read_certificates();
    Result<void> listen();
    Result<void> open();
    void start();
    void stop();

    // SIGHUP: reload() on its loop, soon; what came of it is in the log.
    void reload_soon();

    net::SystemWorld& world() { return cores_[0]; }
    admin::Administered& administered() { return *administered_; }
    store::RocksStore& store() { return *store_; }
    mailbox::Accounts& accounts() { return *accounts_; }
    directory::Directory& directory() { return *directory_; }
    queue::Queue& queue() { return *queue_; }

private:
    // reload.cc. Reads the settings again, on the first loop: what can change at run time does, what cannot
    // is told. A broken file or certificate changes nothing.
    net::Task<Result<admin::Answer>> reload();
    net::Task<void> reload_and_log();
    void change_settings();
    void change_core(Core& core, const Settings& settings);

    void start_upkeep();
    void start_scrubbing();
    void stop_scrubbing();
    // reporting.cc
    void make_reports();
    void start_reports();
    net::Task<void> forget_reports();
    net::Task<Result<admin::Answer>> send_reports(admin::Request request);
    net::Task<void> close_books();
    admin::Answer status();
    void make_services();
    void serve_smtp(Core& core);
    smtp_server::Judging judging(net::TaskGroup& tasks) const;
    void serve_readers(Core& core);
    Result<void> bind(const std::vector<net::Endpoint>& at, std::string name, const ListenSettings* settings,
                      std::function<net::Task<void>(Core&, std::unique_ptr<net::Stream>)> serve);
    Result<void> bind_admin();
    Result<void> drop_privileges();
    void accept(Core& core, std::size_t index);
    transport::TransportOptions transport_options() const;
    net::Task<void> watch_certificates(net::World* world);
    net::Task<void> drain(Core* core);
    // Runs a task on each of the first loops, and waits here until all have ended.
    void run_on_loops(std::size_t loops, const std::function<net::Task<void>(Core*)>& work);

    Settings settings_;
    const std::string settings_file_;
    Log& log_;
    std::unique_ptr<net::CertificateWatch> smtp_certificates_, imap_certificates_, pop3_certificates_;
    smtp_server::Arriving arriving_;  // outlives the loops and what is left on them
    net::Cores cores_;
    std::unique_ptr<store::RocksStore> store_;
    std::mutex scrub_mutex_;  // of the pointer: status() is asked on any loop
    std::unique_ptr<store::Scrub> scrub_;
    std::unique_ptr<directory::Directory> directory_;
    std::unique_ptr<directory::Login> login_;
    std::unique_ptr<signing::Keys> keys_;
    std::unique_ptr<mailbox::Accounts> accounts_;
    std::unique_ptr<queue::Queue> queue_;
    std::unique_ptr<transport::Transport> transport_;
    std::vector<std::unique_ptr<Core>> core_;
    net::Event account_removed_;  // of the first loop
    std::unique_ptr<admin::Administered> administered_;
    std::shared_ptr<const dmarc_check::PublicSuffixes> suffixes_;
    std::unique_ptr<reports::Statistics> statistics_;  // null: no reports are sent
    std::unique_ptr<reports::Sender> sender_;          // of the first loop
    std::unique_ptr<reports::Received> received_;
    std::unique_ptr<smtp_server::NameGuesses> guesses_;
    std::unique_ptr<reports::Inbox> inbox_;  // null: no address is read for reports
    std::vector<Bound> bound_;
    std::vector<std::pair<const ListenSettings*, net::ConnectionLimits>> limits_;
    Time started_at_{};
    bool started_ = false;
    bool reloading_ = false;
    std::atomic<std::size_t> cut_off_ = 0;  // connections that had to be stopped
};

}  // namespace heliopost
