// A progress bar on standard error, where that is a terminal; nothing elsewhere.
#pragma once

#include <string>

namespace heliopost {

class Bar {
public:
    // json: never shown.
    explicit Bar(bool json);
    ~Bar() { clear(); }
    Bar(const Bar&) = delete;
    Bar& operator=(const Bar&) = delete;
    bool is_shown() const { return shown_; }
    // Writes only where the percent changed: loops call often. part of 1.
    void show(double part, const std::string& text);
    void clear();

private:
    bool shown_;
    int percent_ = -1;
};

}  // namespace heliopost
