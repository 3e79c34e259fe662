// heliopost doctor: is the server key as it has to be?
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "main/command.h"
#include "main/run_task.h"
#include "main/running_server.h"
#include "main/settings.h"
#include "net/system_clock.h"
#include "server/admin/message.h"
#include "signing/key_file.h"
#include "signing/keys.h"
#include "store/rocks_store.h"

namespace heliopost {
namespace {

signing::KeyOwner owner_of(const ServerSettings& server) {
    if (server.user.empty()) return {std::to_string(geteuid()), geteuid()};
    const passwd* const user = getpwnam(server.user.c_str());
    return {server.user, user == nullptr ? std::nullopt : std::optional(user->pw_uid)};
}

// Of an answer of "dkim.list".
std::vector<signing::SealedKey> sealed_of(const admin::Answer& answer) {
    const auto column = [&](std::string_view name) {
        return static_cast<std::size_t>(std::ranges::find(answer.columns, name) - answer.columns.begin());
    };
    const std::size_t domain = column("domain"), selector = column("selector"), key = column("server_key");
    std::vector<signing::SealedKey> all;
    for (const auto& row : answer.rows) {
        const auto text = [&row](std::size_t at) {
            const auto* cell = at < row.size() ? std::get_if<std::string>(&row[at]) : nullptr;
            return cell == nullptr ? std::string() : *cell;
        };
        if (!text(key).empty()) all.push_back({text(selector) + "._domainkey." + text(domain), text(key)});
    }
    return all;
}

// From the store itself; without one nothing is sealed.
Result<std::vector<signing::SealedKey>> sealed_in(const ServerSettings& server, net::SystemWorld& world) {
    store::RocksOptions options;
    options.path = server.data_directory;
    options.create = false;
    options.read_only = true;
    auto store = store::RocksStore::open(std::move(options));
    if (!store && store.error().fault == Fault::not_found) return std::vector<signing::SealedKey>();
    if (!store) return std::unexpected(store.error());
    std::vector<signing::SealedKey> all;
    for (const signing::DkimKey& key : TRY(run_task(world, signing::read_keys(store->get(), &world.log()))))
        if (!key.sealed.empty()) all.push_back({key.selector + "._domainkey." + key.domain, key.server_key});
    return all;
}

Result<std::vector<signing::SealedKey>> sealed_keys(const ServerSettings& server) {
    Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    net::Cores cores(1, 1, log);
    if (auto answer = ask_server(cores[0], server.admin_socket, {"dkim.list", {}}))
        return sealed_of(TRY(std::move(*answer)));
    return sealed_in(server, cores[0]);
}

}  // namespace

int command_doctor_key(const CommonOptions& common) {
    const auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    const signing::KeyFile file = signing::look_at_key_file(server_key_file(settings->server));
    const signing::KeyOwner owner = owner_of(settings->server);
    const auto sealed = sealed_keys(settings->server);
    if (!sealed) return report(common, sealed.error());
    admin::Answer answer{"", {"trial", "good", "detail"}, {}};
    bool all = true;
    for (signing::KeyTrial& one : signing::try_key_file(file, owner, *sealed)) {
        all = all && one.good;
        answer.rows.push_back({std::move(one.what), one.good, std::move(one.advice)});
    }
    show(common, answer);
    return all ? exit_good : exit_failed;
}

}  // namespace heliopost
