// The scrub of a running server, and what `heliopost status` says.
#include <mutex>
#include <utility>

#include "main/program.h"
#include "main/scrub_report.h"

namespace heliopost {

void Program::start_scrubbing() {
    started_at_ = world().now();
    if (settings_.server.scrub_pace == 0) return;
    store::ScrubOptions options;
    options.octets_a_second = settings_.server.scrub_pace;
    options.interval = settings_.server.scrub_interval;
    options.state_file = settings_.server.data_directory + "/" + store::scrub_name;
    options.damaged = [this](store::ScrubDamage damage) {
        world().post([this, damage = std::move(damage)]() mutable {
            core_.front()->upkeep.spawn(
                tell_damage(&world(), store_.get(), directory_.get(), std::move(damage)));
        });
    };
    options.finished = [this](const store::ScrubStatus& status) { tell_finished(log_, status); };
    auto scrub = store_->scrub(std::move(options));
    const std::lock_guard lock(scrub_mutex_);
    scrub_ = std::move(scrub);
}

// Its thread may wait for a loop, and a loop for the lock: it ends outside.
void Program::stop_scrubbing() {
    std::unique_ptr<store::Scrub> ending;
    const std::unique_lock lock(scrub_mutex_);
    ending = std::move(scrub_);
}

admin::Answer Program::status() {
    std::unique_lock lock(scrub_mutex_);
    const bool scrubs = scrub_ != nullptr;
    const store::ScrubStatus scrub = scrubs ? scrub_->status() : store::ScrubStatus{};
    lock.unlock();
    const std::size_t queued = queue_->counts().entries;
    const std::string started = to_rfc3339(started_at_);
    admin::Answer answer;
    answer.message = "started " + started + "\nqueue: " + std::to_string(queued) + " messages\n" +
                     (scrubs ? scrub_line(scrub) : "scrub: switched off");
    answer.columns = {"started", "queued"};
    answer.rows.push_back({started, static_cast<std::int64_t>(queued)});
    answer.columns.insert(answer.columns.end(), scrub_columns.begin(), scrub_columns.end());
    for (admin::Cell& cell : scrub_cells(scrub)) answer.rows[0].push_back(std::move(cell));
    return answer;
}

}  // namespace heliopost
