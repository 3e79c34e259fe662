#include "proto/imap/response.h"

#include <algorithm>
#include <array>

#include "base/cursor.h"
#include "base/text.h"
#include "proto/imap/command.h"
#include "proto/imap/command_reader.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

constexpr std::array<std::string_view, 5> statuses = {"OK", "NO", "BAD", "BYE", "PREAUTH"};

bool is_status(std::string_view word) {
    return std::ranges::any_of(statuses, [word](auto status) { return same_ignoring_case(word, status); });
}

// Where a word stands: in a response code a "]" ends it.
enum class Place : std::uint8_t { line, code };

class Parser {
public:
    Parser(Cursor& in, Place place) : in_(in), place_(place) {}

    // Values with blanks between, up to the end, ")" or the "]" of a code.
    Result<std::vector<Value>> parse_values(size_t depth) {
        std::vector<Value> values;
        while (!in_.done() && in_.peek() != ')' && !at_code_end()) {
            values.push_back(TRY(parse_value(depth)));
            // Lists of bodies and addresses have no blanks between: RFC 9051 §9 1*body, 1*address.
            if (!in_.take(' ') && in_.peek() != '(' && in_.peek() != ')' && !in_.done() && !at_code_end())
                return fail(Fault::syntax, "expected a space");
        }
        return values;
    }

private:
    bool at_code_end() const { return place_ == Place::code && in_.peek() == ']'; }

    Result<Value> parse_value(size_t depth) {
        if (depth > response_depth_max) return fail(Fault::too_large, "response nested too deeply");
        if (in_.take('(')) {
            Value list{Value::Kind::list};
            list.items = TRY(parse_values(depth + 1));
            TRY(in_.expect(')'));
            return list;
        }
        const char c = in_.peek();
        if (c == '"') return Value{Value::Kind::string, TRY(parse_string(in_))};
        if (c == '{' || (c == '~' && in_.rest().starts_with("~{"))) return parse_octets();
        const std::string_view word = TRY(parse_word());
        if (same_ignoring_case(word, "NIL")) return Value{Value::Kind::nil};
        return Value{Value::Kind::atom, std::string(word)};
    }

    // literal / literal8
    Result<Value> parse_octets() {
        const LiteralHeader header = TRY(parse_literal_header(in_));
        if (header.octets > in_.left()) return fail(Fault::syntax, "literal cut short");
        return Value{Value::Kind::string, std::string(in_.take_octets(static_cast<size_t>(header.octets)))};
    }

    // An atom, with what stands in brackets in it: BODY[HEADER.FIELDS (DATE "X Y")]<0>
    Result<std::string_view> parse_word() {
        const size_t start = in_.offset();
        const std::string_view rest = in_.rest();
        size_t brackets = 0;
        while (!in_.done()) {
            const char c = in_.peek();
            if (brackets == 0 && (c == ' ' || c == '(' || c == ')' || c == '"' || at_code_end())) break;
            if (c == '\r' || c == '\n' || c == '\0') break;
            if (c == '"') {
                TRY(parse_string(in_));
                continue;
            }
            if (c == '[') ++brackets;
            if (c == ']' && brackets > 0) --brackets;
            in_.skip();
        }
        if (in_.offset() == start || brackets != 0) return fail(Fault::syntax, "expected a value");
        return rest.substr(0, in_.offset() - start);
    }

    Cursor& in_;
    Place place_;
};

// resp-text = ["[" resp-text-code "]" SP] text
void parse_status_text(Cursor& in, Response& response) {
    if (in.peek() == '[') {
        const size_t start = in.offset();
        in.skip();
        auto code = Parser(in, Place::code).parse_values(0);
        if (code && in.take(']')) {
            response.code = *std::move(code);
            in.take(' ');
        } else {
            in.seek(start);  // a code of no form that we know is text to us
        }
    }
    response.text = in.rest();
}

}  // namespace

bool Value::is(std::string_view word) const {
    return kind == Kind::atom && same_ignoring_case(text, word);
}

std::optional<std::uint64_t> Value::number() const {
    if (kind != Kind::atom) return std::nullopt;
    return to_number(text);
}

const Value* Response::find(const Value& list, std::string_view name) {
    for (size_t i = 0; i + 1 < list.items.size(); i += 2)
        if (list.items[i].is(name)) return &list.items[i + 1];
    return nullptr;
}

Result<Response> parse_response(std::string_view text) {
    Response response;
    Cursor in(text);
    if (in.take('+')) {
        response.kind = Response::Kind::continuation;
        in.take(' ');
        response.text = in.rest();
        return response;
    }
    if (!in.take('*')) {
        response.kind = Response::Kind::tagged;
        response.tag = find_tag(text);
        if (response.tag.empty()) return fail(Fault::syntax, "response without a tag");
        in.skip(response.tag.size());
    }
    TRY(expect_space(in));
    const size_t start = in.offset();
    const auto word = in.take_while(is_alpha);
    if (is_status(word) && (in.done() || in.take(' '))) {
        response.status = to_upper(word);
        parse_status_text(in, response);
        return response;
    }
    if (response.kind == Response::Kind::tagged)
        return fail(Fault::syntax, "tagged response without a status");
    in.seek(start);
    response.values = TRY(Parser(in, Place::line).parse_values(0));
    if (response.values.empty()) return fail(Fault::syntax, "empty response");
    TRY(in.expect_end());
    return response;
}

namespace {

// Does the response begin as one that is text to its end, in which "{3}" is no literal?
bool is_text_only(std::string_view response) {
    if (response.starts_with('+')) return true;
    Cursor in(response);
    in.take_while([](char c) { return c != ' ' && c != '\r'; });
    in.take(' ');
    return is_status(in.take_while(is_alpha));
}

}  // namespace

Result<std::optional<Response>> ResponseReader::next() {
    for (;;) {
        if (scanned_ > buffer_.size()) return std::nullopt;  // in a literal
        const size_t lf = buffer_.find('\n', scanned_);
        if (lf == std::string::npos) {
            scanned_ = buffer_.size();
            if (scanned_ - start_ > response_octets_max) return fail(Fault::too_large, "response too long");
            return std::nullopt;
        }
        if (lf == line_ || buffer_[lf - 1] != '\r') return fail(Fault::syntax, "line end without CR");
        const auto whole = std::string_view(buffer_).substr(start_, lf - 1 - start_);
        const LineEnd end = is_text_only(whole) ? LineEnd{} : find_literal(whole.substr(line_ - start_));
        if (end.has_literal) {
            if (end.too_large ||
                end.literal.octets > response_octets_max - std::min(response_octets_max, lf - start_))
                return fail(Fault::too_large, "literal too large");
            line_ = scanned_ = lf + 1 + static_cast<size_t>(end.literal.octets);
            continue;
        }
        Response response = TRY(parse_response(whole));
        start_ = line_ = scanned_ = lf + 1;
        constexpr size_t kept_octets_max = 64 * 1024;
        if (start_ == buffer_.size() || (start_ > kept_octets_max && start_ > buffer_.size() / 2)) {
            buffer_.erase(0, start_);
            start_ = line_ = scanned_ = 0;
        }
        return response;
    }
}

}  // namespace heliopost::imap
