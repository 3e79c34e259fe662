// backup.checkpoint
#include "server/admin/operations.h"

namespace heliopost::admin {

// The sandbox keeps the server within its own directory: it makes the checkpoint there, and the command,
// which asked for it, copies it elsewhere and removes it.
net::Task<Result<Answer>> run_backup(Administered* of, Request request) {
    if (request.operation != "backup.checkpoint" || !of->checkpoint)
        co_return std::unexpected(unknown_operation(request));
    const std::string path =
        CO_TRY(co_await of->world->on_pool([checkpoint = of->checkpoint] { return checkpoint(); }));
    of->world->log().info("backup.checkpoint", {{"path", path}});
    co_return Answer{"", {"path"}, {{path}}};
}

}  // namespace heliopost::admin
