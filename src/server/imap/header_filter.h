// HeaderFilter: the fields that HEADER.FIELDS or HEADER.FIELDS.NOT ask for, from a header that comes in
// pieces.
//
//   filter.feed(piece, out); ... filter.finish(out);     // appends what is wanted; finish() the empty line
//
// The fields are those of mime::FieldReader, as they stand there. Holds a field's name, whatever the header:
// a hostile one has megabytes. A name longer than filtered_name_octets_max is no field. RFC 9051 §6.4.5.1.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proto/imap/fetch_item.h"

namespace heliopost::imap_server {

inline constexpr std::size_t filtered_name_octets_max = 998;  // a line's: RFC 5322 §2.1.1

class HeaderFilter {
public:
    explicit HeaderFilter(const imap::Section& section);

    void feed(std::string_view piece, std::string& out);
    void finish(std::string& out) { out += "\r\n"; }

private:
    void take_name(std::string_view& piece, std::string& out);
    bool is_wanted(std::string_view name);

    std::vector<std::string> names_;  // in lower case, ascending: a hostile FETCH names hundreds
    bool named_are_wanted_;           // else the others
    std::string lowered_;             // room for a name
    std::string name_;                // what stands before the colon so far
    bool in_name_ = true;             // else in a line's rest
    bool keep_ = false;               // the field that this line is of
    bool ended_ = false;              // the empty line was met
};

}  // namespace heliopost::imap_server
