// Names: the one spelling by which the directory compares addresses.
//
// Local parts are lower-cased (Unicode, root locale) and composed (NFC); domains are lower-case A-labels.
// Deviates from RFC 5321 §2.4, which lets a host tell local parts apart by case, because no user expects
// two mailboxes that differ in case alone.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::directory {

struct Name {
    std::string local_part;  // unquoted, folded
    std::string domain;      // A-labels

    std::string key() const { return local_part + "@" + domain; }
    bool operator==(const Name&) const = default;
};

// Fault::syntax for what is not UTF-8, has controls, is empty or longer than RFC 5321 allows.
Result<std::string> fold_local_part(std::string_view local_part);

// Either half as a server has it from its parser.
Result<Name> make_name(std::string_view local_part, std::string_view domain);

// "ann@post.example". Fault::syntax.
Result<Name> parse_name(std::string_view address);

// As parse_name, but only what needs no quotes and no address literal: what may be given to a user.
Result<Name> parse_new_name(std::string_view address);

// A domain that mail can be hosted for: no literal. Fault::syntax.
Result<std::string> parse_domain(std::string_view name);

// A target of an alias: the domain normalised, the local part as given, quoted where needed.
Result<std::string> normalise_target(std::string_view address);

}  // namespace heliopost::directory
