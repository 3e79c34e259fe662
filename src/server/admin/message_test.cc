#include "server/admin/message.h"

#include <doctest/doctest.h>

namespace heliopost::admin {

TEST_CASE("admin: requests and answers survive the wire") {
    const Request request{"alias.put", {{"address", "a\"b@c.example"}, {"targets", "x y\n"}}};
    const auto again = parse_request(to_json(request));
    REQUIRE(again.has_value());
    CHECK(again->operation == request.operation);
    CHECK(again->fields == request.fields);

    Answer answer{"done", {"address", "octets", "disabled"}, {{std::string("ä"), std::int64_t{-1}, true}}};
    answer.next = "ä";
    const auto read = parse_answer(to_json(Result<Answer>(answer)));
    REQUIRE(read.has_value());
    CHECK(read->rows == answer.rows);
    CHECK(read->next == answer.next);
    CHECK(to_json_rows(*read) == "[{\"address\":\"ä\",\"octets\":-1,\"disabled\":true}]\n");
    CHECK(to_table(*read) == "address  octets  disabled\nä        -1      yes\n");

    const Answer hostile{"", {"from"}, {{std::string("\x1b[2Jx\n\u009b1m\u202ey\xff")}}};
    CHECK(to_table(hostile) == "from\n?[2Jx??1m?y?\n");

    const auto refused = parse_answer(to_json(Result<Answer>(fail(Fault::exists, "there"))));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().fault == Fault::exists);
}

TEST_CASE("admin: what is no request is refused") {
    for (const std::string_view text : {"", "{", "[]", "{}", R"({"operation":1,"fields":{}})",
                                        R"({"operation":"x","fields":{"a":1}})", R"({"operation":"x"})"})
        CHECK_FALSE(parse_request(text).has_value());
    CHECK_FALSE(parse_request(std::string(request_octets_max + 1, ' ')).has_value());
}

}  // namespace heliopost::admin
