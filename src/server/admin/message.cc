#include "server/admin/message.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"

namespace heliopost::admin {
namespace {

constexpr std::array fault_names{
    std::pair{Fault::syntax, "syntax"},         std::pair{Fault::denied, "denied"},
    std::pair{Fault::not_found, "not_found"},   std::pair{Fault::exists, "exists"},
    std::pair{Fault::over_quota, "over_quota"}, std::pair{Fault::too_large, "too_large"},
    std::pair{Fault::conflict, "conflict"},     std::pair{Fault::temporary, "temporary"},
    std::pair{Fault::internal, "internal"},
};

std::string_view name_of(Fault fault) {
    return std::ranges::find(fault_names, fault, &std::pair<Fault, const char*>::first)->second;
}

Fault fault_of(std::string_view name) {
    for (const auto& [fault, word] : fault_names)
        if (name == word) return fault;
    return Fault::internal;
}

void write_cell(JsonWriter& json, const Cell& cell) {
    if (const auto* text = std::get_if<std::string>(&cell)) json.string(*text);
    if (const auto* number = std::get_if<std::int64_t>(&cell)) json.number(*number);
    if (const auto* flag = std::get_if<bool>(&cell)) json.boolean(*flag);
}

std::string cell_text(const Cell& cell) {
    if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "yes" : "no";
    return printable(std::get<std::string>(cell));  // it may be a stranger's
}

// Characters, not octets: so that columns stand straight under names beyond ASCII.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Cell read_cell(const simdjson::dom::element& element) {
    if (element.is_bool()) return bool(element.get_bool());
    if (element.is_int64()) return std::int64_t(element.get_int64());
    return std::string(std::string_view(element.get_string()));
}

}  // namespace

std::string Request::field(const std::string& name) const {
    const auto at = fields.find(name);
    return at == fields.end() ? std::string() : at->second;
}

Result<std::string> Request::required(const std::string& name) const {
    std::string value = field(name);
    if (value.empty()) return fail(Fault::syntax, name + " is missing");
    return value;
}

std::string to_json(const Request& request) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.field("operation", request.operation);
    json.key("fields");
    json.begin_object();
    for (const auto& [name, value] : request.fields) json.field(name, value);
    json.end_object();
    json.end_object();
    return out;
}

std::string to_json(const Result<Answer>& answer) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.field("ok", answer.has_value());
    if (!answer) {
        json.field("fault", name_of(answer.error().fault));
        json.field("error", answer.error().text);
    } else {
        json.field("message", answer->message);
        json.key("columns");
        json.begin_array();
        for (const std::string& column : answer->columns) json.string(column);
        json.end_array();
        json.key("rows");
        json.begin_array();
        for (const auto& row : answer->rows) {
            json.begin_array();
            for (const Cell& cell : row) write_cell(json, cell);
            json.end_array();
        }
        json.end_array();
        if (!answer->next.empty()) json.field("next", answer->next);
    }
    json.end_object();
    return out;
}

Result<Request> parse_request(std::string_view text) {
    if (text.size() > request_octets_max) return fail(Fault::too_large, "the request is too large");
    try {
        simdjson::dom::parser parser;
        const simdjson::dom::element root = parser.parse(simdjson::padded_string(text));
        Request request;
        request.operation = std::string_view(root["operation"].get_string());
        for (const auto field : simdjson::dom::object(root["fields"].get_object()))
            request.fields[std::string(field.key)] = std::string_view(field.value.get_string());
        return request;
    } catch (const simdjson::simdjson_error&) {
        return fail(Fault::syntax, "this is no request");
    }
}

Result<Answer> parse_answer(std::string_view text) {
    try {
        simdjson::dom::parser parser;
        const simdjson::dom::element root = parser.parse(simdjson::padded_string(text));
        if (!bool(root["ok"].get_bool()))
            return fail(fault_of(root["fault"].get_string()),
                        std::string(std::string_view(root["error"].get_string())));
        Answer answer;
        answer.message = std::string_view(root["message"].get_string());
        for (const auto column : simdjson::dom::array(root["columns"].get_array()))
            answer.columns.emplace_back(std::string_view(column.get_string()));
        for (const auto row : simdjson::dom::array(root["rows"].get_array())) {
            auto& cells = answer.rows.emplace_back();
            for (const auto cell : simdjson::dom::array(row.get_array())) cells.push_back(read_cell(cell));
        }
        std::string_view next;
        if (root["next"].get(next) == simdjson::SUCCESS) answer.next = next;
        return answer;
    } catch (const simdjson::simdjson_error&) {
        return fail(Fault::internal, "the server's answer cannot be read");
    }
}

std::string to_json_rows(const Answer& answer) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& row : answer.rows) {
        json.begin_object();
        for (std::size_t i = 0; i < row.size() && i < answer.columns.size(); ++i) {
            json.key(answer.columns[i]);
            write_cell(json, row[i]);
        }
        json.end_object();
    }
    json.end_array();
    return out + "\n";
}

std::string to_table(const Answer& answer) {
    std::vector<std::size_t> widths;
    for (const std::string& column : answer.columns) widths.push_back(width_of(column));
    for (const auto& row : answer.rows)
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], width_of(cell_text(row[i])));
    std::string out;
    const auto add_line = [&](auto&& text_at, std::size_t cells) {
        for (std::size_t i = 0; i < cells && i < widths.size(); ++i) {
            const std::string text = text_at(i);
            out += text;
            if (i + 1 < widths.size()) out += std::string(widths[i] - width_of(text) + 2, ' ');
        }
        out += '\n';
    };
    if (!answer.columns.empty())
        add_line([&](std::size_t i) { return answer.columns[i]; }, answer.columns.size());
    for (const auto& row : answer.rows)
        add_line([&](std::size_t i) { return cell_text(row[i]); }, row.size());
    return out;
}

}  // namespace heliopost::admin
