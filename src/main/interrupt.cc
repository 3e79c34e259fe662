#include "main/interrupt.h"

#include <csignal>

namespace heliopost {
namespace {

volatile std::sig_atomic_t caught = 0;  // NOLINT: a signal has nowhere else to write

void note(int /*signal*/) {
    caught = 1;
}

}  // namespace

void catch_interrupts() {
    struct sigaction action{};
    action.sa_handler = note;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

bool interrupted() {
    return caught != 0;
}

}  // namespace heliopost
