#include "server/admin/socket.h"

#include <chrono>
#include <utility>

#include "net/line_reader.h"

namespace heliopost::admin {
namespace {

constexpr std::chrono::minutes request_time_max{5};
constexpr std::chrono::seconds dial_time_max{5};
constexpr std::size_t buffer_octets = 64 * 1024;

}  // namespace

net::Task<void> serve(Administered* of, std::unique_ptr<net::Stream> stream) {
    net::LineReader reader(*stream, buffer_octets);
    std::string line;
    for (;;) {
        const Result<bool> got = co_await reader.read_line(&line, request_octets_max,
                                                           of->world->after(request_time_max), of->closing);
        if (got && !*got) co_return;
        Result<Answer> answer = fail(Fault::too_large, "the request is too large");
        if (got) {
            Result<Request> request = parse_request(line);
            if (request) {
                of->world->log().info("admin", {{"operation", request->operation}});
                answer = co_await run(of, std::move(*request));
            } else {
                answer = std::unexpected(std::move(request).error());
            }
        }
        const std::string out = to_json(answer) + "\n";
        co_await stream->write(out, of->world->after(request_time_max));
    }
}

net::Task<Result<Answer>> ask(net::World* world, std::string socket_path, Request request) {
    net::Endpoint at;
    at.path = std::move(socket_path);
    auto stream = co_await world->dial(at, {}, world->after(dial_time_max));
    const std::string out = to_json(request) + "\n";
    co_await stream->write(out, world->after(request_time_max));
    net::LineReader reader(*stream, buffer_octets);
    std::string line;
    const bool got =
        CO_TRY(co_await reader.read_line(&line, answer_octets_max, world->after(request_time_max)));
    if (!got) co_return fail(Fault::internal, "the server closed the admin socket: see its log");
    co_return parse_answer(line);
}

}  // namespace heliopost::admin
