// heliopost reports import: report files by hand, through the running server or without one.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/base64.h"
#include "main/command.h"
#include "proto/feedback/report.h"
#include "proto/feedback/unpack.h"

namespace heliopost {
namespace {

constexpr std::size_t batch_octets = 600'000;  // of base64: below admin::request_octets_max

// What is sent: a file as it is, or what counts of a large report, packed.
Result<std::string> read_for_import(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(Fault::not_found, "cannot read " + file);
    std::ostringstream text;
    text << in.rdbuf();
    std::string octets = std::move(text).str();
    const Result<feedback::Report> report = feedback::read_any(octets);
    if (!report) return fail(report.error().fault, file + ": " + report.error().text);
    if (const auto* aggregate = std::get_if<feedback::Aggregate>(&*report))
        octets = feedback::pack(feedback::write_aggregate(*aggregate));
    std::string sent = to_base64(octets);
    if (sent.size() > batch_octets) return fail(Fault::too_large, file + ": the report is too large");
    return sent;
}

}  // namespace

int command_import_reports(const CommonOptions& common, const std::vector<std::string>& files) {
    int code = exit_good;
    for (std::size_t at = 0; at < files.size();) {
        admin::Request request{"reports.import", {}};
        std::size_t octets = 0;
        for (std::size_t number = 0; at < files.size(); ++at) {
            const auto read = read_for_import(files[at]);
            if (!read) {
                code = report(common, read.error());
                continue;
            }
            if (octets + read->size() + files[at].size() > batch_octets && number > 0) break;
            octets += read->size() + files[at].size();
            request.fields["file." + std::to_string(number)] = files[at];
            request.fields["report." + std::to_string(number++)] = *read;
        }
        if (request.fields.empty()) continue;
        code = std::max(code, command_admin(common, request));
    }
    return code;
}

}  // namespace heliopost
