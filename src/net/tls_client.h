// TlsClients: what TLS clients of one loop share: a context without verification and one for each file of
// roots. Only for net/*.cc.
#pragma once

#include <map>
#include <string>

#include "net/openssl.h"
#include "net/tls.h"

namespace heliopost::net {

class TlsClients {
public:
    // A session that sends the name as SNI and verifies as asked. Throws Gone where the roots cannot be read.
    SslPtr new_session(const TlsClient& client);

private:
    // Roots files come from the configuration: a handful.
    std::map<std::string, SslCtxPtr> verifying_;  // by roots file
    SslCtxPtr opportunistic_;
};

}  // namespace heliopost::net
