#include "server/imap/completion.h"

namespace heliopost::imap_server {

Completion refusal(const Error& error) {
    namespace code = imap::code;
    switch (error.fault) {
        case Fault::syntax:
            return bad(error.text);
        case Fault::denied:
            return refused(code::no_permission, error.text);
        case Fault::not_found:
            return refused(code::non_existent, error.text);
        case Fault::exists:
            return refused(code::already_exists, error.text);
        case Fault::over_quota:
            return refused(code::over_quota, "the account is full");
        case Fault::too_large:
            return refused(code::limit, error.text);
        case Fault::conflict:
            return refused(code::in_use, "something else changed it meanwhile, please try again");
        case Fault::temporary:
            return refused(code::unavailable, error.text);
        case Fault::internal:
            return refused(code::server_bug, "a local error, please try again later");
    }
    return refused(code::server_bug, "a local error, please try again later");
}

}  // namespace heliopost::imap_server
