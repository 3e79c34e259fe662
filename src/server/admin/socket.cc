#include "server/admin/socket.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/line_reader.h"

namespace heliopost::admin {
namespace {

constexpr std::chrono::minutes request_time_max{5};
constexpr std::chrono::seconds dial_time_max{5};
constexpr std::size_t buffer_octets = 64 * 1024;

// What follows a request's line.
class Following final : public OctetSource {
public:
    Following(net::World* world, net::LineReader* reader, std::uint64_t octets)
        : world_(world), reader_(reader), left_(octets) {}

    net::Task<Result<std::string>> next() override {
        if (left_ == 0) co_return std::string();
        if (!co_await reader_->fill(world_->after(request_time_max)))
            throw net::Gone("closed within a message");
        std::string piece(reader_->buffered().substr(0, left_));
        reader_->consume(piece.size());
        left_ -= piece.size();
        co_return piece;
    }
    // What nobody asked for, so that the next line is found.
    net::Task<void> drop_rest() {
        while (left_ != 0) co_await next();
    }

private:
    net::World* world_;
    net::LineReader* reader_;
    std::uint64_t left_;
};

net::Task<Result<Answer>> answer_to(Administered* of, Request request, std::uint64_t octets,
                                    net::LineReader* reader) {
    Following following(of->world, reader, octets);
    const bool restores = request.operation.starts_with("restore.");
    of->world->log().write(restores ? LogLevel::debug : LogLevel::info, "admin",
                           {{"operation", request.operation}});
    Result<Answer> answer;
    if (restores)
        answer = co_await run_restore(of, std::move(request), &following);
    else
        answer = co_await run(of, std::move(request));
    co_await following.drop_rest();
    co_return answer;
}

}  // namespace

net::Task<void> serve(Administered* of, std::unique_ptr<net::Stream> stream) {
    net::LineReader reader(*stream, buffer_octets);
    std::string line;
    for (;;) {
        const Result<bool> got = co_await reader.read_line(&line, request_octets_max,
                                                           of->world->after(request_time_max), of->closing);
        if (got && !*got) co_return;
        Result<Request> request = fail(Fault::too_large, "the request is too large");
        if (got) request = parse_request(line);
        Result<std::uint64_t> octets = request ? octets_behind(*request) : std::unexpected(request.error());
        Result<Answer> answer;
        if (octets)
            answer = co_await answer_to(of, *std::move(request), *octets, &reader);
        else
            answer = std::unexpected(octets.error());
        const std::string out = to_json(answer) + "\n";
        co_await stream->write(out, of->world->after(request_time_max));
        // A message may stand behind what was not understood, and its lines must not become requests.
        if (!octets) co_return;
    }
}

struct Conversation::Parts {
    Parts(net::World* w, std::unique_ptr<net::Stream> s)
        : world(w), stream(std::move(s)), reader(*stream, buffer_octets) {}
    net::World* world;
    std::unique_ptr<net::Stream> stream;
    net::LineReader reader;
};

Conversation::Conversation(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Conversation::~Conversation() = default;

net::Task<std::unique_ptr<Conversation>> Conversation::dial(net::World* world, std::string socket_path) {
    net::Endpoint at;
    at.path = std::move(socket_path);
    auto stream = co_await world->dial(at, {}, world->after(dial_time_max));
    co_return std::unique_ptr<Conversation>(
        new Conversation(std::make_unique<Parts>(world, std::move(stream))));
}

net::Task<Result<Answer>> Conversation::ask(Request request, OctetSource* octets) {
    Parts& parts = *parts_;
    const std::string out = to_json(request) + "\n";
    co_await parts.stream->write(out, parts.world->after(request_time_max));
    while (octets != nullptr) {
        const std::string piece = CO_TRY(co_await octets->next());
        if (piece.empty()) break;
        co_await parts.stream->write(piece, parts.world->after(request_time_max));
    }
    std::string line;
    const bool got = CO_TRY(
        co_await parts.reader.read_line(&line, answer_octets_max, parts.world->after(request_time_max)));
    if (!got) co_return fail(Fault::internal, "the server closed the admin socket: see its log");
    co_return parse_answer(line);
}

net::Task<Result<Answer>> ask(net::World* world, std::string socket_path, Request request) {
    const auto conversation = co_await Conversation::dial(world, std::move(socket_path));
    co_return co_await conversation->ask(std::move(request), nullptr);
}

}  // namespace heliopost::admin
