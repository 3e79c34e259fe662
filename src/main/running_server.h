// The running server, as the commands reach it.
#pragma once

#include <optional>
#include <string>

#include "net/system_world.h"
#include "server/admin/message.h"

namespace heliopost {

// Its answer; nothing where no server listens. The world's loop runs nothing else.
std::optional<Result<admin::Answer>> ask_server(net::SystemWorld& world, const std::string& socket,
                                                const admin::Request& request);

}  // namespace heliopost
