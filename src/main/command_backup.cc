// heliopost backup: take one, list them, verify them, make a key.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <limits>

#include "backup/take.h"
#include "base/json_writer.h"
#include "main/bar.h"
#include "main/command.h"
#include "main/copy_progress.h"
#include "main/interrupt.h"
#include "main/servers_file.h"
#include "main/snapshot.h"
#include "net/system_clock.h"

namespace heliopost {
namespace {

namespace fs = std::filesystem;
using backup::File;
using backup::Source;

// What is beside the store. A file is named as the configuration names it, and read where its name leads the
// server.
class Beside {
public:
    explicit Beside(const Settings& settings) : settings_(settings) {}

    Result<> add_to(std::vector<Source>& sources, const std::string& configuration) {
        sources_ = &sources;
        TRY(add(File::Kind::configuration, configuration));
        for (const net::CertificateFiles& files : settings_.tls.certificates) {
            TRY(add(File::Kind::certificate, files.certificate));
            TRY(add(File::Kind::key, files.key));
        }
        return {};
    }

private:
    Result<> add(File::Kind kind, const std::string& file) {
        if (file.empty()) return {};
        const std::string name = fs::absolute(file).lexically_normal().string();
        const auto same = [&](const Source& one) {
            return one.kind != File::Kind::store && one.name == name;
        };
        if (std::ranges::any_of(*sources_, same)) return {};
        opened_.push_back(TRY(open_servers_file(file, settings_.server.user)));
        sources_->push_back({kind, name, name, &opened_.back()});
        return {};
    }

    const Settings& settings_;
    std::vector<Source>* sources_ = nullptr;
    std::deque<backup::Descriptor> opened_;  // the sources point to them
};

std::uint64_t octets_of(const std::vector<Source>& sources) {
    std::uint64_t all = 0;
    std::error_code error;
    for (const Source& source : sources) {
        const auto octets = fs::file_size(source.path, error);
        if (!error) all += octets;
    }
    return all;
}

std::int64_t signed_number(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

int tell(const CommonOptions& common, const backup::Taken& taken, const std::vector<std::string>& pruned) {
    const auto files = taken.manifest.files.size();
    if (common.json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.field("backup", taken.name);
        json.field("files", signed_number(files));
        json.field("octets", signed_number(taken.manifest.octets()));
        json.field("files_new", signed_number(taken.files_new));
        json.field("octets_new", signed_number(taken.octets_new));
        json.key("pruned");
        json.begin_array();
        for (const std::string& name : pruned) json.string(name);
        json.end_array();
        json.end_object();
        std::printf("%s\n", out.c_str());
        return exit_good;
    }
    std::printf(
        "backup %s: %zu files, %llu octets; %zu files, %llu octets of them new; read back and right\n",
        taken.name.c_str(), files, static_cast<unsigned long long>(taken.manifest.octets()), taken.files_new,
        static_cast<unsigned long long>(taken.octets_new));
    for (const std::string& name : pruned) std::printf("removed backup %s\n", name.c_str());
    return exit_good;
}

Result<std::optional<backup::Key>> key_of(const BackupOptions& options) {
    if (options.key.empty()) return std::nullopt;
    return TRY(backup::Key::read(options.key));
}

Result<std::unique_ptr<backup::Vault>> open_vault(const BackupOptions& options, backup::Vault::Use use) {
    return backup::Vault::open(options.directory, use, TRY(key_of(options)));
}

int take(const CommonOptions& common, const BackupOptions& options) {
    const auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    auto vault = open_vault(options, backup::Vault::Use::write);
    if (!vault) return report(common, vault.error());
    backup::Manifest manifest;
    manifest.version = options.version;
    manifest.host_name = settings->server.host_name;
    manifest.taken = net::system_now();
    Result<backup::Taken> taken = fail(Fault::internal, "");
    {
        const auto snapshot = Snapshot::make(settings->server);
        if (!snapshot) return report(common, snapshot.error());
        auto sources = backup::store_files(snapshot->path(), &snapshot->files());
        if (!sources) return report(common, sources.error());
        Beside beside(*settings);
        if (const auto added = beside.add_to(*sources, common.config); !added)
            return report(common, added.error());
        Bar bar(common.json);
        taken = backup::take(**vault, std::move(manifest), *sources, show_progress(bar, octets_of(*sources)));
    }
    if (!taken) return report(common, taken.error());
    const std::size_t keep = options.keep == 0 ? std::numeric_limits<std::size_t>::max() : options.keep;
    const auto pruned = (*vault)->prune(keep, taken->name);
    const int code = tell(common, *taken, pruned.value_or(std::vector<std::string>()));
    // Never in the backup: whoever finds it must not be able to sign as us.
    const std::string key = server_key_file(settings->server);
    if (!common.json && fs::exists(key))
        std::printf("not in it: %s, without which DKIM keys in it cannot be used; keep a copy elsewhere\n",
                    key.c_str());
    return pruned ? code : report(common, pruned.error());
}

int list(const CommonOptions& common, const BackupOptions& options) {
    const auto vault = open_vault(options, backup::Vault::Use::read);
    if (!vault) return report(common, vault.error());
    const auto names = (*vault)->backups();
    if (!names) return report(common, names.error());
    admin::Answer answer{"", {"backup", "taken", "host_name", "version", "files", "octets"}, {}};
    int code = exit_good;
    for (const std::string& name : *names) {
        const auto manifest = (*vault)->manifest(name);
        if (!manifest) {
            code = report(common, manifest.error());
            continue;
        }
        answer.rows.push_back({name, to_rfc3339(manifest->taken), manifest->host_name, manifest->version,
                               signed_number(manifest->files.size()), signed_number(manifest->octets())});
    }
    show(common, answer);
    return code;
}

int verify(const CommonOptions& common, const BackupOptions& options) {
    const auto vault = open_vault(options, backup::Vault::Use::read);
    if (!vault) return report(common, vault.error());
    const auto names = (*vault)->backups();
    if (!names) return report(common, names.error());
    admin::Answer answer{"", {"backup", "files", "octets", "damaged"}, {}};
    std::vector<std::string> lines;
    std::vector<std::string> checked;
    for (const std::string& name : *names) {
        const auto manifest = (*vault)->manifest(name);
        if (!manifest) {
            lines.push_back(manifest.error().text);
            continue;
        }
        Bar bar(common.json);
        const auto verified =
            backup::verify(**vault, *manifest, checked, show_progress(bar, manifest->octets()));
        if (!verified) return report(common, verified.error());
        for (const std::string& damage : verified->damaged) lines.push_back("backup " + name + ": " + damage);
        answer.rows.push_back({name, signed_number(verified->files), signed_number(verified->octets),
                               signed_number(verified->damaged.size())});
    }
    if (names->empty()) lines.push_back(options.directory + " holds no complete backup");
    show(common, answer);
    for (const std::string& line : lines) report(common, {Fault::internal, line});
    return lines.empty() ? exit_good : exit_failed;
}

}  // namespace

int command_backup(const CommonOptions& common, const BackupOptions& options) {
    if (!options.new_key.empty()) {
        if (const auto made = backup::Key::make(options.new_key); !made) return report(common, made.error());
        if (!common.json)
            std::printf("made %s: keep a copy elsewhere; without it no backup made with it can be read\n",
                        options.new_key.c_str());
        return exit_good;
    }
    if (options.directory.empty())
        return report(common, {Fault::syntax, "name the directory of the backups"}, exit_usage);
    if (options.list) return list(common, options);
    catch_interrupts();
    return options.verify ? verify(common, options) : take(common, options);
}

}  // namespace heliopost
