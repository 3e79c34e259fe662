#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/admin/message.h"

// Whatever comes over the socket is a request or an error; what reads is written as what reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto request = admin::parse_request(text)) {
        const auto again = admin::parse_request(admin::to_json(*request));
        if (!again || again->operation != request->operation || again->fields != request->fields)
            std::abort();
        if (request->required("address").has_value() == request->field("address").empty()) std::abort();
    }
    if (const auto answer = admin::parse_answer(text)) {
        const auto again = admin::parse_answer(admin::to_json(answer));
        if (!again || again->message != answer->message || again->columns != answer->columns ||
            again->rows != answer->rows || again->next != answer->next)
            std::abort();
        if (admin::to_json_rows(*answer).empty()) std::abort();
        const std::string table = admin::to_table(*answer);
        if (answer->columns.empty() && answer->rows.empty() && !table.empty()) std::abort();
    } else if (answer.error().fault != Fault::internal) {
        const auto again = admin::parse_answer(admin::to_json(answer));
        if (again || again.error().fault != answer.error().fault || again.error().text != answer.error().text)
            std::abort();
    }
    return 0;
}
