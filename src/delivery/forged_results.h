// ForgedResults: takes out of a message's header, while it arrives, the Authentication-Results that bear one
// of our names. Whoever reads ours must be able to trust it: RFC 8601 §5.
//
// All other octets pass unchanged, and at once but for the line that is not whole yet. Of a field that is
// taken out at most forged_octets_max are looked at; one that is longer is taken out as well. A name that
// only looks like that of the field (with octets that no name has, or its colon in the next line) counts, for
// some readers take it for one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heliopost::delivery {

inline constexpr std::size_t forged_octets_max = std::size_t{64} << 10;

class ForgedResults {
public:
    // names: ours, by which servers sign such a field (authserv-id). They outlive it.
    explicit ForgedResults(const std::vector<std::string>& names) : names_(&names) {}

    // The octets to store so far.
    std::string feed(std::string_view octets);
    // At the end of the message: what was held.
    std::string finish();

    // From here on octets pass as they are: they need not be fed.
    bool passed() const { return passed_; }
    std::size_t taken_out() const { return taken_out_; }

private:
    void take_line(std::string& out, std::string_view line);
    void end_field(std::string& out);

    const std::vector<std::string>* names_;
    std::string line_;   // not whole yet
    std::string field_;  // one that may have to go
    bool in_field_ = false;
    bool passed_ = false;
    bool rest_of_line_ = false;  // of one that was too long to hold
    std::size_t taken_out_ = 0;
};

}  // namespace heliopost::delivery
