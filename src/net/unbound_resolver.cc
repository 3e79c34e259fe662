#include "net/unbound_resolver.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unbound.h>
#include <unistd.h>

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "net/wait.h"
#include "net/world.h"

namespace heliopost::net {
namespace {

constexpr int class_in = 1;
constexpr int rcode_noerror = 0;
constexpr int rcode_nxdomain = 3;

Result<std::string> upstream_line(const std::string& upstream) {
    const std::vector<std::string_view> parts = split(upstream, '@');
    boost::system::error_code wrong;
    (void)boost::asio::ip::make_address(std::string(parts.front()), wrong);
    const auto port = parts.size() == 2 ? to_number(parts.back()) : std::optional<std::uint64_t>(53);
    if (wrong || parts.size() > 2 || !port || *port == 0 || *port > 65535)
        return fail(Fault::syntax, "the DNS server \"" + upstream +
                                       "\" is no address: write 192.0.2.53 or "
                                       "192.0.2.53@5353");
    return "    forward-addr: " + upstream + "\n";
}

Result<std::string> file_line(const char* option, const std::string& file) {
    if (file.empty()) return "";
    if (file.find_first_of("\"\n") != std::string::npos || access(file.c_str(), R_OK) != 0)
        return fail(Fault::not_found, "cannot read " + file + " for the DNS option " + option +
                                          ": install it (Debian: dns-root-data) or name another");
    return std::string("    ") + option + ": \"" + file + "\"\n";
}

// unbound.conf(5). Sizes are for one process that is no public resolver.
Result<std::string> configuration(const UnboundOptions& options) {
    std::string text =
        "server:\n"
        "    verbosity: 0\n"
        "    use-syslog: no\n"
        "    chroot: \"\"\n"
        "    username: \"\"\n"
        "    module-config: \"validator iterator\"\n"
        "    msg-cache-size: 8m\n"
        "    rrset-cache-size: 16m\n"
        "    edns-buffer-size: 1232\n"  // DNS flag day 2020: no fragments
        "    qname-minimisation: yes\n"
        "    harden-glue: yes\n"
        "    harden-dnssec-stripped: yes\n";
    text += TRY(file_line("root-hints", options.root_hints_file));
    text += TRY(file_line("trust-anchor-file", options.trust_anchor_file));
    if (options.query_localhost) text += "    do-not-query-localhost: no\n";
    for (const std::string& line : options.extra_lines) text += "    " + line + "\n";
    // What is slow behind an upstream is not the upstream: by default libunbound asks it less and less, at
    // last not at all for minutes, because of one name whose own servers are silent; and a first answer after
    // 0.4 s comes too late.
    if (!options.upstreams.empty())
        text += "    infra-cache-min-rtt: 1000\n    infra-host-ttl: 0\n    infra-keep-probing: yes\n";
    if (!options.upstreams.empty()) text += "forward-zone:\n    name: \".\"\n";
    for (const std::string& upstream : options.upstreams) text += TRY(upstream_line(upstream));
    return text;
}

// libunbound reads its configuration from a file only.
class ConfigurationFile {
public:
    explicit ConfigurationFile(const std::string& text)
        : descriptor_(::memfd_create("unbound.conf", MFD_CLOEXEC)),
          good_(descriptor_ >= 0 &&
                ::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) {}
    ~ConfigurationFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    ConfigurationFile(const ConfigurationFile&) = delete;
    ConfigurationFile& operator=(const ConfigurationFile&) = delete;
    bool good() const { return good_; }
    std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
    bool good_;
};

DnsAnswer to_answer(const ub_result& result) {
    DnsAnswer answer;
    if (result.bogus != 0) {  // it still carries data, which nobody may see
        answer.status = DnsAnswer::Status::bogus;
        return answer;
    }
    if (result.rcode != rcode_noerror && result.rcode != rcode_nxdomain) return answer;
    answer.secure = result.secure != 0;
    answer.ttl = std::chrono::seconds(std::max(0, result.ttl));
    std::string_view name = result.canonname != nullptr ? result.canonname : result.qname;
    if (name.ends_with('.')) name.remove_suffix(1);
    answer.canonical_name = to_lower(name);
    answer.status = result.nxdomain != 0   ? DnsAnswer::Status::no_name
                    : result.havedata != 0 ? DnsAnswer::Status::found
                                           : DnsAnswer::Status::no_records;
    if (answer.status != DnsAnswer::Status::found) return answer;
    for (size_t i = 0; result.data[i] != nullptr; ++i)
        answer.records.emplace_back(result.data[i], static_cast<size_t>(result.len[i]));
    return answer;
}

}  // namespace

struct UnboundContext::Query {
    UnboundContext* context = nullptr;
    World* world = nullptr;
    int unbound_id = 0;
    std::shared_ptr<Query>* asked = nullptr;  // what libunbound holds
    bool given_up = false;                    // under the context's mutex: answered, or the world may be gone
    // On the loop only:
    Wait* waiting = nullptr;
    DnsAnswer answer;
};

// Takes the query back at the end of the wait, however it ends.
struct UnboundContext::GiveUp {
    std::shared_ptr<Query> query;
    explicit GiveUp(std::shared_ptr<Query> given) : query(std::move(given)) {}
    ~GiveUp() { query->context->cancel(*query); }
    GiveUp(const GiveUp&) = delete;
    GiveUp& operator=(const GiveUp&) = delete;
};

void UnboundContext::FreeContext::operator()(ub_ctx* context) const noexcept {
    ub_ctx_delete(context);
}

UnboundContext::UnboundContext(UnboundOptions options)
    : options_(std::move(options)),
      context_(ub_ctx_create()),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Result<std::shared_ptr<UnboundContext>> UnboundContext::make(const UnboundOptions& options) {
    const std::shared_ptr<UnboundContext> made(new UnboundContext(options));
    if (!made->context_ || made->wake_ < 0) return fail(Fault::temporary, "no memory or descriptor for DNS");
    ub_ctx* const context = made->context_.get();
    const ConfigurationFile file(TRY(configuration(options)));
    if (!file.good()) return fail(Fault::temporary, "no memory for the DNS options");
    const int configured = ub_ctx_config(context, file.path().c_str());
    if (configured != 0)
        return fail(Fault::syntax, std::string("the DNS options are wrong: ") + ub_strerror(configured));
    ub_ctx_async(context, 1);  // a thread, not a process
    // The first use finalises the context, and so tells what is wrong with it.
    ub_result* answer = nullptr;
    const int finalised =
        ub_resolve(context, "localhost", static_cast<int>(RecordType::a), class_in, &answer);
    if (answer != nullptr) ub_resolve_free(answer);
    if (finalised != 0)
        return fail(Fault::syntax, std::string("the DNS options are wrong: ") + ub_strerror(finalised));
    made->thread_ = std::thread([context_of = made.get()] { context_of->dispatch(); });
    return made;
}

UnboundContext::~UnboundContext() {
    const std::uint64_t one = 1;
    if (wake_ >= 0) (void)!::write(wake_, &one, sizeof one);
    if (thread_.joinable()) thread_.join();
    context_.reset();
    if (wake_ >= 0) ::close(wake_);
}

void UnboundContext::dispatch() {
    pollfd watched[] = {{.fd = ub_fd(context_.get()), .events = POLLIN}, {.fd = wake_, .events = POLLIN}};
    for (;;) {
        const int ready = poll(watched, 2, -1);
        if (ready < 0 && errno != EINTR) return;
        if (watched[1].revents != 0) return;
        if (ready > 0 && watched[0].revents != 0) ub_process(context_.get());
    }
}

// Runs on our thread. libunbound calls it once for each query that ub_cancel did not take back.
void UnboundContext::on_answer(void* asked, int error, ub_result* result) {
    const std::unique_ptr<std::shared_ptr<Query>> holder(static_cast<std::shared_ptr<Query>*>(asked));
    const std::shared_ptr<Query>& query = *holder;
    DnsAnswer answer;
    if (error == 0 && result != nullptr) answer = to_answer(*result);
    if (result != nullptr) ub_resolve_free(result);

    const std::lock_guard lock(query->context->mutex_);
    if (std::exchange(query->given_up, true)) return;
    query->world->post([query, answer = std::move(answer)]() mutable {
        query->answer = std::move(answer);
        if (query->waiting != nullptr) query->waiting->end();
    });
}

bool UnboundContext::start(const std::shared_ptr<Query>& query, const std::string& name, RecordType type) {
    auto asked = std::make_unique<std::shared_ptr<Query>>(query);
    const int error = ub_resolve_async(context_.get(), name.c_str(), static_cast<int>(type), class_in,
                                       asked.get(), on_answer, &query->unbound_id);
    if (error != 0) return false;
    query->asked = asked.release();  // the callback's, or cancel()'s
    return true;
}

void UnboundContext::cancel(Query& query) {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(query.given_up, true)) return;
    }
    // Fails where the answer is on its way to the callback, which then frees.
    std::shared_ptr<Query>* const asked = query.asked;
    if (ub_cancel(context_.get(), query.unbound_id) == 0) delete asked;
}

Task<DnsAnswer> UnboundResolver::query(std::string name, RecordType type, Deadline deadline) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();
    const auto query = std::make_shared<UnboundContext::Query>();
    query->context = context_.get();
    query->world = &world_;
    Wait wait(world_);
    const WaitPlace place(&query->waiting, &wait);
    if (!context_->start(query, name, type)) co_return DnsAnswer{};
    const UnboundContext::GiveUp give_up(query);
    const Wait::End how = co_await wait.until(deadline);
    if (how == Wait::End::stopped) throw Stopped();
    if (how == Wait::End::timed_out) co_return DnsAnswer{};
    co_return std::move(query->answer);
}

// A context reads files, and its end waits for threads: neither is for the loop.
Task<DnsAnswer> UnboundResolver::Anew::query(std::string name, RecordType type, Deadline deadline) {
    auto context = co_await world_.on_pool(
        [options = like_.options_] { return UnboundContext::make(options).value_or(nullptr); });
    if (context == nullptr) co_return DnsAnswer{};
    auto resolver = std::make_unique<UnboundResolver>(world_, std::move(context));
    DnsAnswer answer = co_await resolver->query(std::move(name), type, deadline);
    co_await world_.on_pool([resolver = std::move(resolver)]() mutable { resolver.reset(); });
    co_return answer;
}

}  // namespace heliopost::net
