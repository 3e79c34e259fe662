#include "reports/records.h"

#include "crypto/sha256.h"
#include "reports/received_record.h"
#include "reports/reports.pb.h"
#include "store/tuple.h"

namespace heliopost::reports {
namespace {

using store::Tuple;

// Between them stand those of received_record.h.
enum class Kind : std::uint8_t { period = 1, row = 2, sent = 3, day = 4, organisation = 7 };
constexpr std::size_t identity_octets = 16;  // of its SHA-256

Tuple of(Kind kind) {
    return Tuple().u8(static_cast<std::uint8_t>(kind));
}

std::unexpected<Error> broken() {
    return fail(Fault::internal, "a record of reports is broken");
}

template <class Record>
Result<Record> parse(std::string_view octets) {
    Record in;
    if (!in.ParseFromArray(octets.data(), static_cast<int>(octets.size()))) return broken();
    return in;
}

void put(record::AuthResult& to, const feedback::AuthResult& from) {
    to.set_domain(from.domain);
    to.set_selector(from.selector);
    to.set_scope(from.scope);
    to.set_result(from.result);
}

feedback::AuthResult take(const record::AuthResult& from) {
    return {from.domain(), from.selector(), from.scope(), from.result(), {}};
}

template <class T>
std::optional<std::string> reason(const Result<T>& read) {
    if (read) return std::nullopt;
    return read.error().text;
}

}  // namespace

std::string period_key(const PeriodId& id) {
    return of(Kind::period).u32(id.day).text(id.domain);
}
std::string periods_begin() {
    return of(Kind::period);
}
std::string periods_end(Day before) {
    return of(Kind::period).u32(before);
}
std::string rows_prefix(const PeriodId& id) {
    return of(Kind::row).u32(id.day).text(id.domain);
}
std::string row_key(const PeriodId& id, std::string_view identity) {
    crypto::Sha256 hash;
    hash.add(identity);
    return of(Kind::row).u32(id.day).text(id.domain).octets(hash.finish().substr(0, identity_octets));
}
std::string sent_begin(Day day) {
    return of(Kind::sent).u32(day);
}
std::string sent_key(const PeriodId& id) {
    return of(Kind::sent).u32(id.day).text(id.domain);
}
std::string day_key(Day day) {
    return of(Kind::day).u32(day);
}
std::string organisation_key(const PeriodId& id) {
    return of(Kind::organisation).u32(id.day).text(id.domain);
}
std::string organisations_begin(Day day) {
    return of(Kind::organisation).u32(day);
}

Result<PeriodId> parse_period_key(std::string_view key) {
    if (key.empty()) return broken();
    store::TupleReader parts(key.substr(1));
    PeriodId id;
    id.day = TRY(parts.u32());
    id.domain = TRY(parts.text());
    return id;
}

std::string encode(const Period& period) {
    record::Period out;
    out.set_policy(period.policy);
    out.set_begin(period.begin);
    out.set_messages(period.messages);
    out.set_rows(period.rows);
    out.set_left_out(period.left_out);
    return out.SerializeAsString();
}

std::string encode(const DayCount& count) {
    record::Day out;
    out.set_domains(count.domains);
    out.set_left_out(count.left_out);
    return out.SerializeAsString();
}

std::string encode_sent(std::int64_t end) {
    record::Sent out;
    out.set_end(end);
    return out.SerializeAsString();
}

std::string encode_organisation(std::uint32_t domains) {
    record::Organisation out;
    out.set_domains(domains);
    return out.SerializeAsString();
}

std::string encode(const feedback::Row& row) {
    record::Row out;
    out.set_count(row.count);
    out.set_source_ip(row.source_ip);
    out.set_disposition(row.disposition);
    out.set_dkim(row.dkim);
    out.set_spf(row.spf);
    for (const feedback::Reason& one : row.reasons) {
        record::Reason& to = *out.add_reasons();
        to.set_type(one.type);
        to.set_comment(one.comment);
    }
    out.set_header_from(row.header_from);
    out.set_envelope_from(row.envelope_from);
    for (const feedback::AuthResult& one : row.dkim_results) put(*out.add_dkim_results(), one);
    for (const feedback::AuthResult& one : row.spf_results) put(*out.add_spf_results(), one);
    return out.SerializeAsString();
}

Result<Period> decode_period(std::string_view octets) {
    const auto in = TRY(parse<record::Period>(octets));
    return Period{in.policy(), in.begin(), in.messages(), in.rows(), in.left_out()};
}

Result<DayCount> decode_day(std::string_view octets) {
    const auto in = TRY(parse<record::Day>(octets));
    return DayCount{in.domains(), in.left_out()};
}

Result<std::int64_t> decode_sent(std::string_view octets) {
    return TRY(parse<record::Sent>(octets)).end();
}

Result<std::uint32_t> decode_organisation(std::string_view octets) {
    return TRY(parse<record::Organisation>(octets)).domains();
}

Result<feedback::Row> decode_row(std::string_view octets) {
    const auto in = TRY(parse<record::Row>(octets));
    feedback::Row row;
    row.count = in.count();
    row.source_ip = in.source_ip();
    row.disposition = in.disposition();
    row.dkim = in.dkim();
    row.spf = in.spf();
    for (const record::Reason& one : in.reasons()) row.reasons.push_back({one.type(), one.comment()});
    row.header_from = in.header_from();
    row.envelope_from = in.envelope_from();
    for (const record::AuthResult& one : in.dkim_results()) row.dkim_results.push_back(take(one));
    for (const record::AuthResult& one : in.spf_results()) row.spf_results.push_back(take(one));
    return row;
}

std::optional<std::string> check_row(std::string_view key, std::string_view value) {
    store::TupleReader parts(key);
    const auto kind = parts.u8();
    if (kind && (*kind == static_cast<std::uint8_t>(ReceivedKind::aggregate) ||
                 *kind == static_cast<std::uint8_t>(ReceivedKind::failure)))
        return check_received_row(key, value);
    const bool known = kind && ((*kind >= static_cast<std::uint8_t>(Kind::period) &&
                                 *kind <= static_cast<std::uint8_t>(Kind::day)) ||
                                *kind == static_cast<std::uint8_t>(Kind::organisation));
    if (!known) return "a row of no known kind";
    bool good = parts.u32().has_value();
    if (Kind{*kind} != Kind::day) good = good && parts.text().has_value();
    const std::size_t rest = Kind{*kind} == Kind::row ? identity_octets : 0;
    if (!good || parts.rest().size() != rest) return "a row with a broken key";
    switch (Kind{*kind}) {
        case Kind::period:
            return reason(decode_period(value));
        case Kind::row:
            return reason(decode_row(value));
        case Kind::sent:
            return reason(decode_sent(value));
        case Kind::day:
            return reason(decode_day(value));
        case Kind::organisation:
            return reason(decode_organisation(value));
    }
    return std::nullopt;
}

}  // namespace heliopost::reports
