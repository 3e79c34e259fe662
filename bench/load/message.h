// Messages like those that people send, each with an id and text of its own.
#pragma once

#include <cstdint>
#include <string>

namespace heliopost::bench {

class MessageMaker {
public:
    explicit MessageMaker(std::uint64_t seed);

    // With CRLF line ends and no line that starts with a dot; at least octets long if that holds a header.
    std::string make(std::uint64_t number, std::uint64_t octets, const std::string& from,
                     const std::string& to) const;

private:
    std::uint64_t seed_;
    std::string text_;  // lines to cut bodies from
};

}  // namespace heliopost::bench
