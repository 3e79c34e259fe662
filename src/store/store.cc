#include "store/store.h"

namespace heliopost::store {

net::Task<Result<Committed>> Store::commit(Batch batch) {
    std::vector<Batch> batches;
    batches.push_back(std::move(batch));
    return commit(std::move(batches), {});
}

}  // namespace heliopost::store
