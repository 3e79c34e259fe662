#include "main/password_input.h"

#include <sys/random.h>

#include <array>
#include <iostream>

#include "base/assert.h"
#include "directory/password.h"

namespace heliopost {

Result<std::string> read_password() {
    std::string line;
    if (!std::getline(std::cin, line) || line.empty())
        return fail(Fault::syntax, "no password on standard input");
    if (line.size() > directory::password_octets_max)
        return fail(Fault::too_large, "the password is too long");
    return line;
}

std::string new_password() {
    std::array<char, 16> random{};
    ASSERT(getrandom(random.data(), random.size(), 0) == static_cast<ssize_t>(random.size()));
    return directory::generate_password({random.data(), random.size()});
}

}  // namespace heliopost
