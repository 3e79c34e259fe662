// TaskGroup: the owner of tasks that run on their own. The only place that spawns.
//
// A group belongs to one loop. stop() ends every wait inside its tasks with Stopped, present and future ones;
// only Stream::write still gives the kernel a little that it takes without waiting: a farewell. join() waits
// for the last to finish. Destroying a group with live tasks is a programming error.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "net/task.h"

namespace heliopost::net {

class World;

class TaskGroup {
public:
    // name is logged with a task's unexpected exception; Gone, TimedOut and Stopped are expected.
    TaskGroup(World& world, std::string name);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // The task starts in a later turn. Once stopping, it is destroyed unstarted.
    void spawn(Task<void> task);
    size_t size() const;

    void stop();
    bool stopping() const;

    // Waits for every task to end; false when the deadline passed first.
    Task<bool> join(Deadline deadline);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace heliopost::net
