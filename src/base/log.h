// Structured log: one line an event, as logfmt or JSON.
//
//   log.info("delivered", {{"queue_id", id}, {"to", address}, {"octets", size}});
//   time=2026-11-23T08:15:30.123Z level=info event=delivered queue_id=7f… to=ann@a.example octets=512
//
// Values from a peer are safe to pass: every control character, quote and invalid UTF-8 octet is
// escaped, and what turns, hides or breaks text in Unicode. Thread-safe. Passwords and message contents are
// never passed.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.h"

namespace heliopost {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { logfmt, json };

// One name and value of a line; lives only as long as the call it is written in.
struct LogField {
    std::string_view name;
    std::string_view text;
    std::int64_t number = 0;
    bool is_number = false;

    LogField(std::string_view n, std::string_view value) : name(n), text(value) {}
    LogField(std::string_view n, const char* value) : name(n), text(value) {}
    LogField(std::string_view n, const std::string& value) : name(n), text(value) {}
    template <std::integral Int>
    LogField(std::string_view n, Int value)
        : name(n), number(static_cast<std::int64_t>(value)), is_number(true) {}
};
using LogFields = std::initializer_list<LogField>;

class Log {
public:
    using Sink = std::function<void(LogLevel, std::string_view line)>;
    using Clock = std::function<Time()>;

    // The sink gets whole lines without a line end, from any thread.
    Log(LogFormat format, LogLevel from, Clock clock, Sink sink);

    // From the next line on; any thread.
    void change(LogFormat format, LogLevel from);

    void write(LogLevel level, std::string_view event, LogFields fields) const;
    void debug(std::string_view event, LogFields fields) const { write(LogLevel::debug, event, fields); }
    void info(std::string_view event, LogFields fields) const { write(LogLevel::info, event, fields); }
    void warning(std::string_view event, LogFields fields) const { write(LogLevel::warning, event, fields); }
    void error(std::string_view event, LogFields fields) const { write(LogLevel::error, event, fields); }

private:
    std::atomic<LogFormat> format_;
    std::atomic<LogLevel> from_;
    Clock clock_;
    Sink sink_;
};

// Lines to standard error through spdlog.
Log::Sink stderr_sink();

std::string_view to_string(LogLevel level);

}  // namespace heliopost
