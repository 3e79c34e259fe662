// Fields of a header block.
//
// A block is what stands before the empty line, which may be included. Views point into the block, which
// must outlive them. A line that is no field and no continuation is skipped, an mbox "From " line too.
//
// RFC 5322 §2.2 and §4.5.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace heliopost::mime {

struct Field {
    std::string_view name;   // without the white space that may stand before the colon
    std::string_view value;  // raw: all after the colon, folds included, without the last line end
    size_t begin = 0;        // offset of the name in the block
    size_t end = 0;          // offset after the last line end

    bool operator==(const Field&) const = default;
};

class FieldReader {
public:
    explicit FieldReader(std::string_view block) : block_(block) {}

    // The next field, or nothing at the end of the block or at its empty line.
    std::optional<Field> next();

    // Where the next call reads; after the last field, past the empty line if there is one.
    size_t offset() const { return at_; }

private:
    std::string_view block_;
    size_t at_ = 0;
    bool ended_ = false;
};

// The first field of that name in any case; nothing where there is none.
std::optional<Field> find_field(std::string_view block, std::string_view name);

// The name of the field that starts this line; nothing where none does. RFC 5322 §3.6.8: ftext.
std::optional<std::string_view> field_name(std::string_view line);

// The name that other readers may see in a line that starts no field to us: they pass over octets that no
// name has ("From\0: x") or take the colon from the next line ("From" alone: the caller looks whether it is
// there). Empty where a field starts, where the line goes on with one, or where no name can be seen in it.
std::string disguised_name(std::string_view line);

// Whether a line of the block has such a name, and the name is one that is meant.
bool has_disguised(std::string_view block, const std::function<bool(std::string_view)>& is_meant);

// The value on one line: line ends removed, the white space of a fold kept (RFC 5322 §2.2.3), trimmed.
std::string unfold(std::string_view value);

// Unfolded, encoded words decoded, UTF-8 for certain.
std::string decode_unstructured(std::string_view value);

}  // namespace heliopost::mime
