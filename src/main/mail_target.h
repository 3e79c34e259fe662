// MailTarget: where restored mail goes: the running server, through its admin socket, or the store itself,
// where no server runs. Both take the operations of server/admin/restore.h.
#pragma once

#include <memory>
#include <string>

#include "main/program.h"
#include "server/admin/restore.h"

namespace heliopost {

class MailTarget {
public:
    virtual ~MailTarget() = default;
    virtual net::Task<Result<admin::Answer>> ask(admin::Request request, admin::OctetSource* octets) = 0;
};

// Opens the program where no server listens; its loop runs nothing else. The program outlives the target.
Result<std::unique_ptr<MailTarget>> open_target(Program& program, const ServerSettings& server);

}  // namespace heliopost
