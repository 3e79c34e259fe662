#include "proto/dkim/covered.h"

#include <map>
#include <optional>

#include "base/text.h"
#include "proto/dkim/tag_list.h"

namespace heliopost::dkim {

std::string covered_header(std::string_view block, const std::vector<std::string>& names,
                           std::string_view own, Canonicalization how) {
    std::map<std::string, std::vector<mime::Field>> fields;  // of each name, the last of them last
    for (const std::string& name : names) fields.try_emplace(to_lower(name));
    mime::FieldReader reader(block);
    while (const std::optional<mime::Field> field = reader.next())
        if (const auto wanted = fields.find(to_lower(field->name)); wanted != fields.end())
            wanted->second.push_back(*field);
    std::string out;
    for (const std::string& name : names) {
        std::vector<mime::Field>& left = fields[to_lower(name)];
        if (left.empty()) continue;
        out += canonical_field(how, block, left.back());
        left.pop_back();
    }
    out += canonical_field(how, without_value_of("b", own));
    out.resize(out.size() - 2);
    return out;
}

}  // namespace heliopost::dkim
