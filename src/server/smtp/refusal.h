// The one table from an Error to its SMTP reply.
#pragma once

#include "base/result.h"
#include "proto/smtp/reply.h"

namespace heliopost::smtp_server {

smtp::Reply refusal(const Error& error);

}  // namespace heliopost::smtp_server
