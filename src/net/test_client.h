// TestClient: says what it is told over a memory network and gives what it hears, for tests of servers.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "net/memory_stream.h"
#include "net/memory_world.h"
#include "net/task_group.h"

namespace heliopost::net {

class TestClient {
public:
    static constexpr std::chrono::milliseconds quiet{1};  // after which nothing more is expected

    // The task group is of the host that dials; it must outlive the client.
    TestClient(MemoryNetwork& network, MemoryWorld& from, Endpoint to, TaskGroup& tasks)
        : network_(network), from_(from), tasks_(tasks) {
        require(network.run(from, dial(std::move(to))));
    }
    ~TestClient() {
        stream_->close();
        network_.run_until([this] { return writing_ == 0; }, std::chrono::minutes(1));
    }
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    // Sends the octets and gives what comes until it has been quiet for a while.
    std::string say(std::string octets, std::chrono::microseconds wait = quiet) {
        send(std::move(octets));
        return hear(wait);
    }
    void send(std::string octets) {
        if (ended_) return;
        ++writing_;
        tasks_.spawn(write(std::move(octets)));
    }
    std::string hear(std::chrono::microseconds wait = quiet) {
        require(network_.run(from_, read(wait), std::chrono::hours(48)));
        return std::exchange(heard_, {});
    }
    bool start_tls() {
        require(network_.run(from_, handshake()));
        return stream_->tls().has_value();
    }
    void end_output() { stream_->end_output(); }
    bool ended() const { return ended_; }  // the server has closed

private:
    static void require(bool held) { ASSERT(held); }

    Task<void> dial(Endpoint to) {
        auto stream = co_await from_.dial(std::move(to), {}, from_.after(std::chrono::minutes(1)));
        stream_.reset(static_cast<MemoryStream*>(stream.release()));
    }
    Task<void> read(std::chrono::microseconds wait) {
        char buffer[16'384];
        try {
            while (!ended_) {
                const std::size_t count = co_await stream_->read_some(buffer, from_.after(wait));
                if (count == 0) ended_ = true;
                heard_.append(buffer, count);
            }
        } catch (const TimedOut&) {
            co_return;
        } catch (const Gone& gone) {
            // The server's half of a handshake has arrived: the test says start_tls() next.
            ended_ = std::string_view(gone.what()) != "the peer began TLS unasked";
        }
    }
    Task<void> write(std::string octets) {
        try {
            co_await stream_->write(octets, from_.after(std::chrono::hours(24)));
        } catch (const Gone&) {
            gone_ = true;
        } catch (const Stopped&) {
            gone_ = true;
        }
        --writing_;
    }
    Task<void> handshake() {
        try {
            co_await stream_->start_tls_client({}, from_.after(std::chrono::minutes(1)));
        } catch (const Gone&) {
            gone_ = true;
        }
    }

    MemoryNetwork& network_;
    MemoryWorld& from_;
    TaskGroup& tasks_;
    std::unique_ptr<MemoryStream> stream_;
    std::string heard_;
    int writing_ = 0;
    bool gone_ = false;
    bool ended_ = false;
};

}  // namespace heliopost::net
