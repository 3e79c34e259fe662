#include "proto/mime/scanner.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proto/mime/scanner_state.h"

namespace heliopost::mime {
namespace {

// Beside a boundary on its line: dashes and transport padding (RFC 2046 §5.1.1); beside a field's value: its
// name.
constexpr size_t line_overhead = 998;

bool has_eight_bit(std::string_view octets) {
    unsigned char all = 0;
    for (const char c : octets) all |= static_cast<unsigned char>(c);  // vectorised: no early exit
    return all >= 0x80;
}

}  // namespace

Scanner::Scanner(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
Scanner::~Scanner() = default;
Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;

void Scanner::feed(std::string_view octets) {
    state_->feed(octets);
}

Structure Scanner::finish() {
    return state_->finish();
}

size_t Scanner::received_fields() const {
    return state_->received_fields();
}

Structure scan(std::string_view message, const Limits& limits) {
    Scanner scanner(limits);
    scanner.feed(message);
    return scanner.finish();
}

void Scanner::State::feed(std::string_view octets) {
    if (!structure_.nul && !octets.empty())
        structure_.nul = std::memchr(octets.data(), '\0', octets.size()) != nullptr;
    while (!octets.empty()) {
        const size_t taken = where_ == Where::header ? feed_header(octets) : feed_body(octets);
        last_octet_ = octets[taken - 1];
        octets.remove_prefix(taken);
        offset_ += taken;
    }
}

// Takes one line, or what there is of it.
size_t Scanner::State::feed_header(std::string_view octets) {
    const size_t room = limits_.field_octets + line_overhead;
    const size_t lf = octets.find('\n');
    const auto text = octets.substr(0, lf);
    line_octets_ += text.size();
    if (lf != std::string_view::npos && line_.empty()) {
        finish_header_line(text.substr(0, room));
    } else {
        line_ += text.substr(0, room - std::min(room, line_.size()));
        if (lf == std::string_view::npos) return octets.size();
        const std::string line = std::exchange(line_, std::string());
        finish_header_line(line);
    }
    return lf + 1;
}

// A line up to its LF, perhaps cut off; line_octets_ is its whole length.
void Scanner::State::finish_header_line(std::string_view line) {
    const std::uint64_t next = line_begin_ + line_octets_ + 1;
    const bool cr = line_octets_ == line.size() && line.ends_with('\r');
    if (cr) line.remove_suffix(1);
    line_octets_ = 0;
    header_line(line, next, cr ? 2 : 1);
}

size_t Scanner::State::feed_body(std::string_view octets) {
    size_t at = 0;
    if (where_ == Where::skipped) {
        lines_ += static_cast<std::uint64_t>(std::count(octets.begin(), octets.end(), '\n'));
        at = octets.size();
    }
    while (at < octets.size() && where_ == Where::body) {
        if (!plain_line_ && boundaries_ > 0 && (!line_.empty() || octets[at] == '-')) {
            at = feed_candidate(octets, at);
            continue;
        }
        plain_line_ = true;
        const auto* lf = static_cast<const char*>(std::memchr(octets.data() + at, '\n', octets.size() - at));
        if (lf == nullptr) {
            at = octets.size();
            break;
        }
        at = static_cast<size_t>(lf - octets.data());
        const char before = at > 0 ? octets[at - 1] : last_octet_;
        ++at;
        plain_line_ = false;
        end_line(offset_ + at, before == '\r' ? 2 : 1);
        previous_end_ = before == '\r' ? 2 : 1;
    }
    if (!structure_.eight_bit_body) structure_.eight_bit_body = has_eight_bit(octets.substr(0, at));
    return at;
}

// A body line that may be a delimiter: it is looked at once it is whole. Returns where to go on; there
// plain_line_ says that the line is none.
size_t Scanner::State::feed_candidate(std::string_view octets, size_t at) {
    const size_t octets_max = limits_.boundary_octets + line_overhead;
    const size_t lf = octets.find('\n', at);
    const auto text = octets.substr(at, lf == std::string_view::npos ? lf : lf - at);
    std::string_view line = text;
    std::string joined;
    if (lf == std::string_view::npos || !line_.empty()) {
        line_ += text.substr(0, octets_max + 2 - std::min(octets_max + 2, line_.size()));
        const bool possible = line_.size() < 2 || line_.starts_with("--");
        if (possible && line_.size() < octets_max + 2 && lf == std::string_view::npos) return octets.size();
        joined = std::exchange(line_, std::string());
        line = joined;
    }
    const bool cr = line.ends_with('\r');
    if (cr) line.remove_suffix(1);
    if (lf == std::string_view::npos || line.size() > octets_max || !line.starts_with("--")) {
        plain_line_ = true;
        return at;
    }
    const std::uint64_t next = offset_ + lf + 1;
    const size_t end_octets = cr ? 2 : 1;
    if (!delimiter_line(line, next, end_octets)) {
        end_line(next, end_octets);
        previous_end_ = end_octets;
    }
    return lf + 1;
}

void Scanner::State::end_line(std::uint64_t next, size_t end_octets) {
    if (end_octets > 0) ++lines_;
    line_begin_ = next;
}

// end_octets is 0 for a last line without a line end.
void Scanner::State::header_line(std::string_view line, std::uint64_t next, size_t end_octets) {
    if (delimiter_line(line, next, end_octets)) return;
    previous_end_ = 0;  // a line end in a header is the header's
    if (line.empty()) {
        end_line(next, end_octets);
        end_header(next, lines_);
        return;
    }
    while (where_ == Where::header) {
        if (header_.add(line) == HeaderCollector::Line::taken) {
            end_line(next, end_octets);
            return;
        }
        end_header(line_begin_, lines_);  // no header at all: the line is the body's first
    }
    if (!structure_.eight_bit_body) structure_.eight_bit_body = has_eight_bit(line);
    end_line(next, end_octets);
    previous_end_ = end_octets;
}

Structure Scanner::State::finish() {
    if (where_ == Where::header && line_octets_ > 0) {
        const std::string line = std::exchange(line_, std::string());
        header_line(line, offset_, 0);
    } else if (where_ == Where::body && !line_.empty()) {
        const std::string line = std::exchange(line_, std::string());
        delimiter_line(line, offset_, 0);
    }
    while (where_ == Where::header) end_header(offset_, lines_);
    close_from(0, offset_, lines_);
    build_structure(std::exchange(journal_, {}), limits_, structure_);
    structure_.octets = offset_;
    structure_.lines = lines_;
    return std::move(structure_);
}

}  // namespace heliopost::mime
