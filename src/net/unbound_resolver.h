// UnboundResolver: DNS through libunbound, validating (DNSSEC) and caching.
//
// One UnboundContext for the process: one configuration, one cache, one thread of libunbound that asks and
// one of ours that hands out answers. Each loop has a resolver of its own on it. The context lives until the
// last resolver is gone. A question of anew() has a context of its own, with an empty cache: libunbound has
// no way to pass over its cache, and how long it keeps what is one setting for the process.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/dns.h"

// NOLINTBEGIN(readability-identifier-naming): libunbound's names
struct ub_ctx;
struct ub_result;
// NOLINTEND(readability-identifier-naming)

namespace heliopost::net {

class World;

struct UnboundOptions {
    std::vector<std::string> upstreams;  // "192.0.2.53" or "192.0.2.53@5353"; empty: ask from the roots down
    std::string root_hints_file;         // empty: those built in
    std::string trust_anchor_file;       // /usr/share/dns/root.key on Debian; empty: nothing is validated
    bool query_localhost = false;        // whether servers on loopback may be asked
    bool forgetful = false;  // for anew(): nothing absent is remembered, and the rest not for long
    std::vector<std::string> extra_lines;  // of the section server: of unbound.conf(5)
};

class UnboundContext {
public:
    // Fails with a text that names the option that is wrong.
    static Result<std::shared_ptr<UnboundContext>> make(const UnboundOptions& options);
    ~UnboundContext();
    UnboundContext(const UnboundContext&) = delete;
    UnboundContext& operator=(const UnboundContext&) = delete;

private:
    friend class UnboundResolver;
    struct Query;
    struct GiveUp;
    struct FreeContext {
        void operator()(ub_ctx* context) const noexcept;
    };

    explicit UnboundContext(UnboundOptions options);
    void dispatch();
    static void on_answer(void* asked, int error, ub_result* result);
    // Asks; the query's wait is ended on its world's loop. False if libunbound does not take it.
    bool start(const std::shared_ptr<Query>& query, const std::string& name, RecordType type);
    void cancel(Query& query);

    UnboundOptions options_;
    std::unique_ptr<ub_ctx, FreeContext> context_;
    int wake_ = -1;  // an eventfd that ends the thread
    std::mutex mutex_;
    std::thread thread_;
};

class UnboundResolver : public Resolver {
public:
    UnboundResolver(World& world, std::shared_ptr<UnboundContext> context)
        : world_(world), context_(std::move(context)), anew_(world, *context_) {}
    Task<DnsAnswer> query(std::string name, RecordType type, Deadline deadline) override;
    Resolver& anew() override { return anew_; }

private:
    class Anew : public Resolver {
    public:
        Anew(World& world, const UnboundContext& like) : world_(world), like_(like) {}
        Task<DnsAnswer> query(std::string name, RecordType type, Deadline deadline) override;

    private:
        World& world_;
        const UnboundContext& like_;
    };

    World& world_;
    std::shared_ptr<UnboundContext> context_;
    Anew anew_;
};

}  // namespace heliopost::net
