#include "server/smtp/refusal.h"

namespace heliopost::smtp_server {

// RFC 5321 §4.2.3, RFC 3463.
smtp::Reply refusal(const Error& error) {
    switch (error.fault) {
        case Fault::syntax:
            return {501, {5, 5, 2}, error.text};
        case Fault::denied:
            return {550, {5, 7, 1}, error.text};
        case Fault::not_found:
            return {550, {5, 1, 1}, error.text};
        case Fault::exists:
            return {550, {5, 3, 0}, error.text};
        case Fault::over_quota:
            return {452, {4, 2, 2}, "the mailbox is full"};
        case Fault::too_large:
            return {552, {5, 3, 4}, "the message is too large"};
        case Fault::temporary:
            return {452, {4, 3, 1}, error.text};
        case Fault::conflict:
        case Fault::internal:
            return {451, {4, 3, 0}, "a local error, please try again later"};
    }
    return {451, {4, 3, 0}, "a local error, please try again later"};
}

}  // namespace heliopost::smtp_server
