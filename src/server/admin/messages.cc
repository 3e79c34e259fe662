// message.show
#include <utility>

#include "base/text.h"
#include "server/admin/operations.h"

namespace heliopost::admin {
namespace {

Result<Uid> uid_of(const Request& request) {
    const std::string text = TRY(request.required("uid"));
    const auto number = to_number(text);
    if (!number || *number == 0 || *number > UINT32_MAX) return fail(Fault::syntax, "uid is no UID");
    return Uid(static_cast<std::uint32_t>(*number));
}

// What the checks said of a message when it came.
net::Task<Result<Answer>> show(Administered* of, Request request) {
    const std::string address = CO_TRY(request.required("address"));
    const Uid uid = CO_TRY(uid_of(request));
    const directory::Account owner = CO_TRY(co_await of->directory->account(address));
    const auto account = of->accounts->open(owner.id);
    std::string name = request.field("mailbox");
    if (name.empty()) name = "INBOX";
    const mailbox::Mailbox mailbox = CO_TRY(co_await account->find(std::move(name)));
    const auto view = CO_TRY(co_await account->view(mailbox.id));
    const auto place = view->find(uid);
    if (!place) co_return fail(Fault::not_found, "no message with this UID in " + mailbox.name);
    const mailbox::Verdicts verdicts = CO_TRY(co_await account->verdicts(view->at(*place).email));
    Answer answer{"", {"check", "result", "subject", "reason"}, {}};
    if (verdicts.all.empty()) answer.message = "nobody judged this message";
    if (!verdicts.client.empty())
        answer.rows.push_back({std::string("client"), std::string(), verdicts.client, std::string()});
    for (const mailbox::Verdict& one : verdicts.all)
        answer.rows.push_back({one.check, one.result, one.subject, one.reason});
    co_return answer;
}

}  // namespace

net::Task<Result<Answer>> run_message(Administered* of, Request request) {
    if (request.operation == "message.show") co_return co_await show(of, std::move(request));
    co_return std::unexpected(unknown_operation(request));
}

}  // namespace heliopost::admin
