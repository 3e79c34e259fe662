#include "main/mail_target.h"

#include <filesystem>

#include "main/run_task.h"
#include "main/user.h"
#include "server/admin/socket.h"

namespace heliopost {
namespace {

class SocketTarget final : public MailTarget {
public:
    explicit SocketTarget(std::unique_ptr<admin::Conversation> conversation)
        : conversation_(std::move(conversation)) {}
    net::Task<Result<admin::Answer>> ask(admin::Request request, admin::OctetSource* octets) override {
        return conversation_->ask(std::move(request), octets);
    }

private:
    std::unique_ptr<admin::Conversation> conversation_;
};

class StoreTarget final : public MailTarget {
public:
    explicit StoreTarget(admin::Administered* of) : of_(of) {}
    net::Task<Result<admin::Answer>> ask(admin::Request request, admin::OctetSource* octets) override {
        return admin::run_restore(of_, std::move(request), octets);
    }

private:
    admin::Administered* of_;
};

}  // namespace

Result<std::unique_ptr<MailTarget>> open_target(Program& program, const ServerSettings& server) {
    const std::string& socket = server.admin_socket;
    if (!socket.empty() && std::filesystem::exists(socket)) {
        try {
            return std::make_unique<SocketTarget>(
                run_task(program.world(), admin::Conversation::dial(&program.world(), socket)));
        } catch (const net::Gone&) {  // a socket that a dead server left behind
        }
    }
    if (!std::filesystem::exists(server.data_directory))
        return fail(Fault::not_found, "there is no store at " + server.data_directory);
    TRY(program.open());
    return std::make_unique<StoreTarget>(&program.administered());
}

}  // namespace heliopost
