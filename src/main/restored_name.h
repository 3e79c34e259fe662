// Where a mailbox's mail comes that is not restored in place.
#pragma once

#include <string>
#include <string_view>

namespace heliopost {

// "Restored/DATE/NAME". A name that is too long or too deep below it becomes one level: its levels joined by
// "_", cut off, and "~" with eight digits of its hash, so that two names never become one. The same each
// time.
std::string restored_name(std::string_view date, std::string_view name);

}  // namespace heliopost
