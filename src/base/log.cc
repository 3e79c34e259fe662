#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <memory>

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
    sink_(level, line);
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
