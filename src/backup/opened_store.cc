#include "backup/opened_store.h"

#include <cstdlib>
#include <filesystem>

#include "backup/restore.h"

namespace heliopost::backup {
namespace {

namespace fs = std::filesystem;

// The large ones, which the engine checks block by block as it reads them.
bool is_table(const std::string& name) {
    return name.ends_with(".sst") || name.ends_with(".blob");
}

}  // namespace

Result<std::unique_ptr<OpenedStore>> OpenedStore::open(const Vault& vault, const Manifest& manifest,
                                                       const Progress& progress) {
    std::error_code error;
    std::string directory = (fs::temp_directory_path(error) / "heliopost-restore.XXXXXX").string();
    if (error || ::mkdtemp(directory.data()) == nullptr) return std::unexpected(failed("make", directory));
    std::unique_ptr<OpenedStore> opened(new OpenedStore(directory));
    for (const File& file : manifest.files) {
        if (file.kind != File::Kind::store) continue;
        const std::string path = directory + "/" + file.name;
        if (vault.sealed() || !is_table(file.name)) {
            TRY(restore_file(vault, file, path, progress));
            continue;
        }
        fs::create_symlink(fs::absolute(vault.object_file(file)), path, error);
        if (error) return fail(Fault::denied, "cannot make " + path + ": " + error.message());
    }
    store::RocksOptions options;
    options.path = directory;
    options.create = false;
    options.read_only = true;
    options.compact = false;
    opened->store_ = TRY(store::RocksStore::open(std::move(options)));
    return opened;
}

OpenedStore::~OpenedStore() {
    store_.reset();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

}  // namespace heliopost::backup
