// heliopost restore --account: an account's mail, a mailbox, a message, into the store in use.
#include "backup/opened_store.h"
#include "main/bar.h"
#include "main/command.h"
#include "main/copy_progress.h"
#include "main/program.h"
#include "main/restore_mail.h"
#include "main/run_task.h"
#include "main/user.h"
#include "net/system_clock.h"

namespace heliopost {
namespace {

constexpr std::size_t date_octets = 10;  // 2026-11-23

// The program and the backup's store are gone when it returns.
Result<MailRestored> restore_account(const CommonOptions& common, const RestoreOptions& options,
                                     Settings settings) {
    std::optional<backup::Key> key;
    if (!options.key.empty()) key = TRY(backup::Key::read(options.key));
    const auto vault = TRY(backup::Vault::open(options.directory, backup::Vault::Use::read, std::move(key)));
    const backup::Manifest manifest = TRY(vault->manifest(TRY(vault->find(options.at))));
    const ServerSettings server = settings.server;
    // Before there are threads. What is written from here on is the server's, however this ends.
    TRY(become_reading_user(server.user));
    settings.server.threads = 1;
    Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    Program program(std::move(settings), common.config, log);
    Bar bar(common.json);
    const auto opened =
        TRY(backup::OpenedStore::open(*vault, manifest, show_progress(bar, manifest.octets())));
    bar.clear();
    const auto target = TRY(open_target(program, server));
    MailChoice choice;
    choice.account = options.account;
    choice.mailbox = options.mailbox;
    choice.message_id = options.message_id;
    if (options.uid != 0) choice.uid = options.uid;
    choice.in_place = options.in_place;
    choice.date = to_rfc3339(manifest.taken).substr(0, date_octets);
    const auto tell_failed = [&](const std::string& line) { report(common, {Fault::internal, line}); };
    return run_task(program.world(), restore_mail(&program.world(), &opened->store(), target.get(),
                                                  std::move(choice), tell_failed));
}

}  // namespace

int command_restore_account(const CommonOptions& common, const RestoreOptions& options) {
    auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    const auto done = restore_account(common, options, *std::move(settings));
    if (!done) return report(common, done.error());
    const auto number = [](std::size_t count) { return static_cast<std::int64_t>(count); };
    admin::Answer answer{"", {"account", "mailboxes", "messages", "already_there", "failed"}, {}};
    answer.rows.push_back({options.account, number(done->mailboxes), number(done->messages),
                           number(done->present), number(done->failed)});
    show(common, answer);
    return done->failed == 0 ? exit_good : exit_failed;
}

}  // namespace heliopost
