// IDLE: RFC 9051 §6.3.13.
#include "base/planted.h"
#include "base/text.h"
#include "net/drain.h"
#include "server/imap/session.h"

namespace heliopost::imap_server {

net::Task<Completion> Session::idle() {
    using Event = imap::CommandReader::Event;
    imap::append_continuation(out_.text(), "idling");
    reader_.expect_line();
    const auto deadline = world_.after(idle_time_max + command_time_max);
    const auto closing = wake_when_closing(&changed_);
    for (;;) {
        changed_.clear();  // first: a change during synchronise() sets it again
        if (net::is_closing(service_.closing)) throw net::Stopped();
        if (selected_) co_await synchronise(Telling::everything);
        co_await out_.flush();
        out_.release();
        if (planted("lost wake-up")) changed_.clear();
        if (stage_ == Stage::logout) co_return completed();
        if (input_.empty()) {
            const auto ready = co_await stream_->wait_readable(deadline, &changed_);
            if (ready == net::Stream::Ready::event) continue;
        }
        if (!co_await input_.fill(deadline)) throw net::Gone("closed within IDLE");
        const auto got = reader_.feed(input_.buffered());
        input_.consume(got.taken);
        if (got.event == Event::bad) co_return bad(reader_.error().text);
        if (got.event != Event::line) continue;
        if (!same_ignoring_case(reader_.text(), "DONE")) co_return bad("expected DONE");
        co_return completed({}, "IDLE completed");
    }
}

}  // namespace heliopost::imap_server
