#include "net/line_reader.h"

#include <doctest/doctest.h>

#include "net/event.h"
#include "net/memory_world.h"
#include "net/task_group.h"

using namespace std::chrono_literals;

namespace heliopost::net {
namespace {

Task<void> send_pieces(World* world, Listener* listener, std::string text, size_t piece) {
    const std::unique_ptr<Stream> stream = co_await listener->accept();
    for (size_t at = 0; at < text.size(); at += piece) {
        co_await stream->write(std::string_view(text).substr(at, piece), world->after(1min));
        co_await world->sleep_until(world->after(1ms));
    }
}

// "[line]" for each line, "!" for one that is too long, "." for the end.
Task<void> read_lines(World* world, Endpoint at, size_t limit, size_t buffer, std::string* trace) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(1min));
    LineReader reader(*stream, buffer);
    try {
        for (;;) {
            std::string line;
            const Result<bool> got = co_await reader.read_line(&line, limit, world->after(1min));
            if (!got) {
                *trace += got.error().fault == Fault::too_large ? "!" : "?";
            } else if (*got) {
                *trace += "[" + line + "]";
            } else {
                *trace += ".";
                co_return;
            }
        }
    } catch (const Gone&) {
        *trace += "gone";
    }
}

std::string lines_of(const std::string& text, size_t piece, size_t limit, size_t buffer) {
    MemoryNetwork network(1);
    MemoryWorld& host = network.add_host("a", {"192.0.2.1"});
    const auto listener = std::move(*host.listen(*parse_endpoint("192.0.2.1:25"), {}));
    std::string trace;
    {
        TaskGroup sender(host, "sender");
        sender.spawn(send_pieces(&host, listener.get(), text, piece));
        network.run(host, read_lines(&host, listener->local(), limit, buffer, &trace));
        network.run_until([&] { return sender.size() == 0; }, 1h);
    }
    return trace;
}

}  // namespace

TEST_CASE("lines: limits hold however the octets arrive and however small the buffer is") {
    struct Case {
        std::string text;
        std::string want;
    };
    const Case cases[] = {
        {"", "."},
        {"one\r\ntwo\nthree", "[one\r\n][two\n]."},
        {"\n\r\n", "[\n][\r\n]."},
        {"12345678\r\n", "[12345678\r\n]."},            // 10 octets: at the limit
        {"123456789\r\nnext\r\n", "![next\r\n]."},      // one past
        {std::string(99, 'x') + "\nok\n", "![ok\n]."},  // at ten times the limit
        {std::string(110, 'x') + "\nok\n", "gone"},     // past it
        {std::string(5000, 'x'), "gone"},
        {"a\rb\n", "[a\rb\n]."},  // a bare CR ends nothing
        {std::string("a\0b\n", 4), std::string("[a\0b\n].", 7)},
    };
    for (const auto& [text, want] : cases)
        for (const size_t piece : {1U, 2U, 3U, 7U, 100000U})
            for (const size_t buffer : {1U, 4U, 4096U}) {
                CAPTURE(text);
                CAPTURE(piece);
                CAPTURE(buffer);
                CHECK(lines_of(text, piece, 10, buffer) == want);
            }
}

namespace {

Task<void> read_counted(World* world, Endpoint at, std::string* got) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(1min));
    LineReader reader(*stream, 8);
    std::string line;
    co_await reader.read_line(&line, 100, world->after(1min));
    for (;;) {
        const bool more = co_await reader.fill(world->after(1min));
        if (!more) break;
        const size_t count = std::min<size_t>(3, reader.buffered().size());
        *got += reader.buffered().substr(0, count);
        reader.consume(count);
    }
    CHECK(reader.empty());
}

}  // namespace

TEST_CASE("lines: counted octets follow a line without loss") {
    MemoryNetwork network(1);
    MemoryWorld& host = network.add_host("a", {"192.0.2.1"});
    const auto listener = std::move(*host.listen(*parse_endpoint("192.0.2.1:25"), {}));
    std::string got;
    TaskGroup sender(host, "sender");
    sender.spawn(send_pieces(&host, listener.get(), "{20}\r\n12345678901234567890", 11));
    network.run(host, read_counted(&host, listener->local(), &got));
    CHECK(got == "12345678901234567890");
    network.run_until([&] { return sender.size() == 0; }, 1h);
}

namespace {

Task<void> read_until_set(World* world, Endpoint at, Event* until, std::string* trace) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(1min));
    LineReader reader(*stream, 16);
    std::string line;
    try {
        for (;;) {
            const Result<bool> got = co_await reader.read_line(&line, 100, world->after(1h), until);
            if (!got || !*got) co_return;
            *trace += "[" + line + "]";
        }
    } catch (const Stopped&) {
        *trace += "stopped";
    }
    // Within a command the reader goes on.
    while (co_await reader.fill(world->after(1h))) {
        *trace += reader.buffered();
        reader.consume(reader.buffered().size());
    }
}

}  // namespace

TEST_CASE("lines: an event ends the wait for the next line, not that for counted octets") {
    MemoryNetwork network(1);
    MemoryWorld& host = network.add_host("a", {"192.0.2.1"});
    const auto listener = std::move(*host.listen(*parse_endpoint("192.0.2.1:25"), {}));
    std::string trace;
    Event until(host);
    TaskGroup tasks(host, "sender");
    tasks.spawn(send_pieces(&host, listener.get(), "one\ntwo and a half", 4));
    host.call_at(host.after(2ms), [&] { until.set(); });
    network.run(host, read_until_set(&host, listener->local(), &until, &trace));
    CHECK(trace.starts_with("[one\n]stopped"));
    CHECK(trace.size() > std::string_view("[one\n]stopped").size());
    network.run_until([&] { return tasks.size() == 0; }, 1h);
}

}  // namespace heliopost::net
