#include "server/admin/operations.h"

#include <utility>

namespace heliopost::admin {

Error unknown_operation(const Request& request) {
    return {Fault::not_found,
            "unknown operation \"" + request.operation + "\": is the server of another version?"};
}

net::Task<Result<Answer>> run(Administered* of, Request request) {
    const std::string subject = request.operation.substr(0, request.operation.find('.'));
    if (subject == "domain") co_return co_await run_domain(of, std::move(request));
    if (subject == "account") co_return co_await run_account(of, std::move(request));
    if (subject == "alias") co_return co_await run_alias(of, std::move(request));
    if (subject == "queue") co_return co_await run_queue(of, std::move(request));
    if (subject == "message") co_return co_await run_message(of, std::move(request));
    if (subject == "dkim") co_return co_await run_dkim(of, std::move(request));
    if (subject == "reports") co_return co_await run_reports(of, std::move(request));
    if (subject == "backup") co_return co_await run_backup(of, std::move(request));
    if (request.operation == "server.reload") {
        if (!of->reload) co_return fail(Fault::not_found, "no server runs here");
        co_return co_await of->reload();
    }
    if (request.operation == "server.status") {
        if (!of->status) co_return fail(Fault::not_found, "no server runs here");
        co_return of->status();
    }
    co_return std::unexpected(unknown_operation(request));
}

}  // namespace heliopost::admin
