// Letters: the messages of the simulation. Each has an id that is used once, and octets that follow from it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heliopost::sim {

class Letters {
public:
    int write(std::string_view from, std::string_view to);  // gives its id, from 1
    std::string text(int id) const;                         // with CRLF at each line's end
    // Does a stored message end with what was sent? Trace fields may stand in front.
    bool is_as_sent(std::string_view stored, int id) const;
    int last() const { return static_cast<int>(written_.size()); }

private:
    std::vector<std::pair<std::string, std::string>> written_;  // from, to
};

// The id in a stored message's header, 0 where it has none: nobody's, or a notification.
int id_of(std::string_view stored);

}  // namespace heliopost::sim
