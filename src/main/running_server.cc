#include "main/running_server.h"

#include <filesystem>

#include "main/run_task.h"
#include "net/stream.h"
#include "server/admin/socket.h"

namespace heliopost {

std::optional<Result<admin::Answer>> ask_server(net::SystemWorld& world, const std::string& socket,
                                                const admin::Request& request) {
    if (socket.empty() || !std::filesystem::exists(socket)) return std::nullopt;
    try {
        return all_pages(request, [&](const admin::Request& page) {
            return run_task(world, admin::ask(&world, socket, page));
        });
    } catch (const net::Gone&) {
        return std::nullopt;  // a socket that a dead server left behind
    }
}

}  // namespace heliopost
