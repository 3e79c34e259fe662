// The message that carries an aggregate report: gzipped XML in an attachment. RFC 9990 §3.5, RFC 7489
// §7.2.1.1.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "proto/feedback/aggregate.h"
#include "proto/smtp/address.h"
#include "reports/records.h"

namespace heliopost::reports {

// Who reports.
struct Reporter {
    std::string organisation;  // "Example Mail"
    std::string address;       // of the From field, and for questions
    std::string host_name;     // "mx.a.example"
};

// end: unix seconds. The same period has the same id, so that a report that came twice is seen to be one.
feedback::Aggregate make_aggregate(const Reporter& by, const PeriodId& id, const Period& period,
                                   std::vector<feedback::Row> rows, std::int64_t end);

// packed: the XML, gzipped. message_id, boundary: unique; without brackets.
struct AggregateMessage {
    Time date;
    smtp::Address to;
    std::string message_id;
    std::string boundary;
};
std::string compose(const Reporter& by, const feedback::Aggregate& report, const AggregateMessage& message,
                    std::string_view packed);

// "mx.a.example!b.example!1700000000!1700086399!0123456789abcdef.xml.gz"
std::string file_name(const Reporter& by, const feedback::Aggregate& report);

}  // namespace heliopost::reports
