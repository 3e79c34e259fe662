// queue.list, queue.show, queue.retry, queue.hold, queue.release, queue.drop
#include <optional>
#include <utility>

#include "base/text.h"
#include "proto/smtp/address.h"
#include "server/admin/operations.h"

namespace heliopost::admin {
namespace {

std::string reply_text(const queue::LastReply& reply) {
    if (reply.code == 0) return reply.text;
    const std::string enhanced = smtp::to_string(reply.enhanced);
    return std::to_string(reply.code) + " " + enhanced + (enhanced.empty() ? "" : " ") + reply.text;
}

// What is being tried has no next attempt, and what is held or dropped meanwhile says so.
void add_rows(Answer& answer, const queue::Shown& shown) {
    for (std::size_t i = 0; i < shown.recipients.size(); ++i) {
        const queue::Recipient& recipient = shown.recipients[i];
        const bool pending = recipient.state == queue::State::pending;
        const bool waits = pending && !shown.leased[i];
        const std::string_view state =
            pending && shown.leased[i] ? "sending" : queue::to_string(recipient.state);
        answer.rows.push_back({queue::to_text(shown.entry->id), to_rfc3339(shown.entry->created),
                               smtp::to_string(shown.entry->reverse_path), smtp::to_string(recipient.address),
                               std::string(state), static_cast<std::int64_t>(recipient.attempts),
                               waits ? to_rfc3339(recipient.next_attempt) : std::string(),
                               static_cast<std::int64_t>(shown.entry->blob.octets),
                               recipient.last_reply.remote_host, reply_text(recipient.last_reply)});
    }
}

Answer empty_answer() {
    return {"",
            {"queue_id", "created", "from", "to", "state", "attempts", "next_attempt", "octets", "remote",
             "last_reply"},
            {}};
}

// The queue may hold a million messages of a thousand recipients: a page at a time.
net::Task<Result<Answer>> list(Administered* of, Request request) {
    queue::Filter filter;
    filter.domain = request.field("domain");
    if (const std::string after = request.field("after"); !after.empty())
        filter.after = CO_TRY(queue::parse_queue_id(after));
    Answer answer = empty_answer();
    while (answer.rows.size() < rows_a_page) {
        const auto page = CO_TRY(co_await of->queue->list(filter));
        for (const queue::Shown& shown : page) {
            add_rows(answer, shown);
            filter.after = shown.entry->id;
            if (answer.rows.size() >= rows_a_page) break;
        }
        if (answer.rows.size() < rows_a_page && page.size() < filter.limit) co_return answer;
    }
    answer.next = queue::to_text(filter.after);
    co_return answer;
}

}  // namespace

net::Task<Result<Answer>> run_queue(Administered* of, Request request) {
    if (request.operation == "queue.list") co_return co_await list(of, std::move(request));
    const std::string text = CO_TRY(request.required("queue_id"));
    const QueueId id = CO_TRY(queue::parse_queue_id(text));
    const Time now = of->world->now();
    Result<std::size_t> changed = std::size_t{0};
    if (request.operation == "queue.show") {
        Answer answer = empty_answer();
        add_rows(answer, CO_TRY(co_await of->queue->show(id)));
        co_return answer;
    }
    if (request.operation == "queue.retry")
        changed = co_await of->queue->retry_now(id, std::nullopt, now);
    else if (request.operation == "queue.hold")
        changed = co_await of->queue->hold(id, std::nullopt);
    else if (request.operation == "queue.release")
        changed = co_await of->queue->release(id, std::nullopt, now);
    else if (request.operation == "queue.drop")
        changed = co_await of->queue->drop(id, std::nullopt);
    else
        co_return std::unexpected(unknown_operation(request));
    if (!changed) co_return std::unexpected(changed.error());
    co_return Answer{text + ": " + std::to_string(*changed) + " recipients changed",
                     {"queue_id", "changed"},
                     {{text, static_cast<std::int64_t>(*changed)}}};
}

}  // namespace heliopost::admin
