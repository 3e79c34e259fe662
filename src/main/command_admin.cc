// The commands that administer: through the running server, or on the store when none runs.
#include <filesystem>

#include "main/command.h"
#include "main/program.h"
#include "main/run_task.h"
#include "main/running_server.h"
#include "main/store_place.h"
#include "main/user.h"
#include "net/system_clock.h"

namespace heliopost {
namespace {

// What root writes into the store would lock out the server, which is not root.
Result<void> become_owner(const std::string& store, const std::string& user) {
    TRY(give_store_to_user(store, user));
    return become_user(user);
}

}  // namespace

int command_admin(const CommonOptions& common, const admin::Request& request) {
    auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    settings->server.threads = 1;
    const std::string socket = settings->server.admin_socket;
    const std::string user = settings->server.user, store = settings->server.data_directory;
    Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    Program program(*std::move(settings), common.config, log);
    if (auto answer = ask_server(program.world(), socket, request))
        return *answer ? show(common, **answer) : report(common, answer->error());
    if (request.operation.starts_with("server.") || request.operation == "reports.send")
        return report(common, {Fault::not_found, "no server runs behind " + socket});
    if (const auto become = become_owner(store, user); !become) return report(common, become.error());
    if (const auto opened = program.open(); !opened) return report(common, opened.error());
    auto answer = all_pages(request, [&](const admin::Request& page) {
        return run_task(program.world(), admin::run(&program.administered(), page));
    });
    return answer ? show(common, *answer) : report(common, answer.error());
}

}  // namespace heliopost
