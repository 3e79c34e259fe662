// Address lists: From, To, Cc and the like.
//
// One flat list, with markers where a group begins and ends, as IMAP's ENVELOPE shows it. Never fails:
// what is not an address is kept as the display name or the local part it resembles most. A comment
// beside a bare address is its name ("ann@a.example (Ann)").
//
// RFC 5322 §3.4 and §4.4 (obsolete forms), RFC 6532 §3.2 (UTF-8), RFC 9051 §7.5.2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/mime/limits.h"

namespace heliopost::mime {

enum class AddressKind : std::uint8_t { mailbox, group_begin, group_end };

struct Address {
    AddressKind kind = AddressKind::mailbox;
    std::string name;     // display name or group name: unquoted, encoded words not decoded
    std::string route;    // "@a,@b" of an obsolete source route, RFC 5322 §4.4; ENVELOPE's adl
    std::string mailbox;  // local part, unquoted; for ENVELOPE a group's name goes here
    std::string host;     // domain or [literal]; empty for a bare local part: ENVELOPE then writes "", as
                          // NIL would mean a group

    std::string comment;  // what stood in comments beside a name, for display; not in ENVELOPE

    bool operator==(const Address&) const = default;
};

// At most limits.addresses entries, markers included; a cut group still gets its end marker.
std::vector<Address> parse_address_list(std::string_view value, const Limits& limits = {});

// The name as UTF-8 with encoded words decoded.
std::string display_name(const Address& address);

// "local@host", the local part quoted where it must be; only the local part where there is no host.
std::string addr_spec(const Address& address);

// A header value for one mailbox or group marker list, not folded: Ann <ann@a.example>, quoted where
// needed, the name written as given.
std::string format_address(const Address& address);
std::string format_address_list(const std::vector<Address>& addresses);

}  // namespace heliopost::mime
