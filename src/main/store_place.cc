#include "main/store_place.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <string_view>

#include "main/files.h"
#include "main/user.h"
#include "store/rocks_store.h"

namespace heliopost {
namespace {

constexpr std::string_view current_name = "CURRENT";  // in every store of the engine's

// What may be there before the first CURRENT is.
bool comes_before_store(const std::string& name) {
    constexpr std::array<std::string_view, 4> whole{"lost+found", "server.key", "LOCK", "IDENTITY"};
    constexpr std::array<std::string_view, 3> begun{"LOG", "MANIFEST-", "OPTIONS-"};
    for (const std::string_view one : whole)
        if (name == one) return true;
    for (const std::string_view one : begun)
        if (name.starts_with(one)) return true;
    return name.ends_with(".dbtmp") || name.ends_with(".log");
}

}  // namespace

Result<void> check_store_place(const std::string& directory) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path place = directory;
    if (!fs::exists(place, error)) return {};
    if (fs::exists(place / current_name, error) || fs::exists(place / store::restoring_name, error))
        return {};
    for (const auto& entry : fs::directory_iterator(place, error))
        if (!comes_before_store(entry.path().filename().string()))
            return fail(
                Fault::denied,
                directory + " holds files and no store: name another data_directory, or move them away");
    if (error) return fail(Fault::denied, "cannot read " + directory + ": " + error.message());
    return {};
}

Result<void> give_store_to_user(const std::string& directory, const std::string& name) {
    make_private_directory(directory);
    if (name.empty() || geteuid() != 0) return {};
    TRY(check_store_place(directory));
    return give_to_user(directory, name);
}

}  // namespace heliopost
