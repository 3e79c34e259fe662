// Cursor: a place in a text that a recursive-descent parser moves forward.
//
// It owns nothing: the text must outlive it. It never reads past the end; peek() at the end gives
// NUL, so ask done() where NUL is data.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace heliopost {

class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    bool done() const { return at_ == text_.size(); }
    size_t offset() const { return at_; }
    size_t left() const { return text_.size() - at_; }
    char peek() const { return done() ? '\0' : text_[at_]; }
    std::string_view rest() const { return text_.substr(at_); }

    void seek(size_t offset) { at_ = offset < text_.size() ? offset : text_.size(); }
    void skip(size_t octets = 1) { at_ = octets < left() ? at_ + octets : text_.size(); }

    char next() { return done() ? '\0' : text_[at_++]; }

    // Moves past c, or past word in any ASCII case, if it comes next.
    bool take(char c) {
        if (done() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool take_word(std::string_view word) {
        if (left() < word.size() || !same_ignoring_case(text_.substr(at_, word.size()), word)) return false;
        at_ += word.size();
        return true;
    }
    std::string_view take_octets(size_t octets) {
        const auto taken = text_.substr(at_, octets);
        at_ += taken.size();
        return taken;
    }
    template <class Predicate>
    std::string_view take_while(Predicate accepts) {
        const size_t from = at_;
        while (at_ < text_.size() && accepts(text_[at_])) ++at_;
        return text_.substr(from, at_ - from);
    }

    Result<> expect(char c) {
        if (take(c)) return {};
        return fail(Fault::syntax, std::string("expected \"") + c + "\"");
    }
    Result<> expect_end() {
        if (done()) return {};
        return fail(Fault::syntax, "unexpected text at the end");
    }

private:
    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace heliopost
