// heliopost restore: a whole backup, to where nothing is; or an account's mail (command_restore_account.cc).
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "backup/restore.h"
#include "base/json_writer.h"
#include "directory/directory.h"
#include "mailbox/renew.h"
#include "main/bar.h"
#include "main/command.h"
#include "main/copy_progress.h"
#include "main/interrupt.h"
#include "main/run_task.h"
#include "main/store_place.h"
#include "main/user.h"
#include "net/system_clock.h"
#include "queue/hold_all.h"
#include "store/rocks_store.h"

namespace heliopost {
namespace {

namespace fs = std::filesystem;
using backup::File;

constexpr mode_t configuration_mode = 0640;  // as quickstart writes it
constexpr mode_t certificate_mode = 0644, key_mode = 0600;

struct Renewed {
    std::size_t accounts = 0;
    std::size_t held = 0;
};

net::Task<Result<Renewed>> renew_all(net::World* world, store::Store* store) {
    Renewed renewed;
    const auto directory = directory::make_directory(*store, *world);
    CO_TRY(co_await directory->load());
    const auto accounts = CO_TRY(co_await directory->accounts(""));
    for (const directory::Account& account : accounts) {
        CO_TRY(co_await mailbox::renew(store, account.id, world->now()));
        ++renewed.accounts;
    }
    renewed.held = CO_TRY(co_await queue::hold_all(store));
    co_return renewed;
}

// What must change in the store before a client or another server sees it.
Result<Renewed> renew_store(const std::string& path) {
    const Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    net::Cores cores(1, 1, log);
    store::RocksOptions options;
    options.path = path;
    options.create = false;
    options.disk_reserve = 0;  // it adds no mail
    const auto store = TRY(store::RocksStore::open(std::move(options)));
    auto renewed = run_task(cores[0], renew_all(&cores[0], store.get()));
    store->flush();
    return renewed;
}

std::string absolute_name(const std::string& path) {
    return fs::absolute(path).lexically_normal().string();
}

class Restoring {
public:
    Restoring(const CommonOptions& common, const RestoreOptions& options)
        : common_(common), options_(options) {}

    Result<> run() {
        std::optional<backup::Key> key;
        if (!options_.key.empty()) key = TRY(backup::Key::read(options_.key));
        vault_ = TRY(backup::Vault::open(options_.directory, backup::Vault::Use::read, std::move(key)));
        backup_ = TRY(vault_->find(options_.at));
        manifest_ = TRY(vault_->manifest(backup_));
        const bool is_configured = exists(common_.config);
        const Settings settings = TRY(is_configured ? load_settings(common_.config) : settings_of_backup());
        const std::string& place = settings.server.data_directory;
        // Before anything is written: a second try would take what the first left for the administrator's.
        const backup::Descriptor held = TRY(backup::take_place(place));
        if (!is_configured)
            TRY(make(*find(File::Kind::configuration, ""), common_.config, configuration_mode, lend_to_user,
                     settings));
        {
            Bar bar(common_.json);
            auto progress = show_progress(bar, manifest_.octets());
            const std::string files = TRY(backup::restore_store(*vault_, manifest_, place, progress));
            renewed_ = TRY(renew_store(files));
        }
        // Until the store counts as whole, all can be done again.
        for (const net::CertificateFiles& files : settings.tls.certificates) {
            TRY(restore_beside(File::Kind::certificate, files.certificate, settings));
            TRY(restore_beside(File::Kind::key, files.key, settings));
        }
        TRY(give_store_to_user(place, settings.server.user));
        TRY(backup::finish_restore(place));
        return {};
    }

    void tell() const {
        const auto accounts = static_cast<std::int64_t>(renewed_.accounts);
        const auto held = static_cast<std::int64_t>(renewed_.held);
        if (common_.json) {
            std::string out;
            JsonWriter json(out);
            json.begin_object();
            json.field("backup", backup_);
            json.field("taken", to_rfc3339(manifest_.taken));
            json.field("octets", static_cast<std::int64_t>(manifest_.octets()));
            json.field("accounts", accounts);
            json.field("held", held);
            json.key("files_made");
            json.begin_array();
            for (const std::string& file : made_) json.string(file);
            json.end_array();
            json.end_object();
            std::printf("%s\n", out.c_str());
            return;
        }
        std::printf("restored backup %s: the store as it was at %s, with %zu accounts\n", backup_.c_str(),
                    to_rfc3339(manifest_.taken).c_str(), renewed_.accounts);
        for (const std::string& file : made_) std::printf("made %s, as it was\n", file.c_str());
        if (renewed_.held != 0)
            std::printf(
                "%zu recipients of queued mail are on hold, for they may have got it since: see `heliopost "
                "queue list`, then `heliopost queue release ID` or `heliopost queue drop ID`\n",
                renewed_.held);
    }

private:
    const File* find(File::Kind kind, const std::string& name) const {
        const auto found = std::ranges::find_if(manifest_.files, [&](const File& file) {
            return file.kind == kind && (name.empty() || file.name == name);
        });
        return found == manifest_.files.end() ? nullptr : &*found;
    }

    using Hand = Result<>(const std::string& path, const std::string& user);

    // It gets its name last, when it is whole and whose it is to be.
    Result<> make(const File& file, const std::string& path, mode_t mode, Hand* hand,
                  const Settings& settings) {
        const fs::path folder = fs::absolute(path).parent_path();
        const std::string beside = path + ".new";
        std::error_code error;
        fs::create_directories(folder, error);
        fs::remove(beside, error);
        TRY(backup::restore_file(*vault_, file, beside, [](std::uint64_t) { return Result<>(); }));
        if (::chmod(beside.c_str(), mode) != 0) return std::unexpected(backup::failed("chmod", beside));
        TRY(hand(beside, settings.server.user));
        TRY(backup::rename(beside, path));
        made_.push_back(path);
        return backup::sync_directory(folder.string());
    }

    // What is there stays: it may be newer than the backup, and it is the administrator's.
    static bool exists(const std::string& path) {
        std::error_code error;
        return fs::exists(path, error);
    }

    Result<Settings> settings_of_backup() const {
        const File* file = find(File::Kind::configuration, "");
        if (file == nullptr) return fail(Fault::not_found, "the backup holds no configuration");
        std::string text;
        TRY(vault_->read(*file, [&](std::string_view octets) -> Result<> {
            if (octets.size() > settings_octets_max - text.size())
                return fail(Fault::too_large, "the configuration in the backup is too large");
            text += octets;
            return {};
        }));
        return parse_settings(text, common_.config);
    }

    // Only where the configuration names it: a backup cannot choose where its files go.
    Result<> restore_beside(File::Kind kind, const std::string& path, const Settings& settings) {
        if (path.empty() || exists(path)) return {};
        const std::string name = absolute_name(path);
        const File* file = find(kind, name);
        if (file == nullptr) file = find(File::Kind::certificate, name);  // both in one file
        if (file == nullptr) return {};
        // The file of a certificate may hold a key too. Nothing is open to more than it was.
        const bool has_key =
            file->kind == File::Kind::key ||
            std::ranges::any_of(settings.tls.certificates, [&](const net::CertificateFiles& files) {
                return !files.key.empty() && absolute_name(files.key) == name;
            });
        const mode_t mode = (has_key ? key_mode : certificate_mode) & file->mode.value_or(certificate_mode);
        return make(*file, path, mode, give_to_user, settings);
    }

    const CommonOptions& common_;
    const RestoreOptions& options_;
    std::unique_ptr<backup::Vault> vault_;
    std::string backup_;
    backup::Manifest manifest_;
    Renewed renewed_;
    std::vector<std::string> made_;
};

}  // namespace

int command_restore(const CommonOptions& common, const RestoreOptions& options) {
    catch_interrupts();
    if (!options.account.empty()) return command_restore_account(common, options);
    Restoring restoring(common, options);
    if (const auto done = restoring.run(); !done) return report(common, done.error());
    restoring.tell();
    return exit_good;
}

}  // namespace heliopost
