#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"

namespace heliopost {
namespace {

bool is_plain(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
    });
}

// A value that needs no quotes is written bare, any other as a JSON string: one escaping rule for both.
void add_logfmt(std::string& line, std::string_view name, std::string_view value) {
    line += ' ';
    line += name;
    line += '=';
    if (is_plain(value)) {
        line += value;
    } else {
        append_json_string(line, value);
    }
}

// What no terminal or editor shows as itself: C1 controls, what turns the direction of text, what joins or
// hides, line and paragraph separators, tags, private use, no characters (Unicode 16: Cc, Cf, Zl, Zp, Co, Cn
// by its ranges, Default_Ignorable_Code_Point).
bool is_printed(char32_t c) {
    struct Range {
        char32_t first, last;
    };
    static constexpr Range hidden[] = {
        {0x80, 0x9F},       {0xAD, 0xAD},       {0x34F, 0x34F},      {0x600, 0x605},     {0x61C, 0x61C},
        {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},      {0x8E2, 0x8E2},     {0x115F, 0x1160},
        {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},    {0x2028, 0x202E},   {0x2060, 0x206F},
        {0x3164, 0x3164},   {0xE000, 0xF8FF},   {0xFDD0, 0xFDEF},    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
        {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0x110BD, 0x110BD},  {0x110CD, 0x110CD}, {0x13430, 0x1343F},
        {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF},
    };
    if ((c & 0xFFFE) == 0xFFFE) return false;
    return std::ranges::none_of(hidden, [c](const Range& one) { return c >= one.first && c <= one.last; });
}

// The character at the front of UTF-8 text, and its octets.
std::pair<char32_t, size_t> first_character(std::string_view text) {
    const auto octet = [&](size_t n) { return static_cast<char32_t>(static_cast<unsigned char>(text[n])); };
    const char32_t lead = octet(0);
    if (lead < 0x80) return {lead, 1};
    const size_t octets = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = lead & (0x7FU >> octets);
    for (size_t n = 1; n < octets; ++n) c = c << 6 | (octet(n) & 0x3F);
    return {c, octets};
}

// Outside ASCII a line is UTF-8 and stands in JSON strings, in both formats: so what is not printed is
// written as these have it.
std::string escape_hidden(std::string line) {
    if (is_ascii_text(line)) return line;
    std::string out;
    out.reserve(line.size() + 32);
    for (std::string_view rest = line; !rest.empty();) {
        const auto [c, octets] = first_character(rest);
        if (c < 0x80 || is_printed(c)) {
            out += rest.substr(0, octets);
        } else if (c < 0x10000) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {  // RFC 8259 §7
            const auto above = static_cast<unsigned>(c - 0x10000);
            fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xD800 + (above >> 10),
                           0xDC00 + (above & 0x3FF));
        }
        rest.remove_prefix(octets);
    }
    return out;
}

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

}  // namespace

Log::Log(LogFormat format, LogLevel from, Clock clock, Sink sink)
    : format_(format), from_(from), clock_(std::move(clock)), sink_(std::move(sink)) {}

void Log::change(LogFormat format, LogLevel from) {
    format_ = format;
    from_ = from;
}

void Log::write(LogLevel level, std::string_view event, LogFields fields) const {
    if (level < from_.load(std::memory_order_relaxed)) return;
    std::string line;
    line.reserve(256);
    if (format_.load(std::memory_order_relaxed) == LogFormat::json) {
        JsonWriter json(line);
        json.begin_object();
        json.field("time", to_rfc3339(clock_()));
        json.field("level", to_string(level));
        json.field("event", event);
        for (const LogField& field : fields) {
            json.key(field.name);
            field.is_number ? json.number(field.number) : json.string(field.text);
        }
        json.end_object();
    } else {
        line = "time=" + to_rfc3339(clock_());
        add_logfmt(line, "level", to_string(level));
        add_logfmt(line, "event", event);
        for (const LogField& field : fields)
            add_logfmt(line, field.name, field.is_number ? std::to_string(field.number) : field.text);
    }
    sink_(level, escape_hidden(std::move(line)));
}

Log::Sink stderr_sink() {
    auto logger =
        std::make_shared<spdlog::logger>("heliopost", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::debug);
    logger->flush_on(spdlog::level::debug);
    return [logger](LogLevel level, std::string_view line) {
        logger->log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
    };
}

std::string_view to_string(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "error";
}

}  // namespace heliopost
