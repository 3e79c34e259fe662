// Secret: octets that nobody should find later: a password, a key.
//
// They lie in pages of their own, locked against swapping and left out of core dumps where the system allows
// it (a limit on locked memory is no error), and are wiped when they are no longer used. A page for each: for
// what is short-lived or rare, not for thousands. What copies view() has a copy to wipe: wipe(). Any thread,
// one at a time; copies share nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace heliopost {

// Overwrites all that the text has room for, in a way that no compiler leaves out, and empties it.
void wipe(std::string& text) noexcept;

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string_view octets);
    // Wipes what it was given.
    static Secret take(std::string& from);
    static Secret take(std::string&& from) { return take(from); }
    Secret(const Secret& other) : Secret(other.view()) {}
    Secret(Secret&& other) noexcept
        : octets_(std::exchange(other.octets_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Secret& operator=(Secret other) noexcept {
        std::swap(octets_, other.octets_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Secret();

    std::string_view view() const { return {octets_, size_}; }
    bool empty() const { return size_ == 0; }
    bool operator==(const Secret& other) const { return view() == other.view(); }

private:
    char* octets_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace heliopost
