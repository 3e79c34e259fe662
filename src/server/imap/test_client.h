// TestClient: an IMAP client over the memory network of a TestServer.
//
// It reads all the time unless told not to, and cuts what comes into responses, each of which must be
// readable to our own client side (proto/imap/response.h). Test only.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/event.h"
#include "net/memory_stream.h"
#include "net/task_group.h"
#include "proto/imap/command_reader.h"
#include "proto/imap/response.h"
#include "server/imap/test_server.h"

namespace heliopost::imap_server {

struct Answer {
    std::vector<std::string> lines;  // untagged responses, whole, without the last CRLF
    std::string end;                 // the tagged line behind its tag: "OK [READ-WRITE] SELECT completed"

    bool has(std::string_view line) const { return std::ranges::find(lines, line) != lines.end(); }
    std::size_t count(std::string_view part) const {  // lines with it
        return static_cast<std::size_t>(
            std::ranges::count_if(lines, [&](const auto& line) { return line.contains(part); }));
    }
    std::string text() const {  // all, each line with LF
        std::string all;
        for (const std::string& line : lines) all += line + '\n';
        return all + end;
    }
    bool ok() const { return end.starts_with("OK "); }
    bool no(std::string_view code) const { return end.starts_with("NO [" + std::string(code) + "]"); }
    bool bad() const { return end.starts_with("BAD "); }
};

class TestClient {
public:
    enum class Begin { logged_in, greeted };

    // Connects and reads the greeting; logs in as ann unless told not to.
    explicit TestClient(TestServer& server, Begin begin = Begin::logged_in)
        : server_(server),
          tasks_(*server.elsewhere, "client"),
          wake_reader_(*server.elsewhere),
          wake_writer_(*server.elsewhere) {
        tasks_.spawn(read_all());
        greeting = next();
        if (begin == Begin::logged_in && !run("LOGIN ann@a.example secret").ok())
            throw std::runtime_error("no login");
    }
    ~TestClient() {
        tasks_.stop();
        server_.network.run_until([this] { return tasks_.size() == 0; }, std::chrono::minutes(1));
    }
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    // Sends the command under a new tag and collects what comes up to its tagged line. After each "+" the
    // next of `more` is sent as it is.
    Answer run(std::string_view command, std::vector<std::string> more = {}) {
        const std::string tag = "T" + std::to_string(++last_tag_);
        send(tag + ' ' + std::string(command) + "\r\n");
        return until(tag, std::move(more));
    }
    Answer until(const std::string& tag, std::vector<std::string> more = {}) {
        Answer answer;
        std::size_t sent = 0;
        for (;;) {
            std::string response = next();
            if (response.empty()) return answer;
            if (response.starts_with(tag + ' ')) {
                answer.end = response.substr(tag.size() + 1);
                return answer;
            }
            const bool asks = response.starts_with("+ ");
            answer.lines.push_back(std::move(response));
            if (asks && sent < more.size()) send(more[sent++]);
        }
    }
    void send(std::string_view octets) {
        outgoing_ += octets;
        wake_writer_.set();
    }
    // The next response, whatever it is; "" when nothing comes for five minutes or the server has closed.
    std::string next() {
        server_.network.run_until([this] { return !responses_.empty() || ended_; }, std::chrono::minutes(5));
        if (responses_.empty()) return {};
        std::string response = std::move(responses_.front());
        responses_.pop_front();
        if (!imap::parse_response(response)) throw std::runtime_error("not a response: " + response);
        return response;
    }
    // What comes within a second without being asked for.
    std::vector<std::string> unasked() {
        server_.network.run_for(std::chrono::seconds(1));
        return {std::make_move_iterator(responses_.begin()),
                std::make_move_iterator(std::exchange(responses_, {}).end())};
    }
    bool closed() {
        server_.network.run_until([this] { return ended_; }, std::chrono::seconds(1));
        return ended_;
    }
    // STARTTLS, with `behind` in the same packet. False: the server has hung up.
    bool start_tls(std::string_view behind = "") {
        tls_wanted_ = true;
        send("TLS STARTTLS\r\n" + std::string(behind));
        server_.network.run_until([this] { return !tls_wanted_ || ended_; }, std::chrono::seconds(10));
        return !ended_;
    }
    void send_and_close(std::string_view octets) {
        close_wanted_ = true;
        send(octets);
    }
    void pause() { reading_ = false; }  // the network's pipe fills
    void resume() {
        reading_ = true;
        wake_reader_.set();
    }
    void close() { stream_->close(); }
    void half_close() { static_cast<net::MemoryStream&>(*stream_).end_output(); }

    std::string greeting;

private:
    net::Task<void> read_all() {
        net::World& world = *server_.elsewhere;
        const auto never = world.after(std::chrono::hours(1000));
        try {
            stream_ = co_await world.dial(server_.address(), {}, never);
            if (server_.service.tls_from_start) co_await stream_->start_tls_client({}, never);
            tasks_.spawn(write_all());
            std::string buffer(16 * 1024, '\0');
            for (;;) {
                wake_reader_.clear();
                if (!reading_) {
                    co_await wake_reader_.wait(never);
                    continue;
                }
                const auto ready = co_await stream_->wait_readable(never, &wake_reader_);
                if (ready == net::Stream::Ready::event) continue;
                const std::size_t count = co_await stream_->read_some(buffer, never);
                if (count == 0) break;
                received_.append(buffer, 0, count);
                while (cut()) {
                }
                if (tls_wanted_ && std::ranges::find(responses_, "TLS OK begin TLS") != responses_.end()) {
                    co_await stream_->start_tls_client({}, never);
                    tls_wanted_ = false;
                }
            }
        } catch (const net::Gone&) {
        }
        ended_ = true;
    }
    net::Task<void> write_all() {
        for (;;) {
            co_await wake_writer_.wait(server_.elsewhere->after(std::chrono::hours(1000)));
            wake_writer_.clear();
            const std::string octets = std::exchange(outgoing_, {});
            co_await stream_->write(octets, server_.elsewhere->after(std::chrono::hours(1000)));
            if (close_wanted_) stream_->close();
        }
    }
    // Moves a whole response from received_ to responses_.
    bool cut() {
        for (;;) {
            const auto end = received_.find("\r\n", line_);
            if (end == std::string::npos) return false;
            const auto literal = imap::find_literal(std::string_view(received_).substr(line_, end - line_));
            line_ = end + 2;
            if (literal.has_literal) {
                line_ += literal.literal.octets;
                continue;
            }
            responses_.push_back(received_.substr(start_, end - start_));
            start_ = line_;
            if (start_ > 64 * 1024 || start_ == received_.size()) {
                received_.erase(0, start_);
                line_ = start_ = 0;
            }
            return true;
        }
    }

    TestServer& server_;
    std::unique_ptr<net::Stream> stream_;
    net::TaskGroup tasks_;
    net::Event wake_reader_;
    net::Event wake_writer_;
    bool reading_ = true;
    bool ended_ = false;
    bool tls_wanted_ = false;
    bool close_wanted_ = false;
    std::string outgoing_;
    std::string received_;
    std::size_t start_ = 0;  // of the response under way
    std::size_t line_ = 0;   // of the line under way
    std::deque<std::string> responses_;
    unsigned last_tag_ = 0;
};

}  // namespace heliopost::imap_server
