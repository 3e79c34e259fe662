#include "main/bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace heliopost {

Bar::Bar(bool json) : shown_(!json && isatty(STDERR_FILENO) == 1) {}

void Bar::show(double part, const std::string& text) {
    constexpr std::size_t columns = 30;
    part = std::clamp(part, 0.0, 1.0);
    const int percent = static_cast<int>(part * 100);
    if (!shown_ || percent == percent_) return;
    percent_ = percent;
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(columns));
    const std::string bar = std::string(filled, '#') + std::string(columns - filled, '.');
    std::fprintf(stderr, "\r[%s] %3d %%  %s\033[K", bar.c_str(), percent, text.c_str());
}

void Bar::clear() {
    if (percent_ >= 0) std::fputs("\r\033[K", stderr);
    percent_ = -1;
}

}  // namespace heliopost
