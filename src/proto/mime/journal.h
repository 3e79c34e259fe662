// Journal: what the scanner keeps of a message until it is whole, as one run of octets.
//
// A Part costs some hundred octets, so that a message made of parts alone would take many times what it has
// sent, for as long as its sender likes to stall. Here a part costs five octets and more where it is long,
// and a field its raw value: never much more than what was sent. build_structure() makes the Structure of it
// at the end of the message.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proto/mime/limits.h"
#include "proto/mime/part.h"

namespace heliopost::mime {

// Where something begins or ends: octets and line ends before it.
struct Place {
    std::uint64_t offset = 0;
    std::uint64_t lines = 0;
};

// What a part is once its header has ended.
enum class Shape : std::uint8_t {
    leaf,       // as its Content-Type says
    multipart,  // is a leaf of text after all if no child opens
    message,    // its child opens at once
    opaque,     // shown as application/octet-stream
    text,       // shown as text/plain
};

// The fields that are kept, by number.
inline constexpr unsigned content_fields = 8;  // the first ones; the others are an envelope's
inline constexpr unsigned content_type_field = 0;
inline constexpr unsigned content_encoding_field = 1;
std::optional<unsigned> kept_field(std::string_view name, bool has_envelope);  // any case
std::string_view kept_field_name(unsigned field);                              // lower case

class Journal {
public:
    void open(bool has_envelope, Place place);  // a child of the innermost open part
    void end_header(Shape shape, Place place);
    void close(Place place);

    // A field of the part whose header is read: begin, append what there is of it, end.
    void begin_field(unsigned field);
    void append(std::string_view value);
    void end_field();
    std::size_t field_size() const { return octets_.size() - field_begin_; }
    static constexpr std::size_t field_overhead = 5;

    // Where the last field's value begins, for value_at(), which is valid until the next change.
    std::size_t field_begin() const { return field_begin_; }
    std::string_view value_at(std::size_t begin) const;

    std::size_t parts() const { return parts_; }
    std::size_t octets() const { return octets_.size(); }

    // Reads the entries in order.
    enum class Kind : std::uint8_t { open, open_with_envelope, field, end_header, close };
    struct Entry {
        Kind kind;
        unsigned detail = 0;     // the field, or the shape
        Place place;             // but of a field
        std::string_view value;  // of a field
    };
    class Reader {
    public:
        explicit Reader(const Journal& journal) : octets_(journal.octets_.data(), journal.octets_.size()) {}
        std::optional<Entry> next();

    private:
        std::uint64_t number();

        std::string_view octets_;
        Place last_;
    };

private:
    void add(Kind kind, unsigned detail, Place place);
    void add_number(std::uint64_t number);
    void make_room(std::size_t octets);

    std::vector<char> octets_;
    std::size_t field_begin_ = 0;
    std::size_t parts_ = 0;
    Place last_;
};

// A Content-Type's value as the part's type: text/plain where it cannot be read (RFC 2045 §5.2).
ContentType type_of(std::string_view value, const Limits& limits);

// The type of a part without one.
ContentType default_type(bool in_digest);

// mechanism, RFC 2045 §6.1, without what senders put around it
std::string_view encoding_word(std::string_view value);

// The journal's parts and envelopes, which are put into `structure`; all parts are closed.
void build_structure(const Journal& journal, const Limits& limits, Structure& structure);

}  // namespace heliopost::mime
