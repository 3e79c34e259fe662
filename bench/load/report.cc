#include "load/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/json_writer.h"

namespace heliopost::bench {
namespace {

double part(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) return 0;
    return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

std::string fixed(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.3f", std::isfinite(value) ? value : 0.0);
    return text;
}

// JsonWriter knows whole numbers only: a mail server needs no others.
class Line {
public:
    void add(std::string_view name, const std::string& number) {
        text_ += ", ";
        append_json_string(text_, name);
        text_ += ": " + number;
    }
    void add(std::string_view name, double number) { add(name, fixed(number)); }
    void add(std::string_view name, std::uint64_t number) { add(name, std::to_string(number)); }
    void add_text(std::string_view name, std::string_view value) {
        std::string quoted;
        append_json_string(quoted, value);
        add(name, quoted);
    }
    std::string object() const { return "{" + text_.substr(std::min<size_t>(2, text_.size())) + "}"; }

private:
    std::string text_;
};

void add_memory(Line& line, const Report& report) {
    const auto grown = [&](std::uint64_t Usage::* member) {
        const double octets =
            static_cast<double>(report.after.*member) - static_cast<double>(report.before.*member);
        return octets / 1024 / static_cast<double>(std::max<std::uint64_t>(report.done, 1));
    };
    line.add("rss_kib_per_operation", grown(&Usage::resident_octets));
    line.add("pss_kib_per_operation", grown(&Usage::proportional_octets));
    line.add("rss_kib", report.after.resident_octets / 1024);
    line.add("processes", report.after.processes);
}

}  // namespace

bool print(const Options& options, Report report) {
    std::ranges::sort(report.latencies_ms);
    const double done = static_cast<double>(std::max<std::uint64_t>(report.done, 1));
    const double cpu_ms = (report.after.cpu_seconds - report.before.cpu_seconds) * 1000;
    Line line;
    line.add_text("operation", options.operation);
    line.add("connections", options.connections);
    line.add("done", report.done);
    line.add("failed", report.failed);
    line.add("seconds", report.seconds);
    line.add("per_second", done / report.seconds);
    line.add("p50_ms", part(report.latencies_ms, 0.5));
    line.add("p99_ms", part(report.latencies_ms, 0.99));
    if (report.messages > 0) line.add("messages", report.messages);
    if (!options.pids.empty()) {
        line.add("cpu_ms_per_operation", cpu_ms / done);
        add_memory(line, report);
    }
    if (!report.rounds_cpu_ms.empty()) {
        std::string list;
        for (const double value : report.rounds_cpu_ms) list += (list.empty() ? "" : ", ") + fixed(value);
        line.add("rounds_cpu_ms", "[" + list + "]");
    }
    if (report.failed > 0) line.add_text("first_failure", report.first_failure);
    std::printf("%s\n", line.object().c_str());
    std::fprintf(stderr, "%s: %llu done, %llu failed, %.1f/s, p50 %.2f ms, p99 %.2f ms",
                 options.operation.c_str(), static_cast<unsigned long long>(report.done),
                 static_cast<unsigned long long>(report.failed), done / report.seconds,
                 part(report.latencies_ms, 0.5), part(report.latencies_ms, 0.99));
    if (!options.pids.empty())
        std::fprintf(stderr, "; server: %.3f ms CPU each, %.1f MiB in %llu processes", cpu_ms / done,
                     static_cast<double>(report.after.proportional_octets) / (1 << 20),
                     static_cast<unsigned long long>(report.after.processes));
    std::fputc('\n', stderr);
    if (report.failed > 0) std::fprintf(stderr, "first failure: %s\n", report.first_failure.c_str());
    return report.done > 0 && report.failed == 0;
}

}  // namespace heliopost::bench
