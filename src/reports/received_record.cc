#include "reports/received_record.h"

#include "crypto/sha256.h"
#include "reports/records.h"
#include "reports/reports.pb.h"
#include "store/tuple.h"

namespace heliopost::reports {
namespace {

using store::Tuple;

constexpr std::size_t hash_octets = 16;
constexpr std::size_t failure_text_octets = 1'024;

// The parts apart, so that no two of them read as other two.
std::string hash_of(std::initializer_list<std::string_view> parts) {
    crypto::Sha256 hash;
    for (const std::string_view part : parts) {
        hash.add(std::to_string(part.size()) + ":");
        hash.add(part);
    }
    return hash.finish().substr(0, hash_octets);
}

std::string cut_text(std::string_view text) {
    return std::string(text.substr(0, failure_text_octets));
}

std::string with_time(Time at, const std::string& record) {
    return Tuple().u64(static_cast<std::uint64_t>(unix_milliseconds(at))).octets(record);
}

template <class Record>
Result<Record> parse_received(std::string_view octets) {
    Record in;
    if (!in.ParseFromArray(octets.data(), static_cast<int>(octets.size())))
        return fail(Fault::internal, "a record of a received report is broken");
    return in;
}

}  // namespace

std::string received_prefix(ReceivedKind kind) {
    return Tuple().u8(static_cast<std::uint8_t>(kind));
}
std::string received_key(ReceivedKind kind, std::string_view id, std::uint8_t piece) {
    return Tuple().u8(static_cast<std::uint8_t>(kind)).octets(id).u8(piece);
}
std::string received_counter() {
    return "received";
}

std::string identity_of(const feedback::Aggregate& report) {
    return hash_of({report.org_name, report.report_id, report.policy.domain});
}

// Failure reports have no id: what is the same message, told by the same, is the same report.
std::string identity_of(const feedback::Failure& report) {
    return hash_of({report.user_agent, report.source_ip, report.arrival_date, report.auth_failure,
                    report.original_mail_from, report.header});
}

Time received_at(std::string_view first_piece) {
    const auto ms = store::TupleReader(first_piece).u64();
    return from_unix_milliseconds(static_cast<std::int64_t>(ms.value_or(0)));
}

std::string encode(const ReceivedAggregate& received) {
    const feedback::Aggregate& from = received.report;
    record::ReceivedAggregate out;
    out.set_org_name(from.org_name);
    out.set_email(from.email);
    out.set_report_id(from.report_id);
    out.set_begin(from.begin);
    out.set_end(from.end);
    out.set_domain(from.policy.domain);
    out.set_policy(from.policy.p);
    std::uint64_t left_out = received.left_out;
    std::size_t octets = out.ByteSizeLong();
    constexpr std::size_t head_octets = 64;  // what stands around rows, and in front
    for (const feedback::Row& row : from.rows) {
        std::string one = encode(row);
        octets += one.size() + head_octets / 8;
        if (octets + head_octets > received_octets_max) {
            left_out += row.count;
            continue;
        }
        out.add_rows(std::move(one));
    }
    out.set_left_out(left_out);
    return with_time(received.at, out.SerializeAsString());
}

Result<ReceivedAggregate> decode_received_aggregate(std::string_view record) {
    store::TupleReader parts(record);
    ReceivedAggregate out;
    out.at = from_unix_milliseconds(static_cast<std::int64_t>(TRY(parts.u64())));
    const auto in = TRY(parse_received<record::ReceivedAggregate>(parts.rest()));
    out.left_out = in.left_out();
    out.report.org_name = in.org_name();
    out.report.email = in.email();
    out.report.report_id = in.report_id();
    out.report.begin = in.begin();
    out.report.end = in.end();
    out.report.policy.domain = in.domain();
    out.report.policy.p = in.policy();
    for (const std::string& row : in.rows()) out.report.rows.push_back(TRY(decode_row(row)));
    return out;
}

std::string encode(const ReceivedFailure& received) {
    const feedback::Failure& from = received.report;
    record::ReceivedFailure out;
    out.set_feedback_type(cut_text(from.feedback_type));
    out.set_user_agent(cut_text(from.user_agent));
    out.set_source_ip(cut_text(from.source_ip));
    out.set_arrival_date(cut_text(from.arrival_date));
    out.set_reporting_mta(cut_text(from.reporting_mta));
    out.set_mail_from(cut_text(from.original_mail_from));
    out.set_auth_failure(cut_text(from.auth_failure));
    out.set_delivery_result(cut_text(from.delivery_result));
    out.set_incidents(from.incidents);
    for (const std::string& domain : from.reported_domains) out.add_domains(cut_text(domain));
    return with_time(received.at, out.SerializeAsString());
}

Result<ReceivedFailure> decode_received_failure(std::string_view record) {
    store::TupleReader parts(record);
    ReceivedFailure out;
    out.at = from_unix_milliseconds(static_cast<std::int64_t>(TRY(parts.u64())));
    const auto in = TRY(parse_received<record::ReceivedFailure>(parts.rest()));
    out.report.feedback_type = in.feedback_type();
    out.report.user_agent = in.user_agent();
    out.report.source_ip = in.source_ip();
    out.report.arrival_date = in.arrival_date();
    out.report.reporting_mta = in.reporting_mta();
    out.report.original_mail_from = in.mail_from();
    out.report.auth_failure = in.auth_failure();
    out.report.delivery_result = in.delivery_result();
    out.report.incidents = in.incidents();
    for (const std::string& domain : in.domains()) out.report.reported_domains.push_back(domain);
    return out;
}

std::optional<std::string> check_received_row(std::string_view key, std::string_view value) {
    if (key.size() != 1 + hash_octets + 1) return "a row with a broken key";
    if (value.empty() || value.size() > received_piece_octets) return "a row with a broken value";
    if (key.back() != '\0' || value.size() == received_piece_octets) return std::nullopt;
    const bool aggregate = key.front() == static_cast<char>(ReceivedKind::aggregate);
    const bool good =
        aggregate ? decode_received_aggregate(value).has_value() : decode_received_failure(value).has_value();
    if (good) return std::nullopt;
    return "a record of a received report is broken";
}

}  // namespace heliopost::reports
