// JsonWriter: writes JSON straight into a string, a value at a time (RFC 8259).
//
// Text that is not UTF-8 is written with U+FFFD in place of each bad octet, so the result always
// parses. It keeps commas right; that every begin has its end is the caller's duty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heliopost {

// Appends text as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }

    void key(std::string_view name);
    void string(std::string_view text);
    void number(std::int64_t value);
    void boolean(bool value);
    void null();

    void field(std::string_view name, std::string_view text) { key(name), string(text); }
    void field(std::string_view name, const char* text) { key(name), string(text); }
    void field(std::string_view name, std::int64_t value) { key(name), number(value); }
    void field(std::string_view name, bool value) { key(name), boolean(value); }

private:
    void open(char c);
    void close(char c);
    void separate();

    std::string& out_;
    bool comma_ = false;  // a comma is due before the next value or key
};

}  // namespace heliopost
