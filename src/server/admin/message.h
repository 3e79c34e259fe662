// What the commands and the running server say to each other: one request and one answer, a JSON line each.
//
//   {"operation":"account.add","fields":{"address":"ann@a.example","quota":"1GiB"}}
//   {"ok":true,"message":"added","columns":["address"],"rows":[["ann@a.example"]]}
//   {"ok":false,"fault":"exists","error":"ann@a.example exists already"}
//
// The same values serve a command that finds no server and opens the store itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace heliopost::admin {

inline constexpr std::size_t request_octets_max = std::size_t{1} << 20;
inline constexpr std::size_t answer_octets_max = std::size_t{64} << 20;

// What of a long list one answer holds; an entry more may take it over, a message of the queue has 1,000.
inline constexpr std::size_t rows_a_page = 10'000;

struct Request {
    std::string operation;
    std::map<std::string, std::string> fields;

    // The field's value; empty where it is absent.
    std::string field(const std::string& name) const;
    Result<std::string> required(const std::string& name) const;
};

using Cell = std::variant<std::string, std::int64_t, bool>;

struct Answer {
    std::string message;  // for people; may be empty
    std::vector<std::string> columns;
    std::vector<std::vector<Cell>> rows;
    std::string next = {};  // not empty: there are more rows, for the same request with this as field "after"
};

std::string to_json(const Request& request);
std::string to_json(const Result<Answer>& answer);
Result<Request> parse_request(std::string_view json);
Result<Answer> parse_answer(std::string_view json);

// Rows as an array of objects, for --json; as aligned columns with a head, for people.
std::string to_json_rows(const Answer& answer);
std::string to_table(const Answer& answer);

}  // namespace heliopost::admin
