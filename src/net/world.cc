#include "net/world.h"

#include <exception>

#include "net/wait.h"

namespace heliopost::net {
namespace {

struct Job {
    std::move_only_function<void()> work;
    std::exception_ptr error;
    Wait* waiting = nullptr;  // touched on the loop only; null once the task waits no more
};

// Takes the task's wait out of the job at the end of the wait, however it ends.
class JobWait {
public:
    JobWait(std::shared_ptr<Job> job, World& world) : wait(world), job_(std::move(job)) {
        job_->waiting = &wait;
    }
    ~JobWait() { job_->waiting = nullptr; }
    JobWait(const JobWait&) = delete;
    JobWait& operator=(const JobWait&) = delete;

    Wait wait;

private:
    std::shared_ptr<Job> job_;
};

}  // namespace

World::World() : turns_(std::make_shared<Turns>(*this)) {}
World::~World() = default;

Task<void> World::sleep_until(Deadline deadline) {
    Wait wait(*this);
    const Wait::End how = co_await wait.until(deadline);
    if (how == Wait::End::stopped) throw Stopped();
}

std::uint64_t World::random_number() {
    std::uint64_t number = 0;
    random(std::as_writable_bytes(std::span(&number, 1)));
    return number;
}

std::string World::random_octets(size_t count) {
    std::string octets(count, '\0');
    random(std::as_writable_bytes(std::span(octets)));
    return octets;
}

Task<void> World::run_and_return(std::move_only_function<void()> work) {
    const bool stopped = co_await is_stopped();
    if (stopped) throw Stopped();

    const auto job = std::make_shared<Job>();
    job->work = std::move(work);
    JobWait waiting(job, *this);
    run_on_pool([this, job] {
        try {
            job->work();
        } catch (...) {
            job->error = std::current_exception();
        }
        post([job] {
            if (job->waiting != nullptr) job->waiting->end();
        });
    });
    const Wait::End how = co_await waiting.wait.suspend();
    if (how == Wait::End::stopped) throw Stopped();
    if (job->error) std::rethrow_exception(job->error);
}

}  // namespace heliopost::net
