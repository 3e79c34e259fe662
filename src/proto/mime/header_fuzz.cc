#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "proto/mime/header.h"
#include "proto/mime/message_id.h"
#include "proto/mime/parameter.h"

// Fields lie in the block in order, and read the same when they stand alone; values end up on one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    using namespace heliopost::mime;
    const std::string_view block(reinterpret_cast<const char*>(data), size);
    FieldReader fields(block);
    size_t from = 0;
    while (const auto field = fields.next()) {
        if (field->begin < from || field->end > block.size() || field->begin >= field->end) std::abort();
        from = field->end;
        const auto alone = FieldReader(block.substr(field->begin, field->end - field->begin)).next();
        if (!alone || alone->name != field->name || alone->value != field->value) std::abort();
        if (unfold(field->value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
            std::abort();
        if (!is_utf8(decode_unstructured(field->value))) std::abort();
        const ContentType content = parse_content_type(field->value);
        for (const Parameter& parameter : content.parameters) {
            const auto value = find_parameter(content.parameters, parameter.name);
            if (value && !is_utf8(*value)) std::abort();
        }
        parse_disposition(field->value);
        for (const auto& id : parse_message_ids(field->value))
            if (id.empty()) std::abort();
    }
    return 0;
}
