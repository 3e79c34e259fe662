// BDAT: RFC 3030 §2.
#include <utility>

#include "server/smtp/session.h"

namespace heliopost::smtp_server {

using smtp::Reply;

// A chunk that may not come is read and dropped, so that its octets are never taken for commands. For one far
// larger than any message nobody waits: the connection ends behind the reply.
net::Task<void> Session::skip_chunk(std::uint64_t octets) {
    out_of_step_ = is_endless(octets);
    if (out_of_step_) co_return;
    const auto end = within(message_time_max);
    while (octets > 0) {
        const bool more = co_await reader_.fill(std::min(end, within(block_time_max)));
        if (!more) throw net::Gone("closed within a chunk");
        const auto count = std::min<std::uint64_t>(octets, reader_.buffered().size());
        reader_.consume(count);
        octets -= count;
    }
}

net::Task<std::vector<Reply>> Session::chunk(smtp::Bdat argument) {
    const Reply refused{552, {5, 3, 4}, "the message is too large"};
    out_of_step_ = is_endless(argument.size);
    if (out_of_step_) co_return std::vector<Reply>{refused};
    if (!transaction_.chunks) {
        if (auto begun = begin_message(); !begun) {
            co_await skip_chunk(argument.size);
            if (argument.last) co_return for_each_recipient(std::move(begun).error());
            co_return std::vector<Reply>{logged(std::move(begun).error())};
        }
        transaction_.chunks.emplace(service_.message_octets_max);
    }
    smtp::BdatDecoder& chunks = *transaction_.chunks;
    chunks.begin(argument);
    // All chunks have one time together; what is buffered would not ask for it.
    if (world_.tick() >= transaction_.end) throw net::TimedOut();
    while (!chunks.chunk_done()) {
        const bool more = co_await reader_.fill(block_end());
        if (!more) throw net::Gone("closed within a chunk");
        std::string_view piece;
        const std::size_t used =
            chunks.feed(reader_.buffered(), [&](std::string_view octets) { piece = octets; });
        if (!piece.empty()) co_await take(piece);
        reader_.consume(used);
    }
    if (chunks.too_large() || chunks.chunks() > chunks_max)
        co_return argument.last ? for_each_recipient(refused) : std::vector<Reply>{refused};
    if (!argument.last)
        co_return std::vector<Reply>{{250, {2, 0, 0}, std::to_string(argument.size) + " octets"}};
    co_return co_await finish_message(chunks.finish());
}

}  // namespace heliopost::smtp_server
