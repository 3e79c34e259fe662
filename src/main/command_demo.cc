// heliopost demo: a whole server on loopback, in a directory that goes away with it.
#include <signal.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>

#include "base/base64.h"
#include "main/command.h"
#include "main/demo_messages.h"
#include "main/dialog.h"
#include "main/files.h"
#include "main/first_account.h"
#include "main/password_input.h"
#include "main/program.h"
#include "main/run_task.h"
#include "net/system_clock.h"
#include "proto/smtp/dot_stuff.h"

namespace heliopost {
namespace {

constexpr std::uint16_t smtp_port = 2525, submission_port = 2587, submissions_port = 2465, imap_port = 2143,
                        imaps_port = 2993, pop3_port = 2110, pop3s_port = 2995;

net::Endpoint loopback(std::uint16_t port) {
    return {boost::asio::ip::make_address("127.0.0.1"), port, {}};
}

// A directory that is removed with everything in it.
struct TemporaryDirectory {
    std::string path;
    TemporaryDirectory() : path((std::filesystem::temp_directory_path() / "heliopost-demo.XXXXXX").string()) {
        if (mkdtemp(path.data()) == nullptr) path.clear();
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        if (!path.empty()) std::filesystem::remove_all(path, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
};

Result<Settings> demo_settings(const std::string& directory) {
    const auto certificate = net::make_self_signed({"localhost", "mail.demo.example"}, 30);
    TRY(write_file(directory + "/cert.pem", certificate.certificate, 0644));
    TRY(write_file(directory + "/key.pem", certificate.key, 0600));
    Settings settings;
    settings.server.host_name = "mail.demo.example";
    settings.server.data_directory = directory + "/store";
    settings.server.admin_socket = directory + "/admin.sock";
    settings.server.disk_reserve = 1;  // a demo goes on a full disk too
    settings.log.level = LogLevel::warning;
    settings.tls.certificates = {{directory + "/cert.pem", directory + "/key.pem"}};
    settings.smtp.listen = {loopback(smtp_port)};
    settings.submission.listen = {loopback(submission_port)};
    settings.submission.listen_tls = {loopback(submissions_port)};
    settings.imap.listen = {loopback(imap_port)};
    settings.imap.listen_tls = {loopback(imaps_port)};
    settings.pop3.listen = {loopback(pop3_port)};
    settings.pop3.listen_tls = {loopback(pop3s_port)};
    return settings;
}

net::Task<void> send_text(Dialog* dialog, std::string_view text) {
    std::string stuffed;
    smtp::DotStuffer stuffer;
    stuffer.feed(text, [&](std::string_view piece) { stuffed += piece; });
    stuffer.finish([&](std::string_view piece) { stuffed += piece; });
    stuffed.resize(stuffed.size() - 2);  // say() ends the line
    co_await dialog->expect_reply(std::move(stuffed), "250");
}

net::Task<void> deliver_samples(net::World* world) {
    auto smtp = co_await Dialog::dial(world, loopback(smtp_port), false);
    co_await smtp->read_reply("220");
    co_await smtp->expect_reply("EHLO elsewhere.example", "250");
    for (const DemoMessage& message : demo_messages) {
        co_await smtp->expect_reply("MAIL FROM:<" + std::string(message.from) + ">", "250");
        co_await smtp->expect_reply("RCPT TO:<" + std::string(message.to) + ">", "250");
        co_await smtp->expect_reply("DATA", "354");
        co_await send_text(smtp.get(), message.text);
    }
    co_await smtp->expect_reply("QUIT", "221");
}

constexpr std::string_view reply_text =
    "From: Ann <ann@demo.example>\r\nTo: Bob <bob@demo.example>\r\nSubject: Round trip\r\n\r\nFrom Ann to "
    "Bob.\r\n";

// Ann submits with STARTTLS and her password; Bob reads it over IMAP and counts it over POP3.
net::Task<Result<void>> round_trip(net::World* world, std::string password) {
    auto smtp = co_await Dialog::dial(world, loopback(submission_port), false);
    co_await smtp->read_reply("220");
    co_await smtp->expect_reply("EHLO client.example", "250");
    co_await smtp->expect_reply("STARTTLS", "220");
    co_await smtp->start_tls();
    co_await smtp->expect_reply("EHLO client.example", "250");
    co_await smtp->expect_reply("AUTH PLAIN " + to_base64(std::string("\0ann@demo.example\0", 18) + password),
                                "235");
    co_await smtp->expect_reply("MAIL FROM:<ann@demo.example>", "250");
    co_await smtp->expect_reply("RCPT TO:<bob@demo.example>", "250");
    co_await smtp->expect_reply("DATA", "354");
    co_await send_text(smtp.get(), reply_text);
    std::printf("  submission  Ann sent a message with STARTTLS and her password\n");

    auto imap = co_await Dialog::dial(world, loopback(imaps_port), true);
    co_await imap->line();
    co_await imap->imap("LOGIN bob@demo.example " + password);
    const std::string selected = co_await imap->imap("SELECT INBOX");
    if (!selected.contains("* 2 EXISTS"))
        co_return fail(Fault::internal, "Bob has not two messages: " + selected);
    const std::string first = co_await imap->imap("FETCH 1 BODY[]");
    if (!first.contains(demo_messages[1].text))
        co_return fail(Fault::internal, "the first message came back changed: " + first);
    const std::string second = co_await imap->imap("FETCH 2 BODY[]");
    if (!second.contains(reply_text))
        co_return fail(Fault::internal, "the second message came back changed: " + second);
    std::printf("  imap        Bob has both messages, octet for octet\n");

    auto pop3 = co_await Dialog::dial(world, loopback(pop3s_port), true);
    co_await pop3->line();
    co_await pop3->pop3("USER bob@demo.example");
    co_await pop3->pop3("PASS " + password);
    const std::string counted = co_await pop3->pop3("STAT");
    if (!counted.starts_with("2 ")) co_return fail(Fault::internal, "POP3 counts otherwise: " + counted);
    co_await pop3->pop3("QUIT");
    std::printf("  pop3        and POP3 counts them: %s octets\n", counted.substr(2).c_str());
    co_return Result<void>{};
}

net::Task<Result<void>> play(net::World* world, std::string password, bool check) {
    co_await deliver_samples(world);
    std::printf("  smtp        %zu sample messages delivered from outside\n", demo_messages.size());
    if (check) co_return co_await round_trip(world, std::move(password));
    co_return Result<void>{};
}

void print_how_to_log_in(const std::string& password) {
    std::printf(
        "\nLog in with any mail client, or see it go:\n"
        "  user      ann@demo.example, bob@demo.example or eve@demo.example\n"
        "  password  %s\n"
        "  IMAP      127.0.0.1 port %u (TLS) or %u (STARTTLS)\n"
        "  POP3      127.0.0.1 port %u (TLS) or %u (STLS)\n"
        "  send      127.0.0.1 port %u (TLS) or %u (STARTTLS)\n"
        "The certificate is self-signed. For example:\n"
        "  curl -k --user ann@demo.example:%s imaps://127.0.0.1:%u/INBOX\n"
        "Ctrl-C ends the demo and removes its mail.\n",
        password.c_str(), unsigned{imaps_port}, unsigned{imap_port}, unsigned{pop3s_port},
        unsigned{pop3_port}, unsigned{submissions_port}, unsigned{submission_port}, password.c_str(),
        unsigned{imaps_port});
    std::fflush(stdout);
}

Result<void> run_demo(const std::string& directory, const DemoOptions& options, const sigset_t& signals) {
    Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    const std::string password = new_password();
    Program program(TRY(demo_settings(directory)), "", log);
    TRY(program.read_certificates());
    TRY(program.listen());
    TRY(program.open());
    for (const char* name : {"ann", "bob", "eve"})
        TRY(add_first_account(program, std::string(name) + "@demo.example", password));
    program.start();
    std::printf("Heliopost demo on 127.0.0.1, mail in %s\n", directory.c_str());
    net::SystemWorld client(log, std::make_shared<net::Pool>(1));
    auto played = run_task(client, play(&client, password, options.check));
    if (played && !options.check) {
        print_how_to_log_in(password);
        int caught = 0;
        sigwait(&signals, &caught);
    }
    program.stop();
    if (played && options.check) std::printf("The round trip is complete.\n");
    return played;
}

}  // namespace

int command_demo(const CommonOptions& common, const DemoOptions& options) {
    signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    for (const int one : {SIGTERM, SIGINT}) sigaddset(&signals, one);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const TemporaryDirectory directory;
    if (directory.path.empty())
        return report(common, {Fault::temporary, "cannot make a temporary directory"});
    try {
        const auto done = run_demo(directory.path, options, signals);
        return done ? exit_good : report(common, done.error());
    } catch (const std::exception& error) {
        return report(common, {Fault::internal, std::string("the demo failed: ") + error.what()});
    }
}

}  // namespace heliopost
