#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/line_reader.h"
#include "net/memory_world.h"
#include "net/task_group.h"

namespace {

using namespace heliopost;
using namespace heliopost::net;
using namespace std::chrono_literals;

constexpr size_t line_max = 12;
constexpr size_t buffer_octets = 8;

Task<void> send_pieces(World* world, Listener* listener, std::string_view text, size_t piece) {
    const std::unique_ptr<Stream> stream = co_await listener->accept();
    try {
        for (size_t at = 0; at < text.size(); at += piece) {
            const std::string_view octets = text.substr(at, piece);
            co_await stream->write(octets, world->after(1min));
        }
    } catch (const Gone&) {
        co_return;  // a line without an end: the reader has gone
    }
}

// The lines as they are read, and a mark for each that is too long.
Task<void> read_lines(World* world, Endpoint at, std::string* trace) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(1min));
    LineReader reader(*stream, buffer_octets);
    try {
        for (;;) {
            std::string line;
            const Result<bool> got = co_await reader.read_line(&line, line_max, world->after(1min));
            *trace += !got ? "!" : *got ? "[" + line : "." + line;
            if (got && line.size() > line_max) std::abort();
            if (got && !*got) co_return;
        }
    } catch (const Gone&) {
        *trace += "gone";
    }
}

std::string lines_of(std::string_view text, size_t piece) {
    MemoryNetwork network(1);
    MemoryWorld& host = network.add_host("a", {"192.0.2.1"});
    const auto listener = std::move(host.listen(parse_endpoint("192.0.2.1:25").value(), {}).value());
    std::string trace;
    {
        TaskGroup sender(host, "sender");
        sender.spawn(send_pieces(&host, listener.get(), text, piece));
        if (!network.run(host, read_lines(&host, listener->local(), &trace))) std::abort();
        if (!network.run_until([&] { return sender.size() == 0; }, 1h)) std::abort();
    }
    return trace;
}

}  // namespace

// However the octets arrive (the first one says it), the lines are those that stand in them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2 || size > 1'000) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (lines_of(text, text.size()) != lines_of(text, size_t{data[0]} % 16 + 1)) std::abort();
    return 0;
}
