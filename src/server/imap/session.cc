#include "server/imap/session.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "net/drain.h"
#include "server/imap/alarm.h"

namespace heliopost::imap_server {
namespace {

template <class... Commands>
bool is_one_of(const imap::CommandBody& body) {
    return (std::holds_alternative<Commands>(body) || ...);
}

namespace command = imap::command;

// RFC 9051 §6.4.9: every FETCH that it causes has the UID, that of an implicit \Seen too.
bool is_uid_command(const imap::CommandBody& body) {
    if (const auto* fetch = std::get_if<command::Fetch>(&body)) return fetch->uid;
    if (const auto* store = std::get_if<command::Store>(&body)) return store->uid;
    return false;
}

}  // namespace

namespace command = imap::command;

net::Task<void> serve(const Service* service, std::unique_ptr<net::Stream> stream) {
    Session session(service, std::move(stream));
    co_await session.run();
}

Session::Session(const Service* service, std::unique_ptr<net::Stream> stream)
    : service_(*service),
      world_(*service->world),
      stream_(std::move(stream)),
      out_(world_, *stream_),
      input_(*stream_, read_buffer_octets),
      login_deadline_(world_.after(login_time_max)),
      changed_(world_) {
    reader_.set_limits(reader_limits());
    out_.end_by(login_deadline_);
}

Deadline Session::after(std::chrono::seconds wait) const {
    return login_ ? world_.after(wait) : std::min(world_.after(wait), login_deadline_);
}

imap::ReaderLimits Session::reader_limits() const {
    if (!login_) return imap::stranger_limits();
    imap::ReaderLimits limits;
    // LITERAL+ after login, LITERAL- before it: RFC 7888 §4, §5.
    limits.unsolicited_octets = std::numeric_limits<std::uint64_t>::max();
    return limits;
}

net::Task<void> Session::run() {
    if (service_.tls_from_start) {
        auto tls = service_.tls();
        co_await net::start_tls_unless_closing(stream_.get(), std::move(tls), world_.after(tls_time_max),
                                               service_.closing);
    }
    imap::append_status(out_.text(), "", imap::Condition::ok, imap::code::capability(capabilities()),
                        service_.host_name + " Heliopost ready");
    bool stopped = false;
    try {
        co_await converse();
    } catch (const net::Stopped&) {
        stopped = true;
    }
    if (stopped) {
        imap::append_status(out_.text(), "", imap::Condition::bye, imap::code::unavailable,
                            "the server is going down");
        co_await out_.flush();
        throw net::Stopped();
    }
    co_await out_.flush();
    stream_->close();
}

net::Task<void> Session::converse() {
    while (stage_ != Stage::logout) {
        if (!co_await step()) break;
        if (stage_ == Stage::logout) break;
        if (errors_ <= errors_max && login_errors_ <= login_errors_max) continue;
        imap::append_status(out_.text(), "", imap::Condition::bye, "", "too many errors");
        break;
    }
}

// Waits for input between commands, without a buffer: an idle client costs little. False: the client has been
// silent for too long and was told so (RFC 9051 §5.4).
net::Task<bool> Session::wait_for_command(Deadline until) {
    co_await out_.flush();
    out_.release();
    reader_.release_text();
    net::Event late(world_);
    const Alarm alarm(world_, until, late);
    const auto closing = wake_when_closing(&late);
    const auto ready = co_await stream_->wait_readable(until + command_time_max, &late);
    if (net::is_closing(service_.closing)) throw net::Stopped();
    // A stranger whose commands come without a pause is late too.
    if (ready == net::Stream::Ready::input && world_.tick() < until) co_return true;
    imap::append_status(out_.text(), "", imap::Condition::bye, "", "idle for too long");
    stage_ = Stage::logout;
    co_return false;
}

std::optional<net::EventWaiter> Session::wake_when_closing(net::Event* woken) {
    if (service_.closing == nullptr) return std::nullopt;
    if (service_.closing->is_set()) woken->set();
    return std::make_optional<net::EventWaiter>(service_.closing, [woken] { woken->set(); });
}

net::Task<bool> Session::step() {
    using Event = imap::CommandReader::Event;
    if (input_.empty()) {
        if (reader_.between_commands()) {
            if (!co_await wait_for_command(after(idle_time_max))) co_return true;
        } else {
            co_await out_.flush();
        }
        if (!co_await input_.fill(after(command_time_max), service_.closing)) co_return false;
    }
    // What has not come whole yet is no command under way.
    if (net::is_closing(service_.closing)) throw net::Stopped();
    const auto got = reader_.feed(input_.buffered());
    input_.consume(got.taken);
    switch (got.event) {
        case Event::more:
            break;
        case Event::continuation:
            imap::append_continuation(out_.text(), "go ahead");
            break;
        case Event::command:
            co_await run_command(std::string(reader_.text()));
            break;
        case Event::append:
            co_await append(std::string(reader_.text()));
            break;
        case Event::bad:
            refuse_bad();
            break;
        case Event::octets:
        case Event::line:
            break;  // only within APPEND, AUTHENTICATE and IDLE, which read them
    }
    co_return true;
}

// Once logged in, a NO is no mistake of the client, and a good command makes up for those before.
void Session::count(imap::Condition condition) {
    if (condition == imap::Condition::bad || (!login_ && condition == imap::Condition::no))
        ++errors_;
    else if (login_ && condition == imap::Condition::ok)
        errors_ = 0;
}

void Session::refuse_bad() {
    count(imap::Condition::bad);
    // RFC 7888 §4
    const std::string_view code = reader_.error().fault == Fault::too_large ? imap::code::too_big : "";
    imap::append_status(out_.text(), reader_.tag(), imap::Condition::bad, code, reader_.error().text);
    if (reader_.hang_up()) hang_up();
}

void Session::hang_up() {
    imap::append_status(out_.text(), "", imap::Condition::bye, "",
                        "cannot tell where the next command starts");
    stage_ = Stage::logout;
}

net::Task<void> Session::run_command(std::string text) {
    auto parsed = imap::parse_command(text, revision_);
    if (!parsed) {
        const auto& [tag, error] = parsed.error();
        const auto condition = error.fault == Fault::not_found ? imap::Condition::no : imap::Condition::bad;
        count(condition);
        imap::append_status(out_.text(), tag, condition, "", error.text);
        co_return;
    }
    tag_ = parsed->tag;
    const std::string name(imap::command_name(*parsed));
    const Telling told = telling(parsed->body);
    const bool with_uid = is_uid_command(parsed->body);
    Completion end = bad("not in this state");
    if (may_come(parsed->body)) end = co_await act(std::move(*parsed));
    count(end.condition);
    if (selected_ && stage_ != Stage::logout) co_await synchronise(told, with_uid);
    if (reader_.hang_up() && stage_ != Stage::logout) hang_up();
    if (end.text.empty()) end.text = name + " completed";
    imap::append_status(out_.text(), tag_, end.condition, end.code, end.text);
    if (tls_wanted_) co_await begin_tls();
}

// RFC 9051 §6: which command may come in which state.
bool Session::may_come(const imap::CommandBody& body) const {
    if (is_one_of<command::Capability, command::Noop, command::Logout, command::Id>(body)) return true;
    if (is_one_of<command::Starttls, command::Authenticate, command::Login>(body))
        return stage_ == Stage::not_authenticated;
    if (stage_ == Stage::not_authenticated) return false;
    const bool needs_mailbox =
        is_one_of<command::Check, command::Close, command::Unselect, command::Expunge, command::UidExpunge,
                  command::Search, command::Fetch, command::Store, command::Copy, command::Move>(body);
    return !needs_mailbox || stage_ == Stage::selected;
}

// RFC 9051 §7.5.1: no EXPUNGE while the client may be using sequence numbers; with UID commands it may not.
Session::Telling Session::telling(const imap::CommandBody& body) const {
    if (const auto* fetch = std::get_if<command::Fetch>(&body))
        return fetch->uid ? Telling::everything : Telling::no_expunges;
    if (const auto* store = std::get_if<command::Store>(&body))
        return store->uid ? Telling::everything : Telling::no_expunges;
    if (const auto* search = std::get_if<command::Search>(&body))
        return search->uid ? Telling::everything : Telling::no_expunges;
    if (is_one_of<command::Select, command::Close, command::Unselect, command::Logout>(body))
        return Telling::nothing;
    return Telling::everything;
}

net::Task<Completion> Session::act(imap::Command given) {
    auto& body = given.body;
    if (is_one_of<command::Noop, command::Check>(body)) co_return completed();
    if (is_one_of<command::Capability>(body)) co_return capability();
    if (is_one_of<command::Starttls>(body)) co_return start_tls();
    if (is_one_of<command::Namespace>(body)) co_return name_space();
    if (is_one_of<command::Idle>(body)) co_return co_await idle();
    if (is_one_of<command::Close>(body)) co_return co_await close(true);
    if (is_one_of<command::Unselect>(body)) co_return co_await close(false);
    if (is_one_of<command::Expunge>(body)) co_return co_await expunge(std::nullopt);
    if (is_one_of<command::Logout>(body)) {
        imap::append_status(out_.text(), "", imap::Condition::bye, "", "logging out");
        stage_ = Stage::logout;
        co_return completed();
    }
    if (auto* c = std::get_if<command::Id>(&body)) co_return id(std::move(*c));
    if (auto* c = std::get_if<command::Enable>(&body)) co_return enable(std::move(*c));
    if (auto* c = std::get_if<command::Login>(&body)) co_return co_await login(std::move(*c));
    if (auto* c = std::get_if<command::Authenticate>(&body)) co_return co_await authenticate(std::move(*c));
    if (auto* c = std::get_if<command::Select>(&body)) co_return co_await select(std::move(*c));
    if (auto* c = std::get_if<command::List>(&body)) co_return co_await list(std::move(*c));
    if (auto* c = std::get_if<command::Lsub>(&body)) co_return co_await lsub(std::move(*c));
    if (auto* c = std::get_if<command::Status>(&body)) co_return co_await status(std::move(*c));
    if (auto* c = std::get_if<command::Create>(&body)) co_return co_await create(std::move(*c));
    if (auto* c = std::get_if<command::Delete>(&body)) co_return co_await remove(std::move(*c));
    if (auto* c = std::get_if<command::Rename>(&body)) co_return co_await rename(std::move(*c));
    if (auto* c = std::get_if<command::Subscribe>(&body))
        co_return co_await subscribe(std::move(c->mailbox), true);
    if (auto* c = std::get_if<command::Unsubscribe>(&body))
        co_return co_await subscribe(std::move(c->mailbox), false);
    if (auto* c = std::get_if<command::Fetch>(&body)) co_return co_await fetch(std::move(*c));
    if (auto* c = std::get_if<command::Store>(&body)) co_return co_await store(std::move(*c));
    if (auto* c = std::get_if<command::Search>(&body)) co_return co_await search(std::move(*c));
    if (auto* c = std::get_if<command::Copy>(&body)) co_return co_await copy(std::move(*c));
    if (auto* c = std::get_if<command::Move>(&body)) co_return co_await move(std::move(*c));
    if (auto* c = std::get_if<command::UidExpunge>(&body)) co_return co_await expunge(std::move(c->set));
    co_return bad("not known");
}

}  // namespace heliopost::imap_server
