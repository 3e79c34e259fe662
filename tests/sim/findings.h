// Findings: what the oracle has found wrong, in the order of finding. Empty at the end: the seed is good.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace heliopost::sim {

class Findings {
public:
    static constexpr std::size_t kept_max = 100;

    void add(std::string what) {
        ++count_;
        if (found_.size() < kept_max) found_.push_back(std::move(what));
    }
    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }
    const std::vector<std::string>& all() const { return found_; }

private:
    std::size_t count_ = 0;
    std::vector<std::string> found_;
};

}  // namespace heliopost::sim
