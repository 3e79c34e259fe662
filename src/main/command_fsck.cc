// heliopost fsck: every record, blob and reference of a store that no server has open.
#include <unistd.h>

#include <cstdio>

#include "base/json_writer.h"
#include "main/command.h"
#include "main/program.h"
#include "net/system_clock.h"

namespace heliopost {
namespace {

void print_json(const store::CheckReport& report) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.field("records", static_cast<std::int64_t>(report.records));
    json.field("blobs", static_cast<std::int64_t>(report.blobs));
    json.field("blob_octets", static_cast<std::int64_t>(report.blob_octets));
    json.field("references", static_cast<std::int64_t>(report.references));
    json.field("problem_count", static_cast<std::int64_t>(report.problem_count));
    json.key("problems");
    json.begin_array();
    for (const std::string& problem : report.problems) json.string(problem);
    json.end_array();
    json.end_object();
    std::printf("%s\n", out.c_str());
}

void print(const store::CheckReport& report) {
    for (const std::string& problem : report.problems) std::printf("problem: %s\n", problem.c_str());
    std::printf("%llu records, %llu blobs of %llu octets, %llu references: %llu problems\n",
                static_cast<unsigned long long>(report.records),
                static_cast<unsigned long long>(report.blobs),
                static_cast<unsigned long long>(report.blob_octets),
                static_cast<unsigned long long>(report.references),
                static_cast<unsigned long long>(report.problem_count));
}

}  // namespace

int command_fsck(const CommonOptions& common) {
    auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    settings->server.threads = 1;
    Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    Program program(*std::move(settings), common.config, log);
    if (const auto opened = program.open(); !opened) return report(common, opened.error());
    store::CheckOptions options;
    const bool progress = !common.json && isatty(STDERR_FILENO) == 1;
    if (progress)
        options.progress = [](const store::CheckReport& so_far) {
            std::fprintf(stderr, "\r%llu records, %llu blobs ",
                         static_cast<unsigned long long>(so_far.records),
                         static_cast<unsigned long long>(so_far.blobs));
        };
    const store::CheckReport found = program.store().check(options);
    if (progress) std::fputs("\r\033[K", stderr);
    common.json ? print_json(found) : print(found);
    return found.problem_count == 0 ? exit_good : exit_failed;
}

}  // namespace heliopost
