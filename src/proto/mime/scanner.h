// Scanner: finds the structure of a message while its octets pass by.
//
// Feed it the octets in chunks of any size, then finish. It keeps field values only, never a body: until the
// end it holds at most some three times what it was fed and some 2 MiB in all (journal.h); time is linear. It
// never fails: what is malformed is shown as well as possible (docs/mime-differences.md). Lines end in LF, a
// CR before it belongs to the line end. A scanner reads one message; it is not thread-safe.
//
// RFC 5322, RFC 2045, RFC 2046 §5, RFC 6532.
#pragma once

#include <memory>
#include <string_view>

#include "proto/mime/limits.h"
#include "proto/mime/part.h"

namespace heliopost::mime {

class Scanner {
public:
    explicit Scanner(const Limits& limits = {});
    ~Scanner();
    Scanner(Scanner&&) noexcept;
    Scanner& operator=(Scanner&&) noexcept;

    void feed(std::string_view octets);
    Structure finish();  // once; nothing may be fed after it

    // Received fields in the message's own header so far: for the loop limit of RFC 5321 §6.3.
    size_t received_fields() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

// The structure of a whole message in memory.
Structure scan(std::string_view message, const Limits& limits = {});

}  // namespace heliopost::mime
