#include <google/protobuf/arena.h>

#include <algorithm>

#include "mailbox/broken_record.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/verdicts.h"

namespace heliopost::mailbox {
namespace {

std::string cut_text(std::string_view text) {
    return std::string(text.substr(0, verdict_text_octets_max));
}

bool is_too_long(const record::Verdict& one) {
    return std::max({one.check().size(), one.result().size(), one.subject().size(), one.reason().size()}) >
           verdict_text_octets_max;
}

}  // namespace

std::string encode(const Verdicts& verdicts) {
    if (verdicts.all.empty()) return {};
    google::protobuf::Arena arena;
    auto& out = *google::protobuf::Arena::CreateMessage<record::Verdicts>(&arena);
    out.set_client(cut_text(verdicts.client));
    for (const Verdict& one : verdicts.all) {
        if (static_cast<std::size_t>(out.verdicts_size()) == verdicts_max) break;
        record::Verdict& to = *out.add_verdicts();
        to.set_check(cut_text(one.check));
        to.set_result(cut_text(one.result));
        to.set_subject(cut_text(one.subject));
        to.set_reason(cut_text(one.reason));
    }
    return out.SerializeAsString();
}

Result<Verdicts> decode_verdicts(std::string_view record) {
    google::protobuf::Arena arena;
    auto& in = *google::protobuf::Arena::CreateMessage<record::Verdicts>(&arena);
    if (!in.ParseFromArray(record.data(), static_cast<int>(record.size())))
        return broken_record("a message's verdicts");
    const bool good = static_cast<std::size_t>(in.verdicts_size()) <= verdicts_max &&
                      in.client().size() <= verdict_text_octets_max &&
                      std::ranges::none_of(in.verdicts(), is_too_long);
    if (!good) return broken_record("a message's verdicts");
    Verdicts out{in.client(), {}};
    for (const record::Verdict& one : in.verdicts())
        out.all.push_back({one.check(), one.result(), one.subject(), one.reason()});
    return out;
}

}  // namespace heliopost::mailbox
