// What a running server takes over from settings that are read again.
#include <utility>

#include "main/program.h"

namespace heliopost {
namespace {

admin::Answer answer_of(const Changes& changes) {
    admin::Answer answer{"reloaded", {"key", "takes_effect"}, {}};
    for (const std::string& key : changes.at_once) answer.rows.push_back({key, std::string("now")});
    for (const std::string& key : changes.after_restart) {
        answer.rows.push_back({key, std::string("after a restart")});
        answer.message += "\n" + key + ": takes effect after a restart";
    }
    return answer;
}

// All services read the same files: the first that cannot says so, and nothing has changed.
Result<void> take_certificates(const std::vector<net::CertificateWatch*>& watches,
                               const std::vector<net::CertificateFiles>& files) {
    for (net::CertificateWatch* watch : watches)
        if (watch != nullptr) TRY(watch->take(files));
    return {};
}

}  // namespace

net::Task<Result<admin::Answer>> Program::reload() {
    if (std::exchange(reloading_, true)) co_return fail(Fault::temporary, "a reload is under way");
    const std::unique_ptr<bool, void (*)(bool*)> done(&reloading_, [](bool* flag) { *flag = false; });

    const auto read = co_await world().on_pool([file = settings_file_] { return load_settings(file); });
    if (!read) co_return std::unexpected(read.error());
    Settings after = settings_;
    const Changes changes = take_over(after, *read);
    std::vector<net::CertificateWatch*> watches{smtp_certificates_.get(), imap_certificates_.get(),
                                                pop3_certificates_.get()};
    const auto certified =
        co_await world().on_pool([watches = std::move(watches), files = after.tls.certificates] {
            return take_certificates(watches, files);
        });
    if (!certified) co_return std::unexpected(certified.error());

    settings_ = std::move(after);
    change_settings();
    CO_TRY(co_await keys_->load());
    for (const std::string& key : changes.at_once) log_.info("setting.changed", {{"key", key}});
    for (const std::string& key : changes.after_restart)
        log_.warning("setting.after_restart", {{"key", key}});
    log_.info("reloaded", {{"file", settings_file_}});
    co_return answer_of(changes);
}

net::Task<void> Program::reload_and_log() {
    const auto reloaded = co_await reload();
    if (!reloaded)
        log_.error("reload failed: the settings stay as they were", {{"reason", reloaded.error().text}});
}

void Program::reload_soon() {
    world().post([this] { core_.front()->upkeep.spawn(reload_and_log()); });
}

void Program::change_settings() {
    log_.change(settings_.log.format, settings_.log.level);
    for (const auto& [of, limits] : limits_)
        if (of != nullptr) limits.change({of->connections_per_address_max, of->connections_max});
    transport_->change(transport_options());
    keys_->change(settings_.dkim);
    const auto settings = std::make_shared<const Settings>(settings_);
    for (const auto& core : core_)
        core->world.post([this, core = core.get(), settings] { change_core(*core, *settings); });
}

// On the core's loop, where its sessions read these.
void Program::change_core(Core& core, const Settings& settings) {
    for (smtp_server::Service* service : {&core.mx, &core.submission, &core.submission_tls, &core.lmtp}) {
        service->message_octets_max = settings.smtp.message_octets_max;
        service->recipients_max = settings.smtp.recipients_max;
        service->add_client_address =
            service->role == smtp_server::Role::submission && settings.submission.add_client_address;
    }
    for (imap_server::Service* service : {&core.imap, &core.imap_tls})
        service->message_octets_max = settings.smtp.message_octets_max;
    core.delivering->expire_after = settings.relay.expire_after;
}

}  // namespace heliopost
