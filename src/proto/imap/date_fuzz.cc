#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/imap/date.h"

// What reads as a date prints to one that reads as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Cursor in(text);
    if (const auto at = imap::parse_date_time(in)) {
        std::string printed;
        imap::append_date_time(printed, *at);
        Cursor again(printed);
        if (imap::parse_date_time(again).value() != *at) std::abort();
    }
    Cursor date_in(text);
    if (const auto date = imap::parse_date(date_in)) {
        std::string printed;
        imap::append_date(printed, *date);
        Cursor again(printed);
        if (imap::parse_date(again).value() != *date) std::abort();
    }
    return 0;
}
