#include "net/connection_limit.h"

#include <mutex>
#include <unordered_map>

namespace heliopost::net {

struct ConnectionLimits::State {
    Options options;
    std::mutex mutex;
    size_t connections = 0;
    std::unordered_map<std::string, size_t> by_address;
};

ConnectionLimits::ConnectionLimits(Options options) : state_(std::make_shared<State>()) {
    state_->options = options;
}

std::optional<ConnectionLimits::Token> ConnectionLimits::take(const IpAddress* address) const {
    std::string key = address == nullptr ? "" : limit_key(*address);
    const std::lock_guard lock(state_->mutex);
    if (state_->connections >= state_->options.connections_max) return std::nullopt;
    if (!key.empty()) {
        size_t& count = state_->by_address[key];  // 0 only if it was not there: a zero is never kept
        if (count >= state_->options.per_address_max) {
            if (count == 0) state_->by_address.erase(key);
            return std::nullopt;
        }
        ++count;
    }
    ++state_->connections;
    return Token(state_, std::move(key));
}

void ConnectionLimits::change(Options options) const {
    const std::lock_guard lock(state_->mutex);
    state_->options = options;
}

size_t ConnectionLimits::size() const {
    const std::lock_guard lock(state_->mutex);
    return state_->connections;
}

ConnectionLimits::Token::~Token() {
    if (!state_) return;
    const std::lock_guard lock(state_->mutex);
    --state_->connections;
    if (key_.empty()) return;
    const auto found = state_->by_address.find(key_);
    if (--found->second == 0) state_->by_address.erase(found);
}

}  // namespace heliopost::net
