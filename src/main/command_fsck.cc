// heliopost fsck: every record, blob and reference of a store that no server has open; --repair mends some.
#include <cstdio>
#include <filesystem>

#include "backup/vault.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "main/bar.h"
#include "main/before_repair.h"
#include "main/command.h"
#include "main/fsck.h"
#include "main/user.h"
#include "net/system_clock.h"

namespace heliopost {
namespace {

std::string_view word(store::Harm harm) {
    switch (harm) {
        case store::Harm::lost:
            return "lost";
        case store::Harm::wrong:
            return "wrong";
        case store::Harm::room:
            return "room";
    }
    return "";
}

void print_json(const FsckReport& report) {
    std::string out;
    JsonWriter json(out);
    const auto number = [&](std::string_view key, std::uint64_t value) {
        json.field(key, static_cast<std::int64_t>(value));
    };
    json.begin_object();
    number("records", report.store.records);
    number("blobs", report.store.blobs);
    number("blob_octets", report.store.blob_octets);
    number("references", report.store.references);
    number("accounts", report.accounts);
    number("messages", report.messages);
    number("queued", report.queued);
    number("problem_count", report.store.problem_count);
    number("mended_count", report.store.mended_count);
    json.key("problems");
    json.begin_array();
    for (const store::Problem& problem : report.store.problems) {
        json.begin_object();
        json.field("harm", word(problem.harm));
        json.field("where", problem.where);
        json.field("problem", problem.what);
        json.field("advice", advice(problem));
        json.field("mended", problem.mended);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    std::printf("%s\n", out.c_str());
}

void print(const FsckReport& report) {
    for (const store::Problem& problem : report.store.problems)
        std::printf("%s\n", printable(problem.line() + " (" + std::string(advice(problem)) + ")").c_str());
    const std::uint64_t untold = report.store.problem_count - report.store.problems.size();
    if (untold != 0) std::printf("and %llu more\n", static_cast<unsigned long long>(untold));
    const auto count = [](std::uint64_t number, const char* what) {
        std::printf("%llu %s, ", static_cast<unsigned long long>(number), what);
    };
    count(report.store.records, "records");
    count(report.store.blobs, "blobs");
    count(report.store.references, "references");
    count(report.accounts, "accounts");
    count(report.messages, "messages");
    count(report.queued, "queued");
    std::printf("%llu problems", static_cast<unsigned long long>(report.store.problem_count));
    if (report.store.mended_count != 0)
        std::printf(", %llu mended", static_cast<unsigned long long>(report.store.mended_count));
    std::printf("\n");
}

}  // namespace

int command_fsck(const CommonOptions& common, const FsckOptions& choice) {
    auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    // Opening a store writes files, which are to be the server's.
    if (const auto became = become_user(settings->server.user); !became)
        return report(common, became.error());
    Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    net::Cores cores(1, 1, log);
    store::RocksOptions options;
    options.path = settings->server.data_directory;
    options.create = false;
    options.disk_reserve = 0;  // it adds no mail
    options.cache_octets = settings->server.cache;
    options.compact = false;             // it would end the process where it meets what we are to tell
    std::optional<BeforeRepair> before;  // outlives the store: with it the lock goes
    if (choice.repair) {
        std::error_code error;
        if (!choice.no_checkpoint && std::filesystem::exists(options.path, error)) {
            auto kept = BeforeRepair::keep(options.path);
            if (!kept) return report(common, kept.error());
            before.emplace(*std::move(kept));
        }
        options.recovery = store::RocksOptions::Recovery::drop_damaged;
        options.dropped = [&common](const std::string& line) { report(common, {Fault::internal, line}); };
    }
    auto store = store::RocksStore::open(std::move(options));
    if (!store) {
        if (before) before->remove();
        return report(common, store.error());
    }
    if (before && !common.json)
        std::printf("the store as it is: %s; remove it when all is well\n", before->path().c_str());
    Bar bar(common.json);
    Fsck::Progress progress;
    if (bar.is_shown())
        progress = [&bar](double part, const FsckReport& so_far) {
            bar.show(part, std::to_string(so_far.store.records) + " records, " +
                               std::to_string(so_far.store.blobs) + " blobs, " +
                               std::to_string(so_far.accounts) + " accounts");
        };
    const auto mending = choice.repair ? store::Mending::yes : store::Mending::no;
    const std::string taken_out =
        settings->server.data_directory + "/taken-out-" + backup::backup_name(net::system_now());
    Fsck fsck(**store, cores[0], std::move(progress), mending, choice.repair ? taken_out : "");
    const FsckReport found = fsck.run();
    bar.clear();
    common.json ? print_json(found) : print(found);
    if (!common.json && !fsck.taken_out().empty())
        std::printf("rows that were taken out: %s\n", fsck.taken_out().c_str());
    return found.store.sound() ? exit_good : exit_failed;
}

}  // namespace heliopost
