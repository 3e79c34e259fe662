#include "checks/message/check.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "checks/message/rescue.h"
#include "net/event.h"
#include "net/running.h"
#include "net/task_group.h"

namespace heliopost::message_check {
namespace {

constexpr std::string_view header_end = "\r\n\r\n";

// The name by which SPF asks; empty where there is none to ask.
std::string domain_of(std::string_view text) {
    if (text.empty() || text.front() == '[') return {};
    const auto domain = smtp::normalise_domain(text);
    return domain ? *domain : std::string();
}

}  // namespace

// A message's checks under way. Its tasks share it, so that it outlives whoever waits for them.
struct Checker::Work {
    Work(net::World* in, net::TaskGroup* group, std::shared_ptr<const Settings> set, Client from)
        : world(in), tasks(group), settings(std::move(set)), client(std::move(from)), done(*in) {}

    net::World* world;
    net::TaskGroup* tasks;
    std::shared_ptr<const Settings> settings;
    Client client;

    std::string header;
    bool in_body = false;
    bool too_long = false;
    std::optional<dkim_check::Verifier> dkim;
    std::optional<arc_check::Verifier> arc;

    std::optional<net::DnsBudget> whole;
    Deadline evidence_until{};
    Verdicts verdicts;
    int running = 0;
    net::Event done;

    void begin_body(size_t header_octets, std::string_view body);
    void end_message();
    void feed_body(std::string_view octets);
    net::DnsBudget share(int queries) {
        ASSERT(whole.has_value());
        return {*whole, queries, evidence_until};
    }
};

namespace {

using net::Running;

template <class Work>
net::Task<void> run_iprev(Running<Work> work) {
    net::DnsBudget dns = work->share(iprev_queries_max);
    work->verdicts.iprev = co_await iprev_check::check_name(&dns, work->client.address);
}

template <class Work>
net::Task<spf_check::Answer> ask_spf(Work* work, std::string local_part, std::string domain, int queries) {
    net::DnsBudget dns = work->share(queries);
    spf_check::Question question{.client = work->client.address,
                                 .helo = work->client.helo,
                                 .local_part = std::move(local_part),
                                 .domain = std::move(domain),
                                 .receiver = work->settings->server};
    co_return co_await spf_check::check_host(work->world, &dns, std::move(question));
}

// RFC 7208 §2.3
template <class Work>
net::Task<void> run_helo(Running<Work> work) {
    const std::string helo = domain_of(work->client.helo);
    if (helo.empty()) {
        work->verdicts.helo.reason = "the client gave no name";
        co_return;
    }
    // A bounce has no other identity: its HELO name has both shares.
    const int share =
        work->client.reverse_path.null() ? helo_queries_max + spf_queries_max : helo_queries_max;
    work->verdicts.helo = co_await ask_spf(work.get(), "", helo, share);
}

// RFC 7208 §2.4
template <class Work>
net::Task<void> run_spf(Running<Work> work) {
    const smtp::Address& from = work->client.reverse_path;
    work->verdicts.spf_domain = domain_of(from.domain);
    if (work->verdicts.spf_domain.empty()) {
        work->verdicts.spf.reason = "MAIL FROM has no domain";
        co_return;
    }
    work->verdicts.spf =
        co_await ask_spf(work.get(), from.local_part, work->verdicts.spf_domain, spf_queries_max);
}

template <class Work>
net::Task<void> run_dkim(Running<Work> work) {
    net::DnsBudget dns = work->share(dkim_queries_max);
    std::optional<dkim_check::Verifier>& verifier = work->dkim;
    ASSERT(verifier.has_value());
    work->verdicts.dkim = co_await verifier->finish(&dns, work->world->now());
}

template <class Work>
net::Task<void> run_arc(Running<Work> work) {
    net::DnsBudget dns = work->share(arc_queries_max);
    std::optional<arc_check::Verifier>& verifier = work->arc;
    ASSERT(verifier.has_value());
    work->verdicts.arc = co_await verifier->finish(&dns);
}

template <class Work>
void start_evidence(const std::shared_ptr<Work>& work) {
    const Running<Work> all(work);  // so that the last is not done before the next has begun
    if (work->settings->iprev) work->tasks->spawn(run_iprev(Running<Work>(work)));
    work->tasks->spawn(run_helo(Running<Work>(work)));
    if (!work->client.reverse_path.null()) work->tasks->spawn(run_spf(Running<Work>(work)));
    if (work->too_long) return;
    work->tasks->spawn(run_dkim(Running<Work>(work)));
    work->tasks->spawn(run_arc(Running<Work>(work)));
}

template <class Work>
net::Task<void> run_dmarc(std::shared_ptr<Work> work) {
    Verdicts& verdicts = work->verdicts;
    std::optional<net::DnsBudget>& whole = work->whole;
    ASSERT(whole.has_value());
    net::DnsBudget dns(*whole, dmarc_queries_max, Deadline::max());
    dmarc_check::Evidence evidence{verdicts.spf.verdict, verdicts.spf_domain, verdicts.dkim};
    const dmarc_check::Options options{work->settings->discovery, work->settings->suffixes.get(),
                                       static_cast<unsigned>(work->world->random_number() % 100)};
    verdicts.dmarc =
        co_await dmarc_check::evaluate(&dns, dmarc::read_author(work->header), std::move(evidence), options);
    verdicts.excused = rescue(verdicts, work->settings->trusted_sealers);
    if (!work->settings->bimi) co_return;
    net::DnsBudget more(*whole, bimi_queries_max, Deadline::max());
    verdicts.bimi = co_await bimi_check::look_up(&more, work->header, verdicts.dmarc);
}

template <class Work>
net::Task<Verdicts> run(std::shared_ptr<Work> work) {
    work->end_message();
    const Deadline until = work->world->after(dns_time_max);
    work->evidence_until = work->world->after(evidence_time_max);
    work->whole.emplace(work->world->resolver(), until);
    start_evidence(work);
    if (work->tasks->stopping()) throw net::Stopped();
    co_await work->done.wait(until);
    Verdicts& verdicts = work->verdicts;
    if (work->client.reverse_path.null()) {
        verdicts.spf = verdicts.helo;
        verdicts.spf_domain = domain_of(work->client.helo);
    }
    if (work->too_long) {
        verdicts.dmarc.verdict = dmarc_check::Verdict::perm_error;
        verdicts.dmarc.reason = "the header is too long to be judged";
        verdicts.dmarc.author.problem = dmarc::AuthorProblem::not_read;
        verdicts.dmarc.author.reason = verdicts.dmarc.reason;
        verdicts.arc.reason = verdicts.dmarc.reason;
    } else {
        co_await run_dmarc(work);
    }
    const std::optional<net::DnsBudget>& whole = work->whole;
    verdicts.queries = whole ? whole->queries() : 0;
    verdicts.fields = write_fields(verdicts, work->client, work->settings->server);
    co_return std::move(verdicts);
}

}  // namespace

void Checker::Work::begin_body(size_t header_octets, std::string_view body) {
    const std::string rest(body);
    header.resize(header_octets);
    in_body = true;
    if (too_long) return;
    dkim.emplace(header);
    arc.emplace(header);
    feed_body(rest);
}

void Checker::Work::end_message() {
    if (!in_body) begin_body(header.size(), {});
}

void Checker::Work::feed_body(std::string_view octets) {
    if (dkim) dkim->feed(octets);
    if (arc) arc->feed(octets);
}

Checker::Checker(net::World* world, net::TaskGroup* tasks, std::shared_ptr<const Settings> settings,
                 Client client)
    : work_(std::make_shared<Work>(world, tasks, std::move(settings), std::move(client))) {}
Checker::~Checker() = default;
Checker::Checker(Checker&&) noexcept = default;
Checker& Checker::operator=(Checker&&) noexcept = default;

void Checker::feed(std::string_view octets) {
    if (work_->in_body) {
        work_->feed_body(octets);
        return;
    }
    std::string& header = work_->header;
    const size_t from = header.size() - std::min(header.size(), header_end.size() - 1);
    const size_t taken = std::min(octets.size(), header_octets_max + header_end.size() - header.size());
    header += octets.substr(0, taken);
    if (header.starts_with("\r\n")) {
        const std::string body = header.substr(2);
        work_->begin_body(0, body);
    } else if (const size_t end = header.find(header_end, from); end != std::string::npos) {
        const std::string body = header.substr(end + header_end.size());
        work_->begin_body(end + 2, body);
    } else if (header.size() >= header_octets_max) {
        work_->too_long = true;
        work_->begin_body(header_octets_max, {});
    }
    if (work_->in_body) work_->feed_body(octets.substr(taken));
}

net::Task<Verdicts> Checker::finish() {
    return run(work_);
}

net::Task<Result<Verdicts>> check_blob(Checker checker, store::BlobStore* blobs, store::BlobRef blob) {
    for (std::uint64_t at = 0; at < blob.octets;) {
        const std::string octets = CO_TRY(co_await blobs->read(blob.id, at, store::chunk_octets));
        if (octets.empty()) co_return fail(Fault::internal, "the message ends too early");
        checker.feed(octets);
        at += octets.size();
    }
    co_return co_await checker.finish();
}

}  // namespace heliopost::message_check
