// What is to be published for a key: RFC 6376 §3.6.1 and RFC 8463 §4, in the form of a zone file (RFC 1035
// §5.1).
#pragma once

#include <string>

#include "directory/dkim_key.h"

namespace heliopost::signing {

std::string record_name(const directory::DkimKey& key);  // "20261123r._domainkey.a.example"
std::string record_text(const directory::DkimKey& key);  // "v=DKIM1; k=rsa; p=..."
// One line; the text in strings of at most 255 octets (RFC 1035 §3.3).
std::string zone_line(const directory::DkimKey& key);

}  // namespace heliopost::signing
